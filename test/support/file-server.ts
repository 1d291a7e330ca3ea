import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** A web server of one test. */
export interface FileServer {
  readonly url: string;
  readonly port: number;
  /** Requests so far, oldest first. */
  readonly requests: { readonly path: string; readonly headers: IncomingMessage['headers'] }[];
  close(): Promise<void>;
}

/** Starts a web server on a free port of 127.0.0.1; `tls` makes it an https one. */
export async function startServer(answer: RequestListener, tls?: { key: string; cert: string }): Promise<FileServer> {
  const requests: FileServer['requests'] = [];
  const listener: RequestListener = (request, response) => {
    requests.push({ path: request.url ?? '', headers: request.headers });
    answer(request, response);
  };
  const server: Server = tls === undefined ? createServer(listener) : createSecureServer(tls, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    port,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Faults of {@link sendFile}. */
export interface Faults {
  /** Cuts the connection after so many bytes of this answer. */
  readonly cutAfter?: number;
  /** Pays no heed to Range. */
  readonly noRange?: boolean;
  /** ETag to send; `null` = none. Default: one of the content. */
  readonly etag?: string | null;
}

/** Sends a file as a good web server does: ETag, Range and If-Range; with faults when asked. */
export function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  content: Buffer,
  faults: Faults = {},
): void {
  const etag = faults.etag === undefined ? `"${createHash('md5').update(content).digest('hex')}"` : faults.etag;
  const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
  const same = request.headers['if-range'] === undefined || request.headers['if-range'] === etag;
  const first = range !== null && same && faults.noRange !== true ? Number(range[1]) : 0;
  const body = content.subarray(first);
  const headers: Record<string, string | number> = { 'content-length': body.length };
  if (etag !== null) {
    headers.etag = etag;
  }
  if (first > 0) {
    headers['content-range'] = `bytes ${first}-${content.length - 1}/${content.length}`;
  }
  response.writeHead(first > 0 ? 206 : 200, headers);
  if (faults.cutAfter === undefined) {
    response.end(body);
  } else {
    response.write(body.subarray(0, faults.cutAfter), () => response.destroy());
  }
}
