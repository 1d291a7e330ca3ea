import type { Metadata } from '@grpc/grpc-js';
import type { RequestHeaders } from '../../protocol';

/** Some metadata of a call, in the form of headers: the first value of each name. */
export function headersOf(metadata: Metadata, names: readonly string[]): RequestHeaders {
  const headers: Record<string, string> = {};
  for (const name of names) {
    const [value] = metadata.get(name);
    if (typeof value === 'string') {
      headers[name] = value;
    }
  }
  return headers;
}
