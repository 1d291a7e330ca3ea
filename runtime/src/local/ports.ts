import { type AddressInfo, createServer, type Server } from 'node:net';
import { POD_ADDRESS } from './pod-address';

/** Finds free ports, and gives none out twice while it is in use. */
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
    for (;;) {
      const server = createServer();
      held.push(server);
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(0, POD_ADDRESS, resolve);
      });
      const { port } = server.address() as AddressInfo;
      if (!this.used.has(port)) {
        this.used.add(port);
        return port;
      }
    }
  }
}
