import type { Json } from '../../kubernetes';

/** A message of Envoy that is told by its type. */
export function typed(type: string, fields: Json = {}): Json {
  return { '@type': `type.googleapis.com/${type}`, ...fields };
}

/** A duration in the JSON form of protobuf. */
export function duration(millis: number): string {
  return `${millis / 1000}s`;
}

/** A path that is compared as a whole with a regular expression. */
export function pathMatch(regex: string): Json {
  return { safe_regex: { regex } };
}

/** A text in a regular expression (RE2). */
export function literally(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** A text in a format string. */
export function literalFormat(text: string): string {
  return text.replace(/%/g, '%%');
}

/** A header with one value, in place of those that there are. */
export function headerOf(key: string, value: string): Json {
  return { header: { key, value }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' };
}
