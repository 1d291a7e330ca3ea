import { createServer, request as forward } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What happens to requests, as shares of 1. */
export interface Harshness {
  /** Answered with 503, and not passed on. */
  readonly unavailable: number;

  /** Passed on, and the answer is lost: the connection breaks. */
  readonly lost: number;

  /** The answer breaks off in the middle. */
  readonly cut: number;

  /** Passed on later, in milliseconds at most. */
  readonly slowMillis: number;
}

/** An HTTP proxy to a server of this machine that fails as an overloaded object store does. */
export interface HarshProxy {
  readonly port: number;

  /** Requests by what happened to them. */
  readonly counts: { passed: number; unavailable: number; lost: number; cut: number };

  /** Bytes of answers. */
  bytes(): number;
  stop(): Promise<void>;
}

/** Starts a proxy; its faults are the same in every run. */
export async function startHarshProxy(target: number, harshness: Harshness): Promise<HarshProxy> {
  const counts = { passed: 0, unavailable: 0, lost: 0, cut: 0 };
  let bytes = 0;
  let seed = 1;
  const random = () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  const server = createServer((request, response) => {
    const dice = random();
    const { unavailable, lost, cut, slowMillis } = harshness;
    if (dice < unavailable) {
      counts.unavailable += 1;
      request.resume();
      response.writeHead(503, { 'content-type': 'application/xml' }).end('<Error><Code>SlowDown</Code></Error>');
      return;
    }
    const fate = dice < unavailable + lost ? 'lost' : dice < unavailable + lost + cut ? 'cut' : 'passed';
    counts[fate] += 1;
    setTimeout(() => {
      // The signature covers the host: it stays.
      const { method, url: path, headers } = request;
      const upstream = forward({ host: '127.0.0.1', port: target, method, path, headers }, (answer) => {
        if (fate === 'lost') {
          answer.resume();
          answer.on('end', () => request.socket.destroy());
          return;
        }
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        let sent = 0;
        answer.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          sent += chunk.length;
          response.write(chunk);
          if (fate === 'cut' && sent > 0) {
            answer.destroy();
            response.destroy();
          }
        });
        answer.on('end', () => response.end());
        answer.on('error', () => response.destroy());
      });
      upstream.on('error', () => response.destroy());
      request.on('error', () => upstream.destroy());
      request.pipe(upstream);
    }, random() * slowMillis);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    counts,
    bytes: () => bytes,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
