import { setTimeout as wait } from 'node:timers/promises';
import type { MicroBatchingConfig } from '../../../lib/contract';
import type {
  ConsumedEvent,
  DeliveredBatch,
  Delivery,
  EventSource,
  ProducedEvent,
  RevokeHandler,
} from '../../../runtime/src/streaming/event';

/** An event at an offset of a partition. */
export function consumed(offset: number, value = `${offset}`): ConsumedEvent {
  return {
    value: Buffer.from(value),
    headers: [],
    timestampMillis: Date.now(),
    partition: 0,
    position: `topic/0/${offset}`,
    handle: undefined,
  };
}

/** What is made of an event. */
export function producedOf(event: ConsumedEvent, index: number): ProducedEvent {
  return { value: event.value ?? Buffer.alloc(0), headers: [], id: event.position, index };
}

/** A source that hands on what a test gives it, one micro-batch a call. */
export class FakeSource implements EventSource {
  readonly assigned = 1;
  readonly lastPoll = 0;
  readonly acknowledged: string[] = [];
  handed = 0;
  pauses = 0;
  revoke: RevokeHandler = async () => undefined;

  constructor(private readonly batches: ConsumedEvent[][]) {}

  async start(): Promise<void> {}

  async next(_: MicroBatchingConfig, signal: AbortSignal): Promise<ConsumedEvent[]> {
    const batch = this.batches.shift();
    if (batch === undefined) {
      await wait(1);
      return [];
    }
    if (!signal.aborted) {
      this.handed += 1;
    }
    return batch;
  }

  async acknowledge(events: readonly ConsumedEvent[]): Promise<void> {
    this.acknowledged.push(...events.map(({ position }) => position));
  }

  pause(): void {
    this.pauses += 1;
  }

  resume(): void {}

  async lag(): Promise<ReadonlyMap<number, number>> {
    return new Map();
  }

  onRevoke(handler: RevokeHandler): void {
    this.revoke = handler;
  }

  async stop(): Promise<void> {}
}

/** A delivery that waits until a test lets it go on. */
export class FakeDelivery implements Delivery {
  readonly delivered: string[] = [];
  private open = false;
  private waiting: (() => void)[] = [];

  constructor(private readonly source: FakeSource) {}

  /** Lets all go on, from now on. */
  release(): void {
    this.open = true;
    for (const go of this.waiting.splice(0)) {
      go();
    }
  }

  async deliver({ events }: DeliveredBatch): Promise<number> {
    if (!this.open) {
      await new Promise<void>((go) => this.waiting.push(go));
    }
    this.delivered.push(...events.map(({ position }) => position));
    await this.source.acknowledge(events);
    return 0;
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {}
}
