import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { errorCode } from '../telemetry';
import { POD_ADDRESS } from './pod-address';

/** Ports of well-known programs are below. */
const LOWEST_PORT = 10_000;

/** Below it no common system takes the ports of its own connections from. */
const USUAL_FIRST_EPHEMERAL = 32_768;

const EPHEMERAL_RANGE = '/proc/sys/net/ipv4/ip_local_port_range';

/** So many taken ports in a row are no chance. */
const MOST_ATTEMPTS = 100;

/**
 * Finds free ports, and gives none out twice while it is in use.
 *
 * They are none that the system gives to connections: while a container is started again nothing listens on its ports, and a
 * connection of whatever program would keep one for its time and a minute more.
 */
export class PortPool {
  private readonly used = new Set<number>();

  /** Takes one free port for each container port. */
  async take(containerPorts: readonly number[]): Promise<Map<number, number>> {
    const found = new Map<number, number>();
    const held: Server[] = [];
    try {
      for (const containerPort of new Set(containerPorts)) {
        found.set(containerPort, await this.hold(held));
      }
    } finally {
      // Held until all are found, so that the system gives no port twice.
      await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))));
    }
    return found;
  }

  /** Gives ports back. */
  release(ports: ReadonlyMap<number, number>): void {
    for (const port of ports.values()) {
      this.used.delete(port);
    }
  }

  private async hold(held: Server[]): Promise<number> {
    const end = firstEphemeralPort();
    for (let attempt = 1; ; attempt += 1) {
      const isChosen = attempt <= MOST_ATTEMPTS && end > LOWEST_PORT;
      const wanted = isChosen ? randomInt(LOWEST_PORT, end) : 0;
      if (this.used.has(wanted)) {
        continue;
      }
      const server = createServer();
      try {
        await listen(server, wanted);
      } catch (error) {
        if (isChosen && ['EADDRINUSE', 'EACCES'].includes(errorCode(error) ?? '')) {
          continue;
        }
        throw error;
      }
      held.push(server);
      const { port } = server.address() as AddressInfo;
      if (!this.used.has(port)) {
        this.used.add(port);
        return port;
      }
    }
  }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, POD_ADDRESS, resolve);
  });
}

/** The first port that the system gives to connections. */
function firstEphemeralPort(): number {
  try {
    return Number(readFileSync(EPHEMERAL_RANGE, 'utf8').split(/\s/)[0]) || USUAL_FIRST_EPHEMERAL;
  } catch {
    return USUAL_FIRST_EPHEMERAL; // another system than Linux
  }
}
