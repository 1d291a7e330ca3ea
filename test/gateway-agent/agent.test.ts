import { readFileSync } from 'node:fs';
import { Agent, request as send } from 'node:http';
import type { RolloutSplit } from '../../lib/contract';
import { type RunningAgent, startAgent } from '../../runtime/src/gateway';
import { KubernetesApi } from '../../runtime/src/kubernetes-api';
import { createLogger } from '../../runtime/src/telemetry';
import { type FaultyApi, startFaultyApi } from '../support/api-faults';
import { ENVOY } from '../support/envoy';
import { eventually } from '../support/eventually';
import { describeWith } from '../support/requires';
import { type Gateway, type GatewayOptions, makeGateway, versionIn } from './gateway';

const WATCH = { answerMillis: 30_000, patienceMillis: 5000, firstDelayMillis: 10, maxDelayMillis: 100 };

let gateway: Gateway;
let api: FaultyApi;
let agent: RunningAgent | undefined;
let heartbeat = 0;

/** Writes a split and a new heartbeat, as the controller does. */
function put(revision: number, candidateWeight: number, more: Partial<RolloutSplit> = {}): void {
  const split = {
    revision,
    stable: '1',
    candidate: '2',
    candidateWeight,
    mirror: 0,
    comparison: 0,
    pinned: false,
    ...more,
  };
  putText(JSON.stringify(split));
}

function putText(text: string): void {
  heartbeat += 1;
  const data = { 'split.json': text, heartbeat: String(heartbeat) };
  api.server.apply({ kind: 'ConfigMap', metadata: { name: 'iris' }, data });
}

function annotate(why: string): void {
  const metadata = { name: 'iris', annotations: { 'model-serving/abort': why } };
  api.server.apply({ kind: 'ConfigMap', metadata });
}

/** Waits until the proxy serves this. */
async function serves(wanted: object): Promise<void> {
  await eventually(`serves ${JSON.stringify(wanted)}`, async () => {
    const { serving, written, rollouts } = await gateway.status();
    expect(serving).toBe(written);
    expect(rollouts.iris).toMatchObject(wanted);
    return true;
  });
}

async function startIt(): Promise<void> {
  agent = await startAgent(gateway.config, {
    logger: createLogger({ level: 'silent' }),
    api: KubernetesApi.at(api.url),
    watchTimes: WATCH,
  });
}

/** Starts everything. */
async function start(options: GatewayOptions = {}): Promise<void> {
  gateway = await makeGateway(options);
  api = await startFaultyApi();
  await gateway.startProxy();
  await startIt();
}

