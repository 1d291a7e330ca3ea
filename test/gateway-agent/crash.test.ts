import { readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type FaultyApi, startFaultyApi } from '../support/api-faults';
import { type RunningCommand, runCommand, startCommand } from '../support/command';
import { ENVOY } from '../support/envoy';
import { eventually } from '../support/eventually';
import { describeWith } from '../support/requires';
import { temporaryDirectory } from '../support/temporary';
import { type Gateway, makeGateway, versionIn } from './gateway';

const directory = temporaryDirectory();

/** Kills the process between the write and the rename of routes, once a file says so. */
const HOOK = `
  const fs = require('node:fs');
  const { renameSync } = fs;
  fs.renameSync = (from, to) => {
    if (fs.existsSync(process.env.KILL_WHEN)) {
      process.kill(process.pid, 'SIGKILL');
    }
    renameSync(from, to);
  };
`;

let gateway: Gateway;
let api: FaultyApi;
let running: RunningCommand | undefined;
let revision = 0;

function put(candidateWeight: number): void {
  revision += 1;
  const split = { revision, stable: '1', candidate: '2', candidateWeight, mirror: 0, comparison: 0, pinned: false };
  const data = { 'split.json': JSON.stringify(split), heartbeat: String(revision) };
  api.server.apply({ kind: 'ConfigMap', metadata: { name: 'iris' }, data });
}

function environment(): Record<string, string> {
  const { port, adminPort } = gateway.config;
  const sandbox = { root: '/', host: '127.0.0.1', ports: { [port]: port, [adminPort]: adminPort }, api: api.url };
  return { MODEL_SERVING_SANDBOX: JSON.stringify(sandbox) };
}

function configFile(): string {
  const path = join(directory, 'config.json');
  writeFileSync(path, JSON.stringify(gateway.config));
  return path;
}

function startAgent(more: Record<string, string> = {}): RunningCommand {
  running = startCommand(['agent', '--config', configFile()], { env: { ...environment(), ...more } });
  return running;
}

async function serves(candidateWeight: number): Promise<void> {
  await eventually(`serves ${candidateWeight}`, async () => {
    const { serving, written, rollouts } = await gateway.status();
    return serving === written && rollouts.iris?.candidateWeight === candidateWeight;
  });
}

describeWith('the process of an agent', ENVOY, () => {
  beforeEach(async () => {
    revision = 0;
    gateway = await makeGateway();
    api = await startFaultyApi();
    await gateway.startProxy();
  });

  afterEach(async () => {
    running?.child.kill('SIGKILL');
    await running?.ended;
    await gateway.close();
    await api.close();
  });

  it('killed between the write and the rename: the proxy keeps good routes, and the next agent goes on', async () => {
    const hook = join(directory, 'hook.js');
    const when = join(directory, 'kill');
    writeFileSync(hook, HOOK);
    const agent = startAgent({ NODE_OPTIONS: `--require=${hook}`, KILL_WHEN: when });
    put(10_000);
    await serves(10_000);
    const before = versionIn(gateway.config.routesPath);
    writeFileSync(when, '');
    put(5000);
    expect(await agent.ended).toBe('SIGKILL');
    expect(readdirSync(dirname(gateway.config.routesPath)).length).toBe(2);
    expect(versionIn(gateway.config.routesPath)).toBe(before);
    expect(await (await fetch(gateway.url)).json()).toEqual({ cluster: 'candidate' });
    await gateway.stopProxy();
    await gateway.startProxy();
    expect(await (await fetch(gateway.url)).json()).toEqual({ cluster: 'candidate' });
    startAgent();
    await serves(5000);
  });

  it('killed at any moment under many changes: the file is always whole', async () => {
    for (let round = 0; round < 5; round += 1) {
      const agent = startAgent();
      await eventually('it answers', async () => (await gateway.status()).serving !== undefined);
      const changes = setInterval(() => put((revision * 997) % 10_000), 1);
      try {
        const seen = revision;
        await eventually('changes are served', async () => {
          return ((await gateway.status()).rollouts.iris?.revision ?? 0) > seen;
        });
        agent.child.kill('SIGKILL');
        await agent.ended;
      } finally {
        clearInterval(changes);
      }
      expect(versionIn(gateway.config.routesPath)).toMatch(/iris=\d+:/);
      expect((await fetch(gateway.url)).status).toBe(200);
    }
  });

  it('ends with code 0 at SIGTERM, and leaves its routes', async () => {
    const agent = startAgent();
    put(2500);
    await serves(2500);
    agent.child.kill('SIGTERM');
    expect(await agent.ended).toBe(0);
    expect(versionIn(gateway.config.routesPath)).toContain('iris=1:2500,');
    expect(agent.log().find(({ msg }) => msg === 'shares of the rollout changed')).toMatchObject({
      rollout: 'iris',
      why: expect.any(String),
    });
  });

  it('--seed writes the routes of the manifest, and leaves those that an agent wrote', async () => {
    const agent = startAgent();
    put(2500);
    await serves(2500);
    agent.child.kill('SIGTERM');
    await agent.ended;
    const seed = () => runCommand(['agent', '--config', configFile(), '--seed'], { env: environment() });
    expect((await seed()).code).toBe(0);
    expect(versionIn(gateway.config.routesPath)).toContain('iris=1:2500,');
    writeFileSync(gateway.config.routesPath, '{"version_info": "half');
    expect((await seed()).code).toBe(0);
    expect(versionIn(gateway.config.routesPath)).toContain('iris=0:0,');
  });

  it('ends with code 43 and every problem, when pointers lead nowhere', async () => {
    const [rollout] = gateway.config.rollouts;
    const path = join(directory, 'bad.json');
    const wrong = { ...rollout, candidateWeights: ['/none', '/resources/0/name'], mirrors: ['/resources/9'] };
    writeFileSync(path, JSON.stringify({ ...gateway.config, rollouts: [wrong] }));
    for (const flags of [[], ['--seed']]) {
      const { code, log } = await runCommand(['agent', '--config', path, ...flags], { env: environment() });
      expect(code).toBe(43);
      for (const place of ['candidateWeights[0]', 'candidateWeights[1]', 'mirrors[0]']) {
        expect(log.at(-1)?.msg).toContain(`rollouts[0].${place}: leads to a number of the routes`);
      }
    }
  });
});
