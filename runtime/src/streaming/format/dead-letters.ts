import { STREAM_HEADERS } from '../../contract';
import {
  type ConsumedEvent,
  type DeadLetterEncoder,
  type EventHeader,
  eventIdOf,
  eventIdSuffix,
  type ProducedEvent,
  type RecordRefusal,
} from '../event';
import { headersAsTheyCame, modelHeaders, type NamedModel } from './event-headers';
import { cut } from './shown-value';

const MOST_CHARACTERS = 500;

/** Makes dead letters: value, key and headers as they came, and headers that say what is wrong. */
export class DeadLetters implements DeadLetterEncoder {
  private readonly ofModel: readonly EventHeader[];
  private readonly suffix: string;

  constructor(model: NamedModel) {
    this.ofModel = modelHeaders(model);
    this.suffix = eventIdSuffix(model.sha256);
  }

  encode(event: ConsumedEvent, index: number, { errorClass, reason }: RecordRefusal): ProducedEvent {
    const id = eventIdOf(event, this.suffix);
    const headers: EventHeader[] = [
      [STREAM_HEADERS.eventId, Buffer.from(id)],
      ...this.ofModel,
      [STREAM_HEADERS.source, Buffer.from(event.position)],
      [STREAM_HEADERS.errorClass, Buffer.from(errorClass)],
      [STREAM_HEADERS.error, Buffer.from(headerText(reason))],
      ...headersAsTheyCame(event),
    ];
    const { key, timestampMillis } = event;
    return {
      value: event.value ?? Buffer.alloc(0),
      key,
      headers,
      id,
      index,
      timestampMillis: timestampMillis > 0 ? timestampMillis : undefined,
    };
  }
}

/** On one line: not every broker takes line ends in headers. */
function headerText(reason: string): string {
  return cut(reason.replace(/\p{Cc}+/gu, ' '), MOST_CHARACTERS);
}
