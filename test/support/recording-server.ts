import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a server got. */
export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A server that keeps what it gets. */
export interface RecordingServer {
  readonly port: number;
  readonly received: ReceivedRequest[];
}

const started: Server[] = [];

afterAll(() => {
  for (const server of started) {
    server.closeAllConnections();
    server.close();
  }
});

/**
 * Starts a server on 127.0.0.1. It is closed when the tests of the file have run.
 *
 * @param answer called when the whole request is there
 */
export async function startRecordingServer(answer: RequestListener): Promise<RecordingServer> {
  const received: ReceivedRequest[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      received.push({ method, path: url, headers, body: Buffer.concat(parts).toString() });
      answer(request, response);
    });
  });
  started.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, received };
}
