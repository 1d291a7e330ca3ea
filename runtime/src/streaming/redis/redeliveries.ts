import type { Logger } from '../../telemetry';
import { retrySize } from '../arrivals';
import type { ConsumedEvent } from '../event';
import type { ConsumerGroup, PendingEntry } from './consumer-group';
import type { EntryReader, RawEntry } from './entries';

/** Options of {@link Redeliveries}. */
export interface RedeliveriesOptions {
  readonly group: ConsumerGroup;
  readonly reader: EntryReader;
  readonly maxDeliveries: number;
  readonly claimIdleMillis: number;

  /** Whether this consumer is at work on an entry. */
  readonly isHeld: (id: string) => boolean;
  readonly logger: Logger;
}

/** How often within the time after which entries are taken over it is looked for such. */
const LOOKS = 4;

/** Pending entries are asked for so often at most, in milliseconds. */
const LEAST_LOOK_MILLIS = 100;

/**
 * Entries that were delivered and not acknowledged: own ones after a restart, and those of consumers that are gone. A delivery is
 * counted when an entry is taken, so no more are taken than are tried together.
 */
export class Redeliveries {
  /** Id from which own pending entries are looked at; undefined = there are none but those that are held. */
  private ownFrom: string | undefined = '-';
  private nextLook = 0;

  constructor(private readonly options: RedeliveriesOptions) {}

  /** Entries may have become pending for this consumer without its knowledge. */
  lookAtOwn(): void {
    this.ownFrom = '-';
  }

  /** The next group; empty = there is none now. @param maxRows entries of a micro-batch */
  async next(maxRows: number): Promise<ConsumedEvent[]> {
    const { group } = this.options;
    while (this.ownFrom !== undefined) {
      const from = this.ownFrom;
      this.ownFrom = undefined;
      const listed = await group.own(from);
      const taken = this.groupOf(listed, maxRows);
      if (listed.length > 0) {
        this.ownFrom ??= taken.length > 0 ? from : after(listed[listed.length - 1].id);
      }
      if (taken.length > 0) {
        const events = this.read(taken, await group.takeOwn(taken.map(({ id }) => id)));
        if (events.length > 0) {
          return events;
        }
      }
    }
    if (performance.now() < this.nextLook) {
      return [];
    }
    for (;;) {
      const taken = this.groupOf(await group.idle(), maxRows);
      const events = taken.length === 0 ? [] : this.read(taken, await group.takeIdle(taken.map(({ id }) => id)));
      if (events.length < taken.length) {
        this.lookAtOwn(); // older servers hand over entries that were deleted, too
      }
      if (events.length > 0) {
        this.options.logger.info({ entries: events.length }, 'entries of another consumer are taken over');
        return events;
      }
      if (taken.length === 0) {
        this.nextLook = performance.now() + Math.max(LEAST_LOOK_MILLIS, this.options.claimIdleMillis / LOOKS);
        return [];
      }
    }
  }

  /** The first entries that are not held and may be tried together. */
  private groupOf(listed: readonly PendingEntry[], maxRows: number): PendingEntry[] {
    const free = listed.filter(({ id }) => !this.options.isHeld(id));
    if (free.length === 0) {
      return [];
    }
    const worst = free[0].deliveries;
    const others = free.findIndex(({ deliveries }) => deliveries > worst);
    return free.slice(0, Math.min(others === -1 ? free.length : others, this.groupSize(worst + 1, maxRows)));
  }

  private groupSize(deliveries: number, maxRows: number): number {
    const { maxDeliveries } = this.options;
    // Those that were delivered too often are not tried any more.
    return deliveries > maxDeliveries ? maxRows : retrySize(deliveries, maxDeliveries, maxRows);
  }

  private read(taken: readonly PendingEntry[], entries: readonly RawEntry[]): ConsumedEvent[] {
    const before = new Map(taken.map(({ id, deliveries }) => [id, deliveries]));
    const events: ConsumedEvent[] = [];
    for (const [bytes, fields] of entries) {
      const id = bytes.toString();
      if (fields !== null) {
        events.push(this.options.reader.read(id, fields, (before.get(id) ?? 0) + 1));
      }
    }
    return events;
  }
}

/** The least id behind another. */
function after(id: string): string {
  return `(${id}`;
}
