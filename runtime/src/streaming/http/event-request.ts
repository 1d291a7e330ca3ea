import { headerValue } from '../../protocol';
import type { ProducedEvent } from '../event';

/** A header name of HTTP (RFC 9110, token). */
const TOKEN = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

/** Headers that belong to the connection and the request, never to an event. */
const OF_REQUESTS: ReadonlySet<string> = new Set([
  'authorization',
  'connection',
  'content-encoding',
  'content-length',
  'cookie',
  'expect',
  'host',
  'keep-alive',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

const PRINTABLE = /^[\x20-\x7e]*$/;
const STRUCTURED = /^application\/cloudevents/i;
const EVENT_TYPE = 'io.github.cdk8s-model-serving.stream-event.v1';

/** Names of attributes in the binding of Kafka. */
const KAFKA_PREFIX = /^ce_/;

/**
 * Headers of the request that carries an event as a CloudEvent. An event that is none yet becomes one in the binary mode:
 * its id is that of the event, so that a receiver can tell what it has got twice.
 *
 * @param source attribute `source` of events that have none
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
 */
export function requestHeaders({ headers, id, value }: ProducedEvent, source: string): Record<string, string> {
  const sent: Record<string, string> = {};
  for (const [name, bytes] of headers) {
    const lower = name.toLowerCase().replace(KAFKA_PREFIX, 'ce-');
    if (TOKEN.test(lower) && !OF_REQUESTS.has(lower)) {
      const text = bytes.toString('utf8');
      // Attributes are encoded as the binding says, others only where HTTP would not take them.
      sent[lower] = PRINTABLE.test(text) && !lower.startsWith('ce-') ? text : headerValue(text);
    }
  }
  sent['content-type'] ??= 'application/octet-stream';
  if (!STRUCTURED.test(sent['content-type'])) {
    sent['ce-specversion'] ??= '1.0';
    sent['ce-id'] ??= headerValue(id);
    sent['ce-source'] ??= headerValue(source);
    sent['ce-type'] ??= EVENT_TYPE;
  }
  sent['content-length'] = String(value.length);
  return sent;
}
