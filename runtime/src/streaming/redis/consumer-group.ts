import type { RedisStreamSourceConfig } from '../../contract';
import type { Logger } from '../../telemetry';
import { StreamError } from '../event';
import type { RawEntry } from './entries';
import { isNotAllowed } from './refusals';
import {
  COUNT_UNREAD,
  CREATE_GROUP,
  KEEP_ENTRIES,
  LEAVE_GROUP,
  REMOVE_GONE_CONSUMERS,
  TAKE_OWN_ENTRIES,
} from './scripts';
import type { StreamRedis } from './stream-redis';

/** An entry that was delivered and is not acknowledged. */
export interface PendingEntry {
  readonly id: string;
  readonly deliveries: number;
}

/** Longest time that the server waits for entries, in milliseconds. */
const BLOCK_MILLIS = 1000;

/** Most pending entries that are looked at in one round trip. */
const PENDING_ENTRIES = 1000;

/** Ids of one call of a script. */
const IDS_A_CALL = 1000;

/** A consumer that has not asked for so long, though it does so every second, is gone. */
const GONE_MILLIS = 60 * 60_000;

/** Up to so many unread entries are counted one by one. */
const COUNTED_ENTRIES = 1000;

/** History of a consumer behind every real entry: nothing is delivered by reading it. */
const BEHIND_ALL = '18446744073709551615-0';

/** One consumer of a group of a stream. */
export class ConsumerGroup {
  /**
   * @param reader connection on which reading waits
   * @param writer connection for everything else
   */
  constructor(
    private readonly config: RedisStreamSourceConfig,
    private readonly me: string,
    private readonly reader: StreamRedis,
    private readonly writer: StreamRedis,
    private readonly logger: Logger,
  ) {}

  /** Makes the group unless it is there, and joins. @throws StreamError when the user may not */
  async join(): Promise<void> {
    const { stream, group, startAt } = this.config;
    try {
      await this.create(startAt === 'latest' ? '$' : '0');
    } catch (error) {
      if (!isNotAllowed(error)) {
        throw error;
      }
      // Whoever made the group may have left this right to nobody else.
    }
    const probe = ['XREADGROUP', 'GROUP', group, this.me, 'COUNT', '1', 'STREAMS', stream, BEHIND_ALL];
    const noGroup = async () => {
      throw StreamError.declaration(
        `The group '${group}' of the stream '${stream}' is absent, and the user may not make it. ` +
          `Make it (XGROUP CREATE ${stream} ${group} 0 MKSTREAM), or allow the user +xgroup.`,
      );
    };
    await this.reader.ask([probe], { strict: true, onNoGroup: noGroup });
    await this.writer.ask(
      [
        ['XPENDING', stream, group],
        ['XACK', stream, group, '0-0'],
        this.writer.call(KEEP_ENTRIES, [stream], [group, this.me]),
      ],
      { strict: true },
    );
  }

  /**
   * Reads entries that nobody has read, after at most a second.
   *
   * @param onFault called when a reply may have been lost, and with it entries that are now pending for this consumer
   */
  async read(count: number, onFault: () => void): Promise<readonly RawEntry[]> {
    const { stream, group } = this.config;
    const command = ['XREADGROUP', 'GROUP', group, this.me, 'COUNT', `${count}`, 'BLOCK', `${BLOCK_MILLIS}`];
    const [reply] = await this.reader.ask([[...command, 'STREAMS', stream, '>']], {
      asBytes: true,
      onFault,
      onNoGroup: () => this.restore(),
    });
    return reply === null ? [] : ((reply as [unknown, RawEntry[]][])[0]?.[1] ?? []);
  }

  /** Own entries that are not acknowledged, from an id on. */
  own(from: string): Promise<PendingEntry[]> {
    return this.pending([from, '+', `${PENDING_ENTRIES}`, this.me]);
  }

  /** Entries of anybody that nothing was heard of for so long that they are taken over. */
  idle(): Promise<PendingEntry[]> {
    return this.pending(['-', '+', `${PENDING_ENTRIES}`], ['IDLE', `${this.config.claimIdleMillis}`]);
  }

