import { checkEventHeaders, RequestError } from '../../../protocol';
import type { EventHeader, RecordRefusal } from '../../event';
import { shownValue } from '../shown-value';

/** How an event is carried: its attributes in headers, or with its data in one JSON object. */
export type EventMode = 'binary' | 'structured';

/** Headers of an event that say something of CloudEvents. */
export interface CloudEventHeaders {
  readonly contentType?: string;

  /** By their names, without prefix; undefined when the event has none. */
  readonly attributes?: Readonly<Record<string, string>>;
}

/** The bindings of Kafka, and of NATS and HTTP. */
const PREFIX = /^ce[_-]/;
const JSON_TYPE = /^[\w.+-]+\/([\w.-]+\+)?json\s*(;|$)/i;

/** Reads the headers of an event that say something of CloudEvents. */
export function cloudEventHeaders(headers: readonly EventHeader[]): CloudEventHeaders {
  let contentType: string | undefined;
  let attributes: Record<string, string> | undefined;
  for (const [header, value] of headers) {
    const name = header.toLowerCase();
    if (name === 'content-type') {
      contentType = value.toString('utf8');
    } else if (PREFIX.test(name)) {
      attributes ??= Object.create(null) as Record<string, string>;
      attributes[name.slice(3)] = value.toString('utf8');
    }
  }
  return { contentType, attributes };
}

/** The mode that headers tell; without any it is the structured one. */
export function modeOf({ contentType, attributes }: CloudEventHeaders): EventMode | RecordRefusal {
  const [name] = (contentType ?? '').split(';', 1);
  const type = name.trim().toLowerCase();
  if (type === 'application/cloudevents+json') {
    return 'structured';
  }
  if (type.startsWith('application/cloudevents')) {
    return refused(
      `The event has the content type ${shownValue(name)}; single events of application/cloudevents+json are read.`,
    );
  }
  return attributes === undefined ? 'structured' : 'binary';
}

/** Checks the headers of an event in the binary mode. @returns why it is none that is read */
export function checkBinary({ contentType, attributes = {} }: CloudEventHeaders): RecordRefusal | undefined {
  if (contentType !== undefined && !JSON_TYPE.test(contentType)) {
    return refused(`The data of the event has the content type ${shownValue(contentType)}; application/json is read.`);
  }
  return checked(() =>
    checkEventHeaders(Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`ce-${name}`, value]))),
  );
}

/** What a check has against an event. */
export function checked(check: () => void): RecordRefusal | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof RequestError) {
      return refused(error.message);
    }
    throw error;
  }
}

/** The event is no CloudEvent that is read. */
export function refused(reason: string): RecordRefusal {
  return { errorClass: 'decode', reason };
}
