import * as z from 'zod';
import { at } from '../proxy/bootstrap';
import type { RequestHead } from './match';
import { matchesHeader } from './match';
import type { HeaderOption } from './route-schema';
import { headerMatch, headerOption } from './route-schema';

/** What an answer of the router itself says. */
export interface LocalReply {
  readonly contentType: string;
  readonly body: string;
  readonly headers: readonly HeaderOption[];
}

/** Gives answers of the router itself their text. */
export type LocalReplies = (status: number, text: string, head: RequestHead) => LocalReply;

interface Format {
  readonly json_format?: Readonly<Record<string, unknown>>;
  readonly text_format_source?: { readonly inline_string?: string };
  readonly content_type?: string;
}

const OPERATORS: Readonly<Record<string, (status: number, value: number) => boolean>> = {
  EQ: (status, value) => status === value,
  NE: (status, value) => status !== value,
  GE: (status, value) => status >= value,
  LE: (status, value) => status <= value,
};

/** Answers as a `LocalReplyConfig` has them: the first mapper that is for an answer counts. */
export function localRepliesOf(config: unknown): LocalReplies {
  const mappers = at(config, 'mappers');
  const list = Array.isArray(mappers) ? mappers : [];
  return (status, text, head) => {
    const mapper: unknown = list.find((each) => isFor(at(each, 'filter'), status, head));
    const format = (at(mapper, 'body_format_override') ?? at(config, 'body_format') ?? {}) as Format;
    const replaced = at(mapper, 'body', 'inline_string');
    const body = typeof replaced === 'string' ? replaced : text;
    return {
      contentType: format.content_type ?? (format.json_format === undefined ? 'text/plain' : 'application/json'),
      body: rendered(format, status, body),
      headers: z.array(headerOption).parse(at(mapper, 'headers_to_add') ?? []),
    };
  };
}

/** Whether a filter of access logs lets an answer through; those that are not known let none. */
function isFor(filter: unknown, status: number, head: RequestHead): boolean {
  const all = at(filter, 'and_filter', 'filters');
  const any = at(filter, 'or_filter', 'filters');
  const comparison = at(filter, 'status_code_filter', 'comparison');
  const header = at(filter, 'header_filter', 'header');
  if (Array.isArray(all)) {
    return all.every((each) => isFor(each, status, head));
  }
  if (Array.isArray(any)) {
    return any.some((each) => isFor(each, status, head));
  }
  if (comparison !== undefined) {
    const compare = OPERATORS[String(at(comparison, 'op') ?? 'EQ')];
    return compare?.(status, Number(at(comparison, 'value', 'default_value'))) === true;
  }
  return header !== undefined && matchesHeader(headerMatch.parse(header), head);
}

function rendered({ json_format, text_format_source }: Format, status: number, body: string): string {
  if (json_format !== undefined) {
    // Envoy ends the text with a line break, too.
    return `${JSON.stringify(filled(json_format, status, body))}\n`;
  }
  const text = text_format_source?.inline_string;
  return text === undefined ? body : String(filled(text, status, body));
}

/** Numbers stay numbers when they are all of a text, as in Envoy. */
function filled(format: unknown, status: number, body: string): unknown {
  if (typeof format === 'string') {
    return format === '%RESPONSE_CODE%'
      ? status
      : format.replaceAll('%LOCAL_REPLY_BODY%', () => body).replaceAll('%RESPONSE_CODE%', String(status));
  }
  if (typeof format !== 'object' || format === null) {
    return format;
  }
  return Object.fromEntries(Object.entries(format).map(([key, each]) => [key, filled(each, status, body)]));
}
