import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises';
import type { RdKafka } from '@confluentinc/kafka-javascript';
import { STREAM_HEADERS } from '../../contract';
import type { ProducedEvent } from '../event';
import { called, codeOf, KAFKA_CODES, type KafkaError } from './library';

const FLUSH_MILLIS = 1000;
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

  constructor(
    readonly producer: RdKafka.Producer,
    private readonly onRetry: (error: unknown) => void,
  ) {
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
    for (let index = 0; index < records.length; index += 1) {
      if (alone.has(index)) {
        await this.flush();
      }
      const error = this.enqueue(records[index]);
      if (error?.code === KAFKA_CODES.queueFull) {
        await this.flush();
        await wait(FULL_MILLIS);
        index -= 1;
      } else if (error !== undefined) {
        failed.set(index, { error, local: true });
      }
      if (alone.has(index)) {
        await this.flush();
      }
    }
    await this.flush();
    await this.settle();
    this.match(records, failed);
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

  /** Resolves when all records are acknowledged or have failed, however long that takes. */
  private async flush(): Promise<void> {
    for (;;) {
      try {
        await called((done) => this.producer.flush(FLUSH_MILLIS, done));
        return;
      } catch (error) {
        if (codeOf(error) !== KAFKA_CODES.timedOut) {
          throw error;
        }
        this.onRetry(error);
      }
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

  /** Finds the failed records: of equal ones it does not matter which. */
  private match(records: readonly OutgoingRecord[], failed: Map<number, FailedRecord>): void {
    for (const { error, report } of this.reports) {
      const value = report.value ?? Buffer.alloc(0);
      const index = records.findIndex(
        ({ topic, event }, at) =>
          !failed.has(at) && topic === report.topic && event.value.equals(value) && sameKey(event.key, report.key),
      );
      if (index < 0) {
        throw new Error(`A record was not written (${error.message}), and it is not known which.`);
      }
      failed.set(index, { error, local: false });
    }
  }
}

function sameKey(key: Buffer | undefined, other: RdKafka.MessageKey): boolean {
  return Buffer.isBuffer(other) ? other.equals(key ?? Buffer.alloc(0)) : (key?.length ?? 0) === 0;
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
