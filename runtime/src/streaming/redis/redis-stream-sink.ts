import type { RedisStreamSinkConfig } from '../../contract';
import type { ClientContext, EventSink, ProducedEvent, RecordRefusal } from '../event';
import { entriesFrame, fieldsOf, hasTooManyFields } from './frame';
import { ADD_ENTRIES, PROBE_WRITING } from './scripts';
import { StreamRedis } from './stream-redis';

/** A stream that is written to. The entries of a call are added together, one call after the other, so their order stays. */
export class RedisStreamSink implements EventSink {
  private readonly redis: StreamRedis;
  private last: Promise<unknown> = Promise.resolve();

  /** @param patienceMillis how long a server that refuses what it has allowed is asked again; 60 s by default */
  constructor(
    readonly config: RedisStreamSinkConfig,
    context: ClientContext,
    patienceMillis?: number,
  ) {
    this.redis = new StreamRedis({
      connection: config,
      role: 'sink',
      subject: `The stream '${config.stream}'`,
      context,
      patienceMillis,
    });
  }

  async start(): Promise<void> {
    await this.redis.start();
    await checkWriting(this.redis, this.config.stream);
  }

  send(events: readonly ProducedEvent[]): Promise<readonly (RecordRefusal | undefined)[]> {
    const { config, redis } = this;
    const refusals = refusalsOf(events);
    const taken = refusals.length === 0 ? events : events.filter((_, index) => refusals[index] === undefined);
    const frame = entriesFrame(taken.map((event) => fieldsOf(event, config)));
    const sent = this.last.then(async () => {
      if (taken.length > 0) {
        await redis.ask([redis.call(ADD_ENTRIES, [config.stream], [frame, mostOf(config)])]);
      }
      return refusals;
    });
    this.last = sent.catch(() => undefined);
    return sent;
  }

  async stop(): Promise<void> {
    await this.last;
    this.redis.close();
  }
}

/** The limit of a stream, as scripts take it. */
export function mostOf({ maxLength }: RedisStreamSinkConfig): string {
  return maxLength === undefined ? '' : `${maxLength}`;
}

/** Why events cannot be entries; empty = all can. */
export function refusalsOf(events: readonly ProducedEvent[]): readonly (RecordRefusal | undefined)[] {
  if (!events.some(hasTooManyFields)) {
    return [];
  }
  return events.map((event) =>
    hasTooManyFields(event)
      ? {
          errorClass: 'encode',
          reason: `${event.headers.length} headers are more than one entry of a Redis stream takes`,
        }
      : undefined,
  );
}

/** Checks that a stream can be written, without writing. @throws StreamError when it cannot */
export async function checkWriting(redis: StreamRedis, stream: string): Promise<void> {
  await redis.ask([redis.call(ADD_ENTRIES, [stream], ['', ''])], { strict: true });
  const [refusal] = await redis.ask([redis.call(PROBE_WRITING, [stream], [])], { strict: true });
  redis.check(String(refusal));
}
