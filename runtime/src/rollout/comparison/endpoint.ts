import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Comparison } from './comparison';

/** Headers that say something of the body, or of who asks. */
const FORWARDED = [
  'content-type',
  'content-encoding',
  'accept',
  'authorization',
  'x-api-key',
  'inference-header-content-length',
  'x-request-id',
  'traceparent',
];

const MOST_BYTES = 4 * 1024 * 1024;

/** Requests that name a version cannot be answered by another one. */
const NAMES_VERSION = /\/versions\/[^/]+/;

/** Takes a mirrored request, and answers 202 at once: nobody reads the answer. */
export function takeMirrored(comparison: Comparison, request: IncomingMessage, response: ServerResponse): void {
  const pieces: Buffer[] = [];
  let bytes = 0;
  request.on('data', (piece: Buffer) => {
    bytes += piece.length;
    if (bytes <= MOST_BYTES) {
      pieces.push(piece);
    }
  });
  request.on('error', () => comparison.skip());
  request.on('end', () => {
    const { method = 'POST', url: path = '/' } = request;
    if (bytes > MOST_BYTES || NAMES_VERSION.test(path)) {
      comparison.skip();
    } else {
      const headers = FORWARDED.flatMap((name) => {
        const value = request.headers[name];
        return typeof value === 'string' ? [[name, value]] : [];
      });
      comparison.add({ method, path, headers: Object.fromEntries(headers), body: Buffer.concat(pieces) });
    }
    response.writeHead(202).end();
  });
}
