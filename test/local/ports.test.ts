import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { PortPool } from '../../runtime/src/local/ports';

const RANGE = '/proc/sys/net/ipv4/ip_local_port_range';

/** The first port that the system gives to connections. */
const firstEphemeral = existsSync(RANGE) ? Number(readFileSync(RANGE, 'utf8').split(/\s/)[0]) : 32_768;

describe('ports of containers', () => {
  it('are free, each given once, and none that a connection may take while a container is started again', async () => {
    const pool = new PortPool();
    const ports = (await Promise.all([pool.take([8080, 8081, 8082]), pool.take([8080, 8082])])).flatMap((taken) => [
      ...taken.values(),
    ]);
    expect(new Set(ports).size).toBe(5);
    for (const port of ports) {
      expect(port).toBeGreaterThanOrEqual(10_000);
      expect(port).toBeLessThan(firstEphemeral);
      const server = createServer();
      await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('are given again when they are given back', async () => {
    const pool = new PortPool();
    for (let round = 0; round < 200; round += 1) {
      pool.release(await pool.take([8080]));
    }
    expect((await pool.take([8080])).size).toBe(1);
  });
});
