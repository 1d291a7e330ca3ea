import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';

/** A request that a {@link ScriptedServer} got. */
export interface Asked {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** An answer: a status with JSON; `cut` cuts the connection, `silent` never answers. */
export type Scripted = readonly [status: number, body?: unknown, headers?: Record<string, string>] | 'cut' | 'silent';

/** A server that answers as a test says. */
export interface ScriptedServer {
  readonly url: string;
  readonly asked: Asked[];

  /** Most requests that were open at a time. */
  mostOpen: number;

  /** Number of connections. */
  connections: number;
  close(): Promise<void>;
}

const servers: Server[] = [];

afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

/** Starts a server on a free port, with TLS where there is a certificate. It is closed when the tests of the file have run. */
export async function startScriptedServer(
  answer: (asked: Asked, count: number) => Scripted | Promise<Scripted>,
  { tls, port = 0 }: { tls?: ServerOptions; port?: number } = {},
): Promise<ScriptedServer> {
  const asked: Asked[] = [];
  let open = 0;
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    open += 1;
    scripted.mostOpen = Math.max(scripted.mostOpen, open);
    const pieces: Buffer[] = [];
    for await (const piece of request as AsyncIterable<Buffer>) {
      pieces.push(piece);
    }
    const one = { path: request.url ?? '', headers: request.headers, body: Buffer.concat(pieces) };
    const said = await answer(one, asked.push(one));
    open -= 1;
    if (said === 'cut') {
      request.socket.destroy();
    } else if (said !== 'silent') {
      const [status, body, headers = {}] = said;
      const text = typeof body === 'string' ? body : JSON.stringify(body ?? {});
      response.writeHead(status, headers).end(text);
    }
  };
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    handle(request, response).catch(() => request.socket.destroy());
  };
  const server: Server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  servers.push(server);
  await new Promise<void>((resolve) => {
    server.listen(port, '127.0.0.1', resolve);
  });
  const scripted: ScriptedServer = {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    mostOpen: 0,
    connections: 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  server.on('connection', () => {
    scripted.connections += 1;
  });
  return scripted;
}
