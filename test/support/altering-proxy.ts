import { createServer, type IncomingHttpHeaders, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An answer that a proxy may change on its way. */
export interface AlterableAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** A server that passes requests on to another one, and changes its answers. */
export interface AlteringProxy {
  readonly url: string;
  close(): Promise<void>;
}

/** Starts a proxy on a free port of 127.0.0.1. The lengths of changed bodies are set anew. */
export async function startAlteringProxy(
  to: string,
  alter: (answer: AlterableAnswer, path: string) => void,
): Promise<AlteringProxy> {
  const { hostname, port } = new URL(to);
  const server = createServer((incoming, outgoing) => {
    const { method, url = '/', headers } = incoming;
    const forwarded = send({ hostname, port, method, path: url, headers }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('end', () => {
        const answer = { status: response.statusCode ?? 502, headers: response.headers, body: Buffer.concat(pieces) };
        alter(answer, url);
        const { connection, 'keep-alive': _keepAlive, ...kept } = answer.headers;
        const close = connection === 'close' ? { connection } : {};
        outgoing.writeHead(answer.status, { ...kept, ...close, 'content-length': answer.body.length });
        outgoing.end(answer.body);
      });
    });
    forwarded.on('error', () => outgoing.destroy());
    incoming.pipe(forwarded);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