async function push(body: object | string = {}): Promise<Response> {
  return fetch(`${gateway.agentUrl}/rollouts/iris/abort`, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

/** Which cluster answers. */
async function answering(path = '/', headers: Record<string, string> = {}): Promise<string> {
  const response = await fetch(gateway.url + path, { headers });
  return ((await response.json()) as { cluster: string }).cluster;
}

describeWith('an agent and its proxy', ENVOY, () => {
  beforeAll(() => {
    process.env.MODEL_SERVING_HOST = '127.0.0.1';
  });
  afterAll(() => {
    delete process.env.MODEL_SERVING_HOST;
  });
  afterEach(async () => {
    await agent?.close();
    agent = undefined;
    await gateway.close();
    await api.close();
  });

  it('a split reaches every place in the routes, and requests follow it', async () => {
    await start();
    await serves({ revision: 0, candidateWeight: 0, source: 'manifest' });
    expect(await answering()).toBe('stable');
    put(1, 2500, { mirror: 100, comparison: 1, pinned: true });
    await serves({ revision: 1, candidateWeight: 2500, source: 'split' });
    expect(await gateway.numbers()).toEqual({
      stableWeights: [7500, 7500],
      candidateWeights: [2500, 2500],
      mirrors: [100],
      comparisons: [1],
      pins: [10_000],
    });
    expect(await answering('/', { 'x-pin': 'yes' })).toBe('pinned');
    put(2, 10_000, { mirror: 10_000 });
    await serves({ revision: 2, candidateWeight: 10_000 });
    expect([await answering('/'), await answering('/v1/models'), await answering('/', { 'x-pin': 'yes' })]).toEqual([
      'candidate',
      'candidate',
      'candidate',
    ]);
    await eventually('mirrors arrive', () => gateway.counts.shadow === 2);
    put(3, 0);
    await serves({ revision: 3, candidateWeight: 0 });
    expect(await answering()).toBe('stable');
  });

  it('nothing is lost over 50 changes under 32 connections', async () => {
    await start();
    const connections = new Agent({ keepAlive: true, maxSockets: 32 });
    const seen = new Map<string, number>();
    let running = true;
    const one = () =>
      new Promise<string>((resolve) => {
        const request = send(gateway.url, { agent: connections }, (response) => {
          response.resume();
          response.on('end', () => resolve(String(response.statusCode)));
        });
        request.on('error', (error) => resolve(error.message));
        request.end();
      });
    const clients = Array.from({ length: 32 }, async () => {
      while (running) {
        const result = await one();
        seen.set(result, (seen.get(result) ?? 0) + 1);
      }
    });
    for (let revision = 1; revision <= 50; revision += 1) {
      put(revision, (revision * 1999) % 10_000);
      await serves({ revision });
    }
    running = false;
    await Promise.all(clients);
    connections.destroy();
    expect([...seen.keys()]).toEqual(['200']);
    expect(gateway.counts.candidate).toBeGreaterThan(0);
    expect(gateway.counts.stable).toBeGreaterThan(0);
  });

  describe('aborts', () => {
    it('pushed, while the API server takes 2 s for everything', async () => {
      await start();
      put(7, 5000);
      await serves({ revision: 7 });
      api.latencyMillis = 2000;
      const answer = await push({ revision: 7 });
      expect(answer.status).toBe(200);
      expect(await answer.json()).toEqual({ written: versionIn(gateway.config.routesPath) });
      await serves({ candidateWeight: 0, source: 'abort' });
      // What arrives late does not undo it; the split that confirms it ends it.
      put(8, 0);
      await serves({ revision: 8, candidateWeight: 0, source: 'split' });
    });

    it('annotated, while the API server takes 2 s for everything', async () => {
      await start();
      put(7, 5000);
      await serves({ revision: 7 });
      api.latencyMillis = 2000;
      annotate('wrong answers');
      await serves({ candidateWeight: 0, source: 'abort' });
    });

    it('pushed, when the API server is gone; and the rollout can go on when it is back', async () => {
      await start();
      put(7, 5000);
      await serves({ revision: 7 });
      api.break();
      put(8, 9000);
      await push({ revision: 8 });
      await serves({ candidateWeight: 0, source: 'abort' });
      api.mend();
      put(9, 100);
      await serves({ revision: 9, candidateWeight: 100, source: 'split' });
    });

    it('that cannot be understood are refused, and change nothing', async () => {
      await start();
      put(7, 5000);
      await serves({ revision: 7 });
      expect((await push('{')).status).toBe(400);
      expect((await push({ revision: -1 })).status).toBe(400);
      expect((await push('x'.repeat(100_000))).status).toBe(413);
      expect((await fetch(`${gateway.agentUrl}/rollouts/none/abort`, { method: 'POST' })).status).toBe(404);
      expect((await fetch(`${gateway.agentUrl}/rollouts/iris/abort`)).status).toBe(405);
      await serves({ revision: 7, candidateWeight: 5000 });
    });
  });

  it('without new heartbeats everything goes to the stable version, until there is one again', async () => {
    await start({ deadMan: { afterMillis: 700, action: 'revert' } });
    put(1, 5000);
    await serves({ candidateWeight: 5000 });
    await serves({ revision: 1, candidateWeight: 0, source: 'dead-man' });
    expect(await gateway.numbers()).toMatchObject({ stableWeights: [10_000, 10_000], candidateWeights: [0, 0] });
    put(1, 5000);
    await serves({ revision: 1, candidateWeight: 5000, source: 'split' });
  });

  it('a split that cannot be read is told of, and the last good one stays', async () => {
    await start();
    put(1, 5000);
    await serves({ revision: 1 });
    putText('{"revision": 2');
    await serves({ revision: 1, candidateWeight: 5000, problem: 'the split is not JSON' });
    put(3, 6000);
    await serves({ revision: 3, candidateWeight: 6000 });
    expect((await gateway.status()).rollouts.iris?.problem).toBeUndefined();
  });

  it('routes that the proxy refuses are told of, and the last good ones are put back', async () => {
    await start();
    put(1, 5000);
    await serves({ revision: 1 });
    const good = readFileSync(gateway.config.routesPath, 'utf8');
    put(2, 6000, { comparison: 2 });
    await eventually('the refusal is known', async () => (await gateway.status()).rejected !== undefined);
    expect(readFileSync(gateway.config.routesPath, 'utf8')).toBe(good);
    await serves({ revision: 1, candidateWeight: 5000 });
    expect((await gateway.status()).rejected).toMatch(/^the proxy refused the routes .*iris=2:6000/);
    const metrics = await (await fetch(`${gateway.agentUrl}/metrics`)).text();
    expect(metrics).toContain('model_serving_gateway_routes_rejected_total 1');
    expect(metrics).toContain('model_serving_gateway_routes_applied 0');
    put(3, 7000);
    await serves({ revision: 3, candidateWeight: 7000 });
    expect((await gateway.status()).rejected).toBeUndefined();
    // Refused, and aborted before anybody knows.
    put(4, 8000, { comparison: 2 });
    await push({ revision: 4 });
    await serves({ candidateWeight: 0, source: 'abort' });
    expect((await gateway.status()).rejected).toBeUndefined();
  });

  it('an agent that starts again takes nothing back, with or without the API server', async () => {
    await start();
    put(1, 3000);
    await serves({ revision: 1 });
    await agent?.close();
    const before = versionIn(gateway.config.routesPath);
    api.break();
    await startIt();
    await eventually('serves', async () => (await gateway.status()).serving === before);
    put(2, 4000);
    api.mend();
    await serves({ revision: 2, candidateWeight: 4000 });
  });

  it('an agent that starts without an API server serves the routes of the manifest', async () => {
    gateway = await makeGateway();
    api = await startFaultyApi();
    api.break();
    await gateway.startProxy();
    await startIt();
    await serves({ revision: 0, candidateWeight: 0, source: 'manifest' });
    expect(await answering()).toBe('stable');
    api.mend();
    put(1, 100);
    await serves({ revision: 1 });
  });

  it('a proxy that starts again reads the live routes; while it is away nothing is said to be served', async () => {
    await start();
    put(1, 10_000);
    await serves({ revision: 1 });
    await gateway.stopProxy();
    const { written, ...status } = await gateway.status();
    expect(status).toEqual({ pod: expect.any(String), rollouts: {} });
    put(2, 10_000, { mirror: 1 });
    await eventually('writes', async () => (await gateway.status()).written !== written);
    await gateway.startProxy();
    await serves({ revision: 2, candidateWeight: 10_000 });
    expect(await answering()).toBe('candidate');
  });

  it('a drain fails the health check, and waits for the request in flight', async () => {
    await start();
    let release: () => void = () => undefined;
    gateway.hold = () =>
      new Promise<void>((resolve) => {
        release = resolve;
      });
    const inFlight = answering();
    await eventually('the request is in flight', () => gateway.counts.stable === 1);
    const drained = Promise.all([1, 2].map(() => fetch(`${gateway.agentUrl}/drain`)));
    let over = false;
    void drained.then(() => (over = true));
    await eventually('the health check fails', async () => (await fetch(`${gateway.url}/ready`)).status === 503);
    const active = `${gateway.adminUrl}/stats?filter=http.gateway.downstream_rq_active`;
    expect(await (await fetch(active)).text()).toMatch(/: 1\n/);
    expect(over).toBe(false);
    release();
    expect(await inFlight).toBe('stable');
    expect((await drained).map(({ status }) => status)).toEqual([200, 200]);
  });
});
