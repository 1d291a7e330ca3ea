import { writeFileSync } from 'node:fs';
import { Agent, createServer, request } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { TrafficCapability } from 'cdk8s-model-serving';
import { startAgent } from '../../runtime/src/gateway';
import { KubernetesApi } from '../../runtime/src/kubernetes-api';
import { startApiServer } from '../../runtime/src/local/api-server';
import { startRollout } from '../../runtime/src/rollout';
import { sourceOf } from '../../runtime/src/rollout/sources';
import { readState } from '../../runtime/src/rollout/state';
import { parseDecisions } from '../../runtime/src/rollout/verbs';
import { createLogger } from '../../runtime/src/telemetry';
import { ENVOY } from '../support/envoy';
import { eventually } from '../support/eventually';
import { freePort } from '../support/free-port';
import { addSplit, addVersion, newGateway, startGateway } from '../support/gateways';
import { GrpcClient } from '../support/grpc-client';
import { describeWith } from '../support/requires';
import { temporaryDirectory } from '../support/temporary';
import { rolloutConfig } from './support';

const logger = createLogger({ level: 'silent' });
const directory = temporaryDirectory();
const ends: (() => Promise<unknown>)[] = [];

afterAll(async () => {
  for (const end of ends.splice(0).reverse()) {
    await end();
  }
});

/** A server of a version: it answers V1, and fails as often as it is told. */
async function startVersion(version: string, label: string) {
  const state = { errors: 0, requests: 0, failures: 0, shadows: 0 };
  const server = createServer((incoming, response) => {
    incoming.resume();
    incoming.on('end', () => {
      if (incoming.headers['x-shadow'] === undefined) {
        state.requests += 1;
      } else {
        state.shadows += 1;
      }
      const isFailure = Math.random() < state.errors;
      state.failures += isFailure ? 1 : 0;
      response.writeHead(isFailure ? 500 : 200, { 'Content-Type': 'application/json', 'x-version': version });
      response.end(JSON.stringify(isFailure ? { error: 'x' } : { predictions: [label] }));
    });
  });
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  return Object.assign(state, { port: (server.address() as AddressInfo).port });
}

/** Everything that a rollout has in a cluster, but for the cluster: the rendered gateway in Envoy, its agent, API, controller. */
async function startAll(name: string, labels: [string, string], withShadow: boolean) {
  const gateway = newGateway();
  const [v1, v2] = [addVersion(gateway, 'iris', 'v1'), addVersion(gateway, 'iris', 'v2')];
  const split = addSplit(gateway, v1, v2, {
    needs: [TrafficCapability.WEIGHT, TrafficCapability.MIRROR],
    ...(withShadow ? { comparisonHost: 'compare.ml.svc' } : {}),
  });
  const [stable, candidate] = [await startVersion('v1', labels[0]), await startVersion('v2', labels[1])];
  const controllerPort = await freePort();
  const root = join(directory, name);
  const envoy = await startGateway(
    gateway,
    root,
    [
      [v1, { http: [stable.port] }],
      [v2, { http: [candidate.port] }],
    ],
    { 'compare.ml.svc:8080': controllerPort },
  );
  const server = await startApiServer({ host: '127.0.0.1', port: 0, namespace: 'ml', podsOf: () => [] });
  ends.push(() => server.close());
  const api = KubernetesApi.at(server.url, { namespace: 'ml' });
  for (const [apiVersion, kind] of [
    ['v1', 'ConfigMap'],
    ['coordination.k8s.io/v1', 'Lease'],
  ]) {
    server.apply({ apiVersion, kind, metadata: { name: 'rollout' } });
  }
  const baseRoutesPath = join(root, 'base-routes.json');
  writeFileSync(baseRoutesPath, JSON.stringify(envoy.baseRoutes));
  const agent = await startAgent(
    {
      ...envoy.agent,
      baseRoutesPath,
      routesPath: join(root, 'routes/routes.json'),
      adminPort: envoy.adminPort,
      port: await freePort(),
    },
    { logger, api },
  );
  ends.push(() => agent.close());
  const usual = rolloutConfig();
  const config = rolloutConfig({
    name: 'rollout',
    stable: { ...usual.stable, url: `http://127.0.0.1:${stable.port}`, clusters: split.stableClusters },
    candidate: {
      ...usual.candidate,
      url: `http://127.0.0.1:${candidate.port}`,
      clusters: split.candidateClusters,
      shadowClusters: split.shadowClusters,
    },
    intervalMillis: 100,
    guardrails: [
      ...usual.guardrails,
      // Envoy adds up its histograms every five seconds, so each step takes as long.
      { name: 'slow', type: 'latency', max: 0.2, budgetMillis: 1000, alpha: 0.01, minSamples: 50 },
      ...(withShadow ? [{ name: 'same', type: 'disagreement', max: 0.2, alpha: 0.01, minSamples: 30 }] : []),
    ],
    steps: [
      ...(withShadow ? [{ type: 'shadow', share: 10_000, comparison: 5000, minMillis: 300, minSamples: 30 }] : []),
      { type: 'weight', share: 5000, minMillis: 300, minSamples: 50 },
    ],
  });
  const controller = await startRollout(config, {
    logger,
    api,
    ports: { http: controllerPort, metrics: 0 },
    findPods: async (host, port) => {
      const ports: Record<number, number> = { 8083: agent.address.port, 8082: envoy.metricsPort };
      return [{ host: '127.0.0.1', port: host === config.gateway.podsHost ? ports[port] : port }];
    },
  });
  ends.push(() => controller.close());
  const data = () => (server.get('ConfigMap', 'rollout') as { data?: Record<string, string> } | undefined)?.data;
  return {
    stable,
    candidate,
    send: () => send(envoy.port),
    state: () => readState(data()).state,
    decisions: () => parseDecisions(data()?.['decisions.jsonl'] ?? ''),
  };
}

