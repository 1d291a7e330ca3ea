import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request that an {@link EventReceiver} got. */
export interface ReceivedBatch {
  readonly headers: IncomingHttpHeaders;
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look at events of any form
  readonly events: any[];
}

/** A server that takes CloudEvents. */
export interface EventReceiver {
  readonly url: string;
  readonly batches: ReceivedBatch[];

  /** Status of the next answers; 0 = the connection is cut. Set it at any time. */
  status: number;

  /** Whether answers are held back. Set it at any time. */
  silent: boolean;
}

const closes: (() => Promise<void>)[] = [];

afterAll(async () => {
  await Promise.all(closes.map((close) => close()));
});

/** Starts a server on a free port. It is closed when the tests of the file have run. */
export async function startEventReceiver(): Promise<EventReceiver> {
  const batches: ReceivedBatch[] = [];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const { status } = receiver;
      batches.push({ headers: request.headers, status, events: JSON.parse(Buffer.concat(pieces).toString()) });
      if (receiver.silent) {
        return;
      }
      if (status === 0) {
        request.socket.destroy();
      } else {
        response.writeHead(status).end('{}');
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closes.push(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  const receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`,
    batches,
    status: 200,
    silent: false,
  };
  return receiver;
}