  /** Delivers own pending entries again; those that another consumer has taken over meanwhile are left out. */
  async takeOwn(ids: readonly string[]): Promise<readonly RawEntry[]> {
    const { stream, group } = this.config;
    const command = this.writer.call(TAKE_OWN_ENTRIES, [stream], [group, this.me, ...ids]);
    const [entries] = await this.writer.ask([command], { asBytes: true, onNoGroup: () => this.restore() });
    return (entries as RawEntry[] | null) ?? [];
  }

  /** Takes entries over; those that are not idle any more are left out. */
  async takeIdle(ids: readonly string[]): Promise<readonly RawEntry[]> {
    const { stream, group, claimIdleMillis } = this.config;
    const command = ['XCLAIM', stream, group, this.me, `${claimIdleMillis}`, ...ids];
    const [entries] = await this.writer.ask([command], { asBytes: true, onNoGroup: () => this.restore() });
    return (entries as (RawEntry | null)[]).filter((entry) => entry !== null);
  }

  /** Tells the server that entries are still worked on. Rejects when it cannot be told. */
  async keep(ids: readonly string[]): Promise<void> {
    const { stream, group } = this.config;
    for (let from = 0; from < ids.length; from += IDS_A_CALL) {
      const args = [group, this.me, ...ids.slice(from, from + IDS_A_CALL)];
      await this.writer.askOnce([this.writer.call(KEEP_ENTRIES, [stream], args)]);
    }
  }

  async acknowledge(ids: readonly string[]): Promise<void> {
    const { stream, group } = this.config;
    if (ids.length > 0) {
      await this.writer.ask([['XACK', stream, group, ...ids]], { onNoGroup: () => this.restore() });
    }
  }

  /** Entries that are not acknowledged. Rejects when the server cannot be asked. */
  async lag(): Promise<number> {
    const { stream, group } = this.config;
    const [groups] = await this.writer.askOnce([['XINFO', 'GROUPS', stream]]);
    const info = (groups as unknown[][]).map(fieldsByName).find(({ name }) => name === group);
    if (info === undefined) {
      return 0;
    }
    const pending = Number(info.pending);
    if (typeof info.lag === 'number') {
      return pending + info.lag;
    }
    const args = [String(info['last-delivered-id']), `${COUNTED_ENTRIES}`];
    const [unread] = await this.writer.askOnce([this.writer.call(COUNT_UNREAD, [stream], args)]);
    return pending + Number(unread);
  }

  /** Leaves the group. @param untried entries that were read and not handed on, with their deliveries before that */
  async leave(untried: readonly PendingEntry[]): Promise<void> {
    const { stream, group, claimIdleMillis } = this.config;
    const entries = untried.flatMap(({ id, deliveries }) => [id, `${deliveries}`]);
    const command = this.writer.call(LEAVE_GROUP, [stream], [group, this.me, `${claimIdleMillis}`, ...entries]);
    await this.writer.askOnce([command]);
  }

  /** Removes the names that killed consumers have left behind. Rejects when that fails. */
  async removeGone(): Promise<void> {
    const { stream, group } = this.config;
    const command = this.writer.call(REMOVE_GONE_CONSUMERS, [stream], [group, this.me, `${GONE_MILLIS}`]);
    await this.writer.askOnce([command]);
  }

  /** The server lost the group: with its data, or because somebody removed it. All that is in the stream is read again. */
  async restore(): Promise<void> {
    this.logger.warn({ group: this.config.group }, 'the group is gone: it is made again, from the first entry on');
    await this.create('0');
  }

  private async pending(range: readonly string[], condition: readonly string[] = []): Promise<PendingEntry[]> {
    const { stream, group } = this.config;
    const command = ['XPENDING', stream, group, ...condition, ...range];
    const [entries] = await this.writer.ask([command], { onNoGroup: () => this.restore() });
    return (entries as [string, string, number, number][]).map(([id, , , deliveries]) => ({ id, deliveries }));
  }

  private async create(from: string): Promise<void> {
    const { stream, group } = this.config;
    await this.writer.ask([this.writer.call(CREATE_GROUP, [stream], [group, from])], { strict: true });
  }
}

/** RESP2 gives names and values in turn. */
function fieldsByName(flat: readonly unknown[]): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (let index = 0; index + 1 < flat.length; index += 2) {
    fields[String(flat[index])] = flat[index + 1];
  }
  return fields;
}
