import { randomUUID } from 'node:crypto';
import { badRequest, kindOf, RequestError, shown } from '../request-error';
import { isObject, type JsonObject, own } from './json-body';
import type { AnswerBody, RequestHeaders } from './prediction';

const SPEC_VERSION = '1.0';
const EVENT_TYPE = 'application/cloudevents+json';
const JSON_TYPE = 'application/json';

/** Attributes that every event has. */
const REQUIRED = ['specversion', 'id', 'source', 'type'] as const;

/** RFC 3339, for the attribute `time`. */
const TIMESTAMP = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

/** How an event is carried: its attributes in headers, or with its data in one JSON object. */
export type EventMode = 'binary' | 'structured';

/**
 * The mode of the event that a request is; undefined when it is none. An event whose attributes are in the body without
 * the content type of events is found by {@link isEventBody}.
 *
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
 * @throws RequestError 415 for batches and for other formats than JSON
 */
export function eventModeOf(headers: RequestHeaders): EventMode | undefined {
  const type = headers['content-type'];
  if (typeof type === 'string' && type !== JSON_TYPE) {
    const [format] = type.split(';', 1);
    const name = format.trim().toLowerCase();
    if (name === EVENT_TYPE) {
      return 'structured';
    }
    if (name.startsWith('application/cloudevents')) {
      throw new RequestError(
        415,
        `Events of the content type ${shown(name)} are not taken; send one event at a time as ${EVENT_TYPE}, ` +
          `or its attributes as headers.`,
        { Accept: `${JSON_TYPE}, ${EVENT_TYPE}` },
      );
    }
  }
  // The identifier alone makes no event: it is also sent beside ordinary requests, for logs.
  const isBinary =
    headers['ce-specversion'] !== undefined || headers['ce-type'] !== undefined || headers['ce-source'] !== undefined;
  return isBinary ? 'binary' : undefined;
}

/** Whether a body that is no V1 request is an event, whatever its content type says. */
export function isEventBody(body: JsonObject): boolean {
  return Object.hasOwn(body, 'specversion') && (Object.hasOwn(body, 'data') || Object.hasOwn(body, 'data_base64'));
}

/**
 * Checks the attributes of an event whose attributes are headers.
 *
 * @throws RequestError 400
 */
export function checkEventHeaders(headers: RequestHeaders): void {
  checkAttributes((name) => headers[`ce-${name}`], 'header ce-');
}

/**
 * Checks the attributes of an event that is a JSON object.
 *
 * @throws RequestError 400
 */
export function checkEvent(event: JsonObject): void {
  checkAttributes((name) => own(event, name), 'attribute ');
  const type = own(event, 'datacontenttype');
  if (type !== undefined && !(typeof type === 'string' && /^[\w.+-]+\/([\w.-]+\+)?json\s*(;|$)/i.test(type))) {
    throw badRequest(`The event's datacontenttype must be ${JSON_TYPE}; found ${shown(type)}.`);
  }
}

/**
 * The data of an event that is a JSON object, when the event carries it in base64.
 *
 * @throws RequestError 400
 */
export function base64Data(event: JsonObject): Buffer | undefined {
  const data = own(event, 'data_base64');
  if (data === undefined) {
    return undefined;
  }
  if (Object.hasOwn(event, 'data')) {
    throw badRequest('The event has both "data" and "data_base64"; send one of them.');
  }
  if (typeof data !== 'string' || !/^[A-Za-z0-9+/]*={0,2}$/.test(data) || data.length % 4 !== 0) {
    throw badRequest(`The event's data_base64 must be a text in base64; found ${kindOf(data)}.`);
  }
  return Buffer.from(data, 'base64');
}

/**
 * The data of an event that is a JSON object.
 *
 * @throws RequestError 400
 */
export function eventData(event: JsonObject): JsonObject {
  const data = own(event, 'data');
  if (!isObject(data)) {
    throw badRequest(`The event's data must be a JSON object with "instances" or "inputs"; found ${kindOf(data)}.`);
  }
  return data;
}

/**
 * Wraps an answer into an event of its own, in the mode of the request. Attributes of the request are not repeated.
 *
 * @param json the answer
 * @param model name, for the source
 */
export function answerEvent(mode: EventMode, json: string, model: string): AnswerBody {
  const attributes = {
    specversion: SPEC_VERSION,
    id: randomUUID(),
    source: `io.kserve.inference.${model}`,
    type: 'io.kserve.inference.response',
    time: new Date().toISOString(),
  };
  if (mode === 'binary') {
    const headers = Object.entries(attributes).map(([name, value]) => [`ce-${name}`, headerValue(value)]);
    return { headers: { 'Content-Type': JSON_TYPE, ...Object.fromEntries(headers) }, body: json };
  }
  const head = JSON.stringify({ ...attributes, datacontenttype: JSON_TYPE });
  return { headers: { 'Content-Type': EVENT_TYPE }, body: `${head.slice(0, -1)},"data":${json}}` };
}

function checkAttributes(attribute: (name: string) => unknown, kind: string): void {
  for (const name of REQUIRED) {
    const value = attribute(name);
    if (typeof value !== 'string' || value === '') {
      throw badRequest(`The event lacks the ${kind}${name}, which must be a text; found ${kindOf(value)}.`);
    }
  }
  if (attribute('specversion') !== SPEC_VERSION) {
    throw badRequest(
      `The event's specversion is ${shown(attribute('specversion'))}; version ${SPEC_VERSION} is taken.`,
    );
  }
  const time = attribute('time');
  if (time !== undefined && !(typeof time === 'string' && TIMESTAMP.test(time))) {
    throw badRequest(`The event's time must be a timestamp of RFC 3339; found ${kindOf(time)}.`);
  }
}

/** As the binding writes what is not printable ASCII, and the quote and the percent sign. */
export function headerValue(value: string): string {
  return value.replace(/[^\x21\x23\x24\x26-\x7e]/gu, (character) => encodeURIComponent(character));
}
