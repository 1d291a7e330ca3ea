import type { MsgHdrs } from '@nats-io/transport-node';
import { STREAM_HEADERS } from '../../contract';
import type { EventHeader, ProducedEvent } from '../event';

/** Headers with this beginning are orders to the server: a copy of one could delete messages. */
const OF_THE_SERVER = /^nats-/i;

/** What the name of a header cannot hold (RFC 9110, as the client checks it). */
const NOT_IN_NAMES = /[^!#$%&'*+\-.^_`|~0-9A-Za-z]/g;

/** What a value cannot hold. */
const LINE_BREAKS = /[\r\n]+/g;

/** What an event carries beside its value. */
export interface CarriedHeaders {
  readonly headers: readonly EventHeader[];

  /** Absent = it has none. */
  readonly key?: Buffer;
}

/** Reads headers of a message; the key of the event is one of them. */
export function readHeaders(found: MsgHdrs | undefined): CarriedHeaders {
  const headers: EventHeader[] = [];
  let key: Buffer | undefined;
  for (const [name, values] of found ?? []) {
    if (name === STREAM_HEADERS.key) {
      key = Buffer.from(values[0]);
    } else if (!OF_THE_SERVER.test(name)) {
      headers.push(...values.map((value): EventHeader => [name, Buffer.from(value)]));
    }
  }
  return key === undefined ? { headers } : { headers, key };
}

/**
 * Headers of a message. NATS has texts of one line there: line breaks become spaces, and what is no text is written in Base64.
 */
export function writeHeaders(event: Pick<ProducedEvent, 'headers' | 'key'>): MsgHdrs {
  const { headers } = require('@nats-io/transport-node') as typeof import('@nats-io/transport-node');
  const written = headers();
  for (const [name, value] of event.headers) {
    if (!OF_THE_SERVER.test(name) && name !== '') {
      written.append(name.replace(NOT_IN_NAMES, '-'), textOf(value));
    }
  }
  if (event.key !== undefined) {
    written.append(STREAM_HEADERS.key, textOf(event.key));
  }
  return written;
}

function textOf(value: Buffer): string {
  const text = value.toString();
  return text.includes('\uFFFD') ? value.toString('base64') : text.replace(LINE_BREAKS, ' ');
}
