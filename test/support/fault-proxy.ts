import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** What a {@link FaultProxy} does to connections. */
export interface Faults {
  /** Nothing passes, in either direction; connections are accepted and stay open. */
  blackHole?: boolean;

  /** What the server sends is passed on so much later, in milliseconds. */
  delayMillis?: number;

  /** New connections are reset. */
  refuse?: boolean;
}

/** A TCP proxy between a client and a server of 127.0.0.1 that fails as networks do. */
export interface FaultProxy {
  readonly port: number;
  readonly address: string;

  /** The faults of this moment, for open connections and new ones. Change it at any time. */
  readonly faults: Faults;

  /** Connections so far. */
  connections(): number;

  /** Resets all open connections. */
  reset(): void;
}

const closes: (() => Promise<void>)[] = [];

afterAll(async () => {
  await Promise.all(closes.map((close) => close()));
});

/** Starts a proxy to a port. It is closed when the tests of the file have run. */
export async function startFaultProxy(target: number): Promise<FaultProxy> {
  const faults: Faults = {};
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((client) => {
    connections += 1;
    if (faults.refuse) {
      client.resetAndDestroy();
      return;
    }
    const upstream = connect(target, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (chunk: Buffer) => {
      if (!faults.blackHole) {
        upstream.write(chunk);
      }
    });
    upstream.on('data', (chunk: Buffer) => {
      if (faults.blackHole) {
        return;
      }
      if (faults.delayMillis === undefined) {
        client.write(chunk);
      } else {
        setTimeout(() => client.write(chunk), faults.delayMillis).unref();
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const reset = () => {
    for (const socket of sockets) {
      socket.resetAndDestroy();
    }
  };
  closes.push(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        reset();
      }),
  );
  const { port } = server.address() as AddressInfo;
  return { port, address: `127.0.0.1:${port}`, faults, connections: () => connections, reset };
}
