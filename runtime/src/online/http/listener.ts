import { once } from 'node:events';
import type { Server } from 'node:http';
import type { Server as NetServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Where a server listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

const POLL_MILLIS = 20;

/**
 * Starts listening.
 *
 * @param port 0 = any free port
 * @throws the system's error, for example EADDRINUSE
 */
export async function listen(server: NetServer, port: number, host: string): Promise<Address> {
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  return { host, port: typeof address === 'object' && address !== null ? address.port : port };
}

/** Waits until a server has no connections, or some time is over. */
export async function waitForConnections(server: NetServer, millis: number): Promise<void> {
  const deadline = performance.now() + millis;
  while ((await connections(server)) > 0 && performance.now() < deadline) {
    await sleep(POLL_MILLIS);
  }
}

/**
 * Stops listening, closes idle connections and waits for the others; cuts them when the time is over.
 *
 * @returns whether all connections ended by themselves
 */
export async function close(server: Server, millis: number): Promise<boolean> {
  const closed = once(server, 'close');
  server.close();
  let cut = false;
  const timer = setTimeout(
    () => {
      cut = true;
      server.closeAllConnections();
    },
    Math.max(0, millis),
  );
  await closed;
  clearTimeout(timer);
  return !cut;
}

function connections(server: NetServer): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
  });
}
