import { type Headers, headerOf, type RequestHead } from './match';
import type { HeaderChanges, HeaderOption } from './route-schema';

/** What values of headers can name: `%REQ(x-user)%`, `%CLUSTER%`. */
export interface HeaderValues {
  readonly head: RequestHead;
  readonly cluster: string;
}

/** Headers that belong to one connection, not to the message. */
const CONNECTION_HEADERS = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'host',
];

/** Headers of a message without those of its connection and of the first line. */
export function messageHeaders(headers: Headers): Headers {
  const entries = Object.entries(headers).filter(
    ([name, value]) => value !== undefined && !name.startsWith(':') && !CONNECTION_HEADERS.includes(name),
  );
  return Object.fromEntries(entries);
}

/** Changes headers of requests as the levels of routes say, the most specific first. */
export function changeRequest(headers: Headers, levels: readonly HeaderChanges[], values: HeaderValues): void {
  for (const level of levels) {
    removeHeaders(headers, level.request_headers_to_remove);
    addHeaders(headers, level.request_headers_to_add, values);
  }
}

/** Changes headers of answers as the levels of routes say, the most specific first. */
export function changeResponse(headers: Headers, levels: readonly HeaderChanges[], values: HeaderValues): void {
  for (const level of levels) {
    removeHeaders(headers, level.response_headers_to_remove);
    addHeaders(headers, level.response_headers_to_add, values);
  }
}

/** Removes headers. */
export function removeHeaders(headers: Headers, names: readonly string[]): void {
  for (const name of names) {
    delete headers[name];
  }
}

/** Adds headers. */
export function addHeaders(headers: Headers, options: readonly HeaderOption[], values: HeaderValues): void {
  for (const { header, append_action, keep_empty_value } of options) {
    const value = expand(header.value, values);
    const present = headers[header.key];
    if (value === '' && !keep_empty_value) {
      continue;
    }
    if (append_action === 'APPEND_IF_EXISTS_OR_ADD' && present !== undefined) {
      headers[header.key] = [present, value].flat();
    } else if (append_action === 'ADD_IF_ABSENT' ? present === undefined : true) {
      if (append_action !== 'OVERWRITE_IF_EXISTS' || present !== undefined) {
        headers[header.key] = value;
      }
    }
  }
}

/** A text with what it names of a request: `%REQ(x-user)%`, `%PATH(NQ):200%`; a number is the most characters. */
export function expand(text: string, values: HeaderValues): string {
  const pattern = /%%|%([A-Z_]+)(?:\(([^)]*)\))?(?::(\d+))?%/g;
  return text.replace(pattern, (match, command: string | undefined, argument = '', most = '') => {
    const value = command === undefined ? '%' : (named(command, argument, values) ?? match);
    return most === '' ? value : value.slice(0, Number(most));
  });
}

function named(command: string, argument: string, { head, cluster }: HeaderValues): string | undefined {
  switch (command) {
    case 'REQ':
      return headerOf(argument.toLowerCase(), head) ?? '';
    case 'PATH':
      return argument.startsWith('NQ') ? head.path.replace(/\?.*/s, '') : head.path;
    case 'CLUSTER':
    case 'UPSTREAM_CLUSTER':
      return cluster;
    default:
      return undefined;
  }
}
