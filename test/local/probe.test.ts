import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ProbeLoop, type ProbeTarget, probeOnce } from '../../runtime/src/local/probe';
import type { ProbeAction, ProbePlan } from '../../runtime/src/local/probe-plan';
import { eventually } from '../support/eventually';
import { type FileServer, startServer } from '../support/file-server';
import { describeWith } from '../support/requires';
import { temporaryDirectory } from '../support/temporary';

const servers: FileServer[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function serve(...args: Parameters<typeof startServer>): Promise<FileServer> {
  const server = await startServer(...args);
  servers.push(server);
  return server;
}

function plan(action: ProbeAction, fields: Partial<ProbePlan> = {}): ProbePlan {
  return {
    action,
    initialDelayMillis: 0,
    periodMillis: 1,
    timeoutMillis: 5000,
    successThreshold: 1,
    failureThreshold: 1,
    ...fields,
  };
}

const http = (fields: Partial<Extract<ProbeAction, { kind: 'http' }>> = {}): ProbeAction => ({
  kind: 'http',
  port: 8080,
  path: '/ready',
  encrypted: false,
  headers: {},
  ...fields,
});

const target = (port: number | undefined, execute: ProbeTarget['execute'] = async () => 0): ProbeTarget => ({
  ports: new Map(port === undefined ? [] : [[8080, port]]),
  execute,
});

describe('an HTTP probe', () => {
  it.each([200, 204, 302, 399])('succeeds at status %d', async (status) => {
    const { port } = await serve((_, response) => response.writeHead(status).end());
    expect(await probeOnce(plan(http()), target(port))).toBeUndefined();
  });

  it.each([400, 404, 500, 503])('fails at status %d', async (status) => {
    const { port } = await serve((_, response) => response.writeHead(status).end());
    expect(await probeOnce(plan(http()), target(port))).toBe(`/ready answered ${status}`);
  });

  it('asks for the path with the headers', async () => {
    const { port, requests } = await serve((_, response) => response.end());
    await probeOnce(plan(http({ path: '/x?y=1', headers: { 'X-Probe': 'yes' } })), target(port));
    expect(requests[0]).toMatchObject({ path: '/x?y=1', headers: { 'x-probe': 'yes' } });
  });

  it('fails when no answer comes in time, when nothing listens, and without a port', async () => {
    const { port, close } = await serve(() => undefined);
    expect(await probeOnce(plan(http(), { timeoutMillis: 50 }), target(port))).toBe('no answer within 0.05 s');
    await close();
    expect(await probeOnce(plan(http()), target(port))).toMatch(/ECONNREFUSED/);
    expect(await probeOnce(plan(http()), target(undefined))).toBe('the container has no port 8080');
  });

  describeWith('with https', { what: 'openssl', present: spawnSync('openssl', ['version']).status === 0 }, () => {
    const directory = temporaryDirectory();

    it('does not verify the certificate', async () => {
      const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
      spawnSync('openssl', [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-days',
        '2',
        '-subj',
        '/CN=x',
        '-keyout',
        key,
        '-out',
        cert,
      ]);
      const tls = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
      const { port } = await serve((_, response) => response.end(), tls);
      expect(await probeOnce(plan(http({ encrypted: true })), target(port))).toBeUndefined();
    });
  });
});

describe('a TCP probe', () => {
  it('succeeds when something listens, and fails when nothing does', async () => {
    const { port, close } = await serve((_, response) => response.end());
    expect(await probeOnce(plan({ kind: 'tcp', port: 8080 }), target(port))).toBeUndefined();
    await close();
    expect(await probeOnce(plan({ kind: 'tcp', port: 8080 }), target(port))).toMatch(/ECONNREFUSED/);
  });
});

describe('an exec probe', () => {
  const exec: ProbeAction = { kind: 'exec', args: ['check'] };

  it('succeeds at code 0 alone', async () => {
    expect(
      await probeOnce(
        plan(exec),
        target(1, async () => 0),
      ),
    ).toBeUndefined();
    expect(
      await probeOnce(
        plan(exec),
        target(1, async () => 3),
      ),
    ).toBe('check ended with code 3');
  });

  it('fails when the program takes too long, and ends it', async () => {
    const ended: number[] = [];
    const execute: ProbeTarget['execute'] = (_, signal) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          ended.push(137);
          resolve(137);
        });
      });
    expect(await probeOnce(plan(exec, { timeoutMillis: 20 }), target(1, execute))).toBe('no answer within 0.02 s');
    expect(ended).toEqual([137]);
  });
});

describe('a loop of probes', () => {
  /** Runs a loop over these outcomes, the last one for ever; returns what it told. */
  async function told(outcomes: boolean[], fields: Partial<ProbePlan>, count: number): Promise<boolean[]> {
    const calls: boolean[] = [];
    let probes = 0;
    const execute = async () => {
      const outcome = outcomes[Math.min(probes, outcomes.length - 1)];
      probes += 1;
      return outcome ? 0 : 1;
    };
    const loop = new ProbeLoop(plan({ kind: 'exec', args: [] }, fields), target(1, execute), (success) =>
      calls.push(success),
    );
    loop.start();
    await eventually('the probes are done', () => calls.length >= count && probes >= outcomes.length);
    loop.stop();
    return calls.slice(0, count);
  }

  it('tells a failure only after as many in a row as the threshold says', async () => {
    expect(await told([true, false, false, true, false, false, false], { failureThreshold: 3 }, 3)).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('tells a success only after as many in a row as the threshold says', async () => {
    expect(await told([false, true, false, true, true], { successThreshold: 2 }, 3)).toEqual([false, false, true]);
  });

  it('waits for the initial delay', async () => {
    const action: ProbeAction = { kind: 'exec', args: [] };
    const counts = { late: 0, early: 0 };
    const loopFor = (name: keyof typeof counts, initialDelayMillis: number) =>
      new ProbeLoop(plan(action, { initialDelayMillis }), target(1), () => {
        counts[name] += 1;
      });
    const loops = [loopFor('late', 60_000), loopFor('early', 0)];
    for (const loop of loops) {
      loop.start();
    }
    await eventually('the other loop has probed', () => counts.early > 3);
    for (const loop of loops) {
      loop.stop();
    }
    expect(counts.late).toBe(0);
  });

  it('tells nothing after it was stopped, not even the outcome of a probe that runs', async () => {
    const calls: boolean[] = [];
    let release: (code: number) => void = () => undefined;
    const execute = () =>
      new Promise<number>((resolve) => {
        release = resolve;
      });
    const loop = new ProbeLoop(plan({ kind: 'exec', args: [] }), target(1, execute), (success) => calls.push(success));
    loop.start();
    await eventually('a probe runs', () => release.length > 0);
    loop.stop();
    release(0);
    await new Promise((resolve) => setImmediate(resolve));
    expect(calls).toEqual([]);
  });
});