const agent = new Agent({ keepAlive: true, maxSockets: 4 });

function send(port: number): Promise<{ status: number; version: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        agent,
        port,
        host: '127.0.0.1',
        method: 'POST',
        path: '/v1/models/iris:predict',
        headers: { 'content-type': 'application/json' },
      },
      (response) => {
        response.resume();
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, version: String(response.headers['x-version']) }),
        );
      },
    );
    outgoing.on('error', reject);
    outgoing.end('{"instances":[[1,2,3,4]]}');
  });
}

/** Sends requests until something is so. */
async function withTraffic(
  { send: one, state }: Pick<Awaited<ReturnType<typeof startAll>>, 'send' | 'state'>,
  what: string,
  isDone: () => boolean,
): Promise<void> {
  const describeState = () => `${state()?.phase}, step ${state()?.step}, ${state()?.reason}`;
  let isOver = false;
  const clients = Array.from({ length: 4 }, async () => {
    while (!isOver) {
      await one();
    }
  });
  try {
    await eventually(what, isDone).catch((error: Error) => {
      throw new Error(`${error.message}: ${describeState()}`);
    });
  } finally {
    isOver = true;
    await Promise.all(clients);
  }
}

/** A server of a version over gRPC that ends every call with a status: in trailers, or without a message. */
async function startGrpcVersion(status: () => number): Promise<number> {
  const server = createHttp2Server();
  const sessions = new Set<{ destroy(): void }>();
  server.on('session', (session) => sessions.add(session));
  server.on('stream', (stream) => {
    stream.resume();
    stream.on('end', () => {
      const end = { 'grpc-status': String(status()) };
      if (status() === 0) {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers(end));
        stream.end(Buffer.alloc(5));
      } else {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...end }, { endStream: true });
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(async () => {
    for (const session of sessions) {
      session.destroy();
    }
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

describeWith('a rollout with the real proxy and agent', ENVOY, () => {
  afterAll(() => agent.destroy());

  it('promotes a good candidate by what Envoy counts, and every request goes to it in the end', async () => {
    const all = await startAll('good', ['setosa', 'setosa'], true);
    await withTraffic(all, 'the promotion', () => all.state()?.phase === 'Promoted');
    const [shadow, first] = all.state()?.counts ?? [];
    expect(shadow.shadow.answered).toBeGreaterThanOrEqual(30);
    expect(shadow.comparison.agreements).toBeGreaterThanOrEqual(30);
    expect(shadow.comparison.disagreements).toBe(0);
    expect(first.candidate.answered).toBeGreaterThanOrEqual(50);
    expect(first.candidate.errors).toBe(0);
    const answers = await Promise.all(Array.from({ length: 50 }, all.send));
    expect(new Set(answers.map(({ version }) => version))).toEqual(new Set(['v2']));
  });

  it('rolls a candidate back that fails, and every request goes to the stable version', async () => {
    const all = await startAll('bad', ['setosa', 'setosa'], false);
    all.candidate.errors = 0.5;
    await withTraffic(all, 'the end', () => all.state()?.phase === 'RolledBack');
    expect(all.decisions().find(({ kind }) => kind === 'aborting')?.message).toContain('guardrail failed: errors');
    const answers = await Promise.all(Array.from({ length: 50 }, all.send));
    expect(answers.every(({ status, version }) => status === 200 && version === 'v1')).toBe(true);
  });

  it('rolls a candidate back whose answers differ, before it answers anyone', async () => {
    const all = await startAll('different', ['setosa', 'virginica'], true);
    await withTraffic(all, 'the end', () => all.state()?.phase === 'RolledBack');
    expect(all.decisions().find(({ kind }) => kind === 'aborting')?.message).toContain('guardrail failed: same');
    // Only the comparison and the mirror have asked it.
    expect(all.candidate.requests).toBe(0);
  });

  it('sees the statuses of gRPC of mirrored requests', async () => {
    const gateway = newGateway();
    const [v1, v2] = [addVersion(gateway, 'iris', 'v1'), addVersion(gateway, 'iris', 'v2')];
    const split = addSplit(gateway, v1, v2, { needs: [TrafficCapability.MIRROR] });
    let status = 0;
    const envoy = await startGateway(gateway, join(directory, 'grpc'), [
      [v1, { http: [await freePort()], grpc: [await startGrpcVersion(() => 0)] }],
      [v2, { http: [await freePort()], grpc: [await startGrpcVersion(() => status)] }],
    ]);
    await envoy.setSplit({ mirror: 10_000 });
    const usual = rolloutConfig();
    const source = sourceOf(
      rolloutConfig({
        stable: { ...usual.stable, clusters: split.stableClusters },
        candidate: { ...usual.candidate, clusters: split.candidateClusters, shadowClusters: split.shadowClusters },
      }),
      async () => [{ host: '127.0.0.1', port: envoy.metricsPort }],
    );
    const { signal } = new AbortController();
    const client = new GrpcClient(`127.0.0.1:${envoy.port}`);
    ends.push(async () => client.close());
    const [cluster] = split.shadowClusters.slice(-1);
    let sent = 0;
    /** Sends so many, all together, and waits until their mirrors are counted. */
    const mirrored = async (count: number) => {
      for (; sent < count; sent += 1) {
        await client.call('ModelInfer', { model_name: 'iris' }, { 'x-model-name': 'iris' });
      }
      const label = `envoy_cluster_name="${cluster}"`;
      await eventually('the mirrors', async () => (await envoy.metric('envoy_cluster_upstream_rq', label)) >= count);
    };
    await source.read(1, signal);
    await mirrored(4);
    expect((await source.read(1, signal)).counts?.shadow).toMatchObject({ answered: 4, errors: 0 });
    status = 13;
    await mirrored(7);
    expect((await source.read(1, signal)).counts?.shadow).toMatchObject({ answered: 3, errors: 3 });
    // A fault of the client is none of the version.
    status = 3;
    await mirrored(9);
    expect((await source.read(1, signal)).counts).toMatchObject({
      shadow: { answered: 2, errors: 0 },
      stable: { errors: 0 },
    });
  });

  it('counts requests with the header apart from all others', async () => {
    const gateway = newGateway();
    const [v1, v2] = [addVersion(gateway, 'iris', 'v1'), addVersion(gateway, 'iris', 'v2')];
    const pin = { needs: [TrafficCapability.HEADER], pinHeader: 'x-canary', pinValue: 'yes' };
    const split = addSplit(gateway, v1, v2, pin);
    const [stable, candidate] = [await startVersion('v1', 'setosa'), await startVersion('v2', 'setosa')];
    const envoy = await startGateway(gateway, join(directory, 'header'), [
      [v1, { http: [stable.port] }],
      [v2, { http: [candidate.port] }],
    ]);
    await envoy.setSplit({ pinned: true });
    const usual = rolloutConfig();
    const { candidateClusters: clusters, shadowClusters, pinClusters } = split;
    const source = sourceOf(
      rolloutConfig({
        stable: { ...usual.stable, clusters: split.stableClusters },
        candidate: { ...usual.candidate, clusters, shadowClusters, pinClusters },
      }),
      async () => [{ host: '127.0.0.1', port: envoy.metricsPort }],
    );
    const { signal } = new AbortController();
    await source.read(1, signal);
    for (const headers of [{ 'x-canary': 'yes' }, {}, { 'x-canary': 'no' }, { 'x-canary': 'yes' }, {}]) {
      await envoy.send('POST', '/v1/models/iris:predict', '{}', headers as Record<string, string>);
    }
    expect((await source.read(1, signal)).counts).toMatchObject({
      stable: { answered: 3 },
      candidate: { answered: 0 },
      pin: { answered: 2 },
    });
    expect(candidate.requests).toBe(2);
  });
});
