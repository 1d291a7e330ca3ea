import type { IncomingMessage, ServerResponse } from 'node:http';
import { constants, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import { pipeline } from 'node:stream/promises';
import { addHeaders, messageHeaders } from './headers';
import type { LocalReplies } from './local-replies';
import { type Headers, isGrpc, type RequestHead } from './match';
import type { UpstreamAnswer } from './upstream';

/** An answer of a server. */
type PassedAnswer = Pick<UpstreamAnswer, 'body' | 'trailers'>;

/** A request of a client, over HTTP/1.1 or HTTP/2. */
export type ClientRequest = IncomingMessage | Http2ServerRequest;
/** The answer to it. */
export type ClientResponse = ServerResponse | Http2ServerResponse;

/** What routes look at in a request. */
export function headOf(request: ClientRequest): RequestHead {
  const { method = 'GET', url = '/', headers } = request;
  const authority = headers[constants.HTTP2_HEADER_AUTHORITY] ?? headers.host ?? '';
  return { method, path: url, authority: String(authority), headers: messageHeaders(headers) };
}

/** Whether a request came over HTTP/2. */
export function isHttp2(request: ClientRequest): boolean {
  return request.httpVersionMajor === 2;
}

/** Codes of gRPC for statuses that the router answers with itself. */
const GRPC_CODES: Readonly<Record<number, number>> = {
  400: 13,
  401: 16,
  403: 7,
  404: 12,
  429: 14,
  502: 14,
  503: 14,
  504: 14,
};
const GRPC_UNKNOWN = 2;

/** An answer of the router itself: as a message of gRPC, where the client asked for one. */
export function reply(
  response: ClientResponse,
  head: RequestHead,
  { status, text, headers = {} }: { readonly status: number; readonly text: string; readonly headers?: Headers },
  replies: LocalReplies,
): void {
  if (isGrpc(head.headers) && status !== 200) {
    write(response, 200, {
      'content-type': 'application/grpc',
      'grpc-status': String(GRPC_CODES[status] ?? GRPC_UNKNOWN),
      'grpc-message': encodeURI(text),
    });
    response.end();
    return;
  }
  const { body, contentType, headers: more } = replies(status, text, head);
  const described: Headers = body === '' ? {} : { 'content-type': contentType };
  const all: Headers = { 'content-length': String(Buffer.byteLength(body)), ...described, ...headers };
  addHeaders(all, more, { head, cluster: '' });
  write(response, status, all);
  response.end(body);
}

/** Writes the head of an answer. */
export function write(response: ClientResponse, status: number, headers: Headers): void {
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) {
      response.setHeader(name, value);
    }
  }
  response.statusCode = status;
}

/** Passes the body of an answer on, and the headers after it to clients that take them. */
export async function passOn(response: ClientResponse, { body, trailers }: PassedAnswer): Promise<void> {
  // Headers go out before the first byte, so that a call without an end begins.
  if (!('stream' in response)) {
    response.flushHeaders();
    await pipeline(body, response);
    return;
  }
  response.writeHead(response.statusCode);
  await pipeline(body, response.stream, { end: false });
  response.addTrailers(await trailers());
  response.end();
}
