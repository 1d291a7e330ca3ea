import type { RdKafka } from '@confluentinc/kafka-javascript';
import type { ConsumedEvent, EventHeader } from '../event';

const NONE: readonly EventHeader[] = [];

/** An event of a topic. */
export class KafkaEvent implements ConsumedEvent {
  readonly value: Buffer | null;
  readonly key: Buffer | undefined;
  readonly headers: readonly EventHeader[];
  readonly timestampMillis: number;
  readonly partition: number;
  readonly offset: number;
  private readonly topic: string;

  /** @param epoch which assignment of its partition it was read under */
  constructor(
    message: RdKafka.Message,
    readonly epoch: number,
  ) {
    this.value = message.value;
    this.key = (message.key as Buffer | null) ?? undefined;
    this.headers = message.headers === undefined ? NONE : message.headers.flatMap(headersOf);
    this.timestampMillis = message.timestamp ?? 0;
    this.partition = message.partition;
    this.offset = message.offset;
    this.topic = message.topic;
  }

  get position(): string {
    return `${this.topic}/${this.partition}/${this.offset}`;
  }

  get handle(): this {
    return this;
  }
}

function headersOf(header: RdKafka.MessageHeader): EventHeader[] {
  return Object.entries(header).map(([name, value]) => [
    name,
    Buffer.isBuffer(value) ? value : Buffer.from(value ?? ''),
  ]);
}
