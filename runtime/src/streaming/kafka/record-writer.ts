import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises';
import type { RdKafka } from '@confluentinc/kafka-javascript';
import { STREAM_HEADERS } from '../../contract';
import type { ProducedEvent } from '../event';
import { Flusher } from './flusher';
import { codeOf, KAFKA_CODES, type KafkaError } from './library';

const FULL_MILLIS = 5;

/** After a failure, so many turns of the event loop without another one mean that there is none: they come in hundreds. */
const QUIET_TURNS = 3;

/** A record to write. */
export interface OutgoingRecord {
  readonly topic: string;
  readonly event: ProducedEvent;
}

/** A record that was not written, and why. */
export interface FailedRecord {
  readonly error: KafkaError;

  /** The client itself refuses it, so that the brokers have not seen it. */
  readonly local: boolean;
}

/** What the client reports of a record that failed. */
interface FailureReport {
  readonly error: KafkaError;
  readonly report: RdKafka.DeliveryReport;
}

/**
 * Writes records, and waits until all of them are acknowledged.
 *
 * The client reports failures alone: a report for each record that was written costs more than to write it. That all are written
 * is known when the queue of the client is empty.
 */
export class RecordWriter {
  private reports: FailureReport[] = [];
  private readonly flusher: Flusher;

  constructor(
    readonly producer: RdKafka.Producer,
    onRetry: (error: unknown) => void,
  ) {
    this.flusher = new Flusher(producer, onRetry);
    producer.on('delivery-report', (error, report) => {
      if (error) {
        this.reports.push({ error: error as unknown as KafkaError, report });
      }
    });
  }

  /**
   * Writes records in order.
   *
   * @param alone positions of records that get a request to the broker of their own, so that it is known who is refused
   * @returns the records that failed, by their position
   */
  async write(records: readonly OutgoingRecord[], alone: ReadonlySet<number>): Promise<Map<number, FailedRecord>> {
    const failed = new Map<number, FailedRecord>();
    this.reports = [];
    let first = 0;
    for (let index = 0; index < records.length; index += 1) {
      if (alone.has(index) && first < index) {
        await this.finish(records, first, index, failed);
      }
      const error = this.enqueue(records[index]);
      if (error?.code === KAFKA_CODES.queueFull) {
        await this.flusher.flush();
        await wait(FULL_MILLIS);
        index -= 1;
        continue;
      }
      if (error !== undefined) {
        failed.set(index, { error, local: true });
      }
      if (alone.has(index)) {
        await this.finish(records, index, index + 1, failed);
        first = index + 1;
      }
    }
    await this.finish(records, first, records.length, failed);
    return failed;
  }

  private enqueue({ topic, event }: OutgoingRecord): KafkaError | undefined {
    const { value, key = null, timestampMillis = null } = event;
    try {
      this.producer.produce(topic, null, value, key, timestampMillis, undefined, headersOf(event));
      return undefined;
    } catch (error) {
      if (codeOf(error) === 0) {
        throw error;
      }
      return error as KafkaError;
    }
  }

  /** Reports come by another way than the end of the flush, but not later than it: in this turn of the event loop. */
  private async settle(): Promise<void> {
    await turn();
    for (let quiet = 0; this.reports.length > 0 && quiet < QUIET_TURNS; quiet += 1) {
      const before = this.reports.length;
      await turn();
      if (this.reports.length > before) {
        quiet = -1;
      }
    }
  }

  /** Waits for records `from` to `to - 1`, and finds those that failed. */
  private async finish(
    records: readonly OutgoingRecord[],
    from: number,
    to: number,
    failed: Map<number, FailedRecord>,
  ): Promise<void> {
    await this.flusher.flush();
    await this.settle();
    if (this.reports.length > 0) {
      this.match(records, from, to, failed);
      this.reports = [];
    }
  }

  /**
   * Finds the failed records. Of equal ones, which differ in headers at most, a report does not tell which it is about: they count as
   * failed all together. What of them was written comes twice then, with the same id; nothing is taken for written that is not.
   */
  private match(records: readonly OutgoingRecord[], from: number, to: number, failed: Map<number, FailedRecord>): void {
    const positions = new Map<string, number[]>();
    for (let index = from; index < to; index += 1) {
      const { topic, event } = records[index];
      if (!failed.has(index)) {
        append(positions, contentOf(topic, event.key, event.value), index);
      }
    }
    const errors = new Map<string, KafkaError[]>();
    for (const { error, report } of this.reports) {
      append(errors, contentOf(report.topic, report.key, report.value), error);
    }
    for (const [content, reported] of errors) {
      const equal = positions.get(content);
      if (equal === undefined) {
        throw new Error(`A record was not written (${reported[0].message}), and it is not known which.`);
      }
      for (const [at, index] of equal.entries()) {
        failed.set(index, { error: reported[at] ?? reported[0], local: false });
      }
    }
  }
}

/** What a report says of a record, as a key: an absent key or value is an empty one there. */
function contentOf(topic: string, key: RdKafka.MessageKey, value: RdKafka.MessageValue | undefined): string {
  const texts = [key, value].map((each) => (Buffer.isBuffer(each) ? each.toString('latin1') : ''));
  return [topic, texts[0].length, ...texts].join(' ');
}

function append<T>(lists: Map<string, T[]>, name: string, item: T): void {
  const list = lists.get(name);
  if (list === undefined) {
    lists.set(name, [item]);
  } else {
    list.push(item);
  }
}

/** The headers as the client takes them; the id goes as text, which it copies faster than bytes. */
function headersOf({ headers, id }: ProducedEvent): RdKafka.MessageHeader[] {
  const list = new Array<RdKafka.MessageHeader>(headers.length);
  for (let index = 0; index < headers.length; index += 1) {
    const [name, value] = headers[index];
    list[index] = name === STREAM_HEADERS.eventId ? { 'model-serving-event-id': id } : { [name]: value };
  }
  return list;
}
