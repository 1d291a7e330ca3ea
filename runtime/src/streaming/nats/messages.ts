import type { Msg } from '@nats-io/transport-node';
import type { ConsumedEvent } from '../event';
import { readHeaders } from './headers';

/** Where acknowledgements of messages of a consumer go, and what stands in there about the message. */
const ACKNOWLEDGED_AT = '$JS.ACK.';

/** With a domain and the account, the subject has two words more before the stream. */
const LONG_WORDS = 11;

/** Answers to a delivered message. */
export const ANSWERS = {
  /** It is done. */
  done: '+ACK',
  /** It is worked on: the time until it is delivered again begins anew. */
  working: '+WPI',
  /** Deliver it again, at once. */
  again: '-NAK',
} as const;

/** Whether a message is one of the stream, and not word of the server about the request. */
export function isOfStream(message: Msg): boolean {
  return message.reply?.startsWith(ACKNOWLEDGED_AT) ?? false;
}

/** A message of the stream as an event. */
export function eventOf(message: Msg, stream: string): ConsumedEvent {
  const reply = message.reply ?? '';
  const words = reply.split('.');
  // $JS.ACK.[domain.account.]stream.consumer.deliveries.sequence.sequence of the consumer.nanoseconds.pending
  const at = words.length >= LONG_WORDS ? 6 : 4;
  const { data } = message;
  return {
    value: Buffer.from(data.buffer, data.byteOffset, data.byteLength),
    ...readHeaders(message.headers),
    timestampMillis: Math.floor(Number(words[at + 3]) / 1e6),
    partition: 0,
    position: `${stream}/${words[at + 1]}`,
    deliveries: Number(words[at]),
    handle: reply,
  };
}

/** Where answers to the delivery of an event go. */
export function replyOf(event: ConsumedEvent): string {
  return event.handle as string;
}

/** Sequence number of an event in its stream. */
export function sequenceOf({ position }: ConsumedEvent): number {
  return Number(position.slice(position.lastIndexOf('/') + 1));
}
