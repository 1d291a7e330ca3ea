import { ROLLOUT_KEYS, type RolloutConfig } from '../../lib/contract';
import { KubernetesApi } from '../../runtime/src/kubernetes-api';
import { startApiServer } from '../../runtime/src/local/api-server';
import { type RunningRollout, startRollout } from '../../runtime/src/rollout';
import { readState } from '../../runtime/src/rollout/state';
import { createLogger } from '../../runtime/src/telemetry';
import { startEventReceiver } from '../support/event-receiver';
import { eventually } from '../support/eventually';
import { startHttpGateway } from './http-gateway';
import { rolloutConfig } from './support';

const ends: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) {
    await end();
  }
});

/** A rollout in a hurry, with an API server, a proxy and traffic. */
async function start(changes: Partial<RolloutConfig> = {}, candidateErrors = 0.01) {
  const receiver = await startEventReceiver();
  const config = rolloutConfig({
    intervalMillis: 60,
    steps: [
      { type: 'weight', share: 1000, minMillis: 150, minSamples: 50 },
      { type: 'weight', share: 5000, minMillis: 150, minSamples: 50 },
    ],
    notifications: [{ url: receiver.url }],
    statusPage: true,
    ...changes,
  });
  const server = await startApiServer({ host: '127.0.0.1', port: 0, namespace: 'default', podsOf: () => [] });
  ends.push(() => server.close());
  server.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: config.name } });
  server.apply({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: config.name } });
  const gateway = await startHttpGateway(config, server.url);
  ends.push(() => gateway.close());
  const traffic = setInterval(() => gateway.send(40, 0.01, candidateErrors), 10);
  ends.push(async () => clearInterval(traffic));
  const controller = async (): Promise<RunningRollout> => {
    const running = await startRollout(config, {
      logger: createLogger({ level: 'silent' }),
      api: KubernetesApi.at(server.url),
      ports: { http: 0, metrics: 0 },
      findPods: async (host, port) => {
        const ports: Record<number, number> = { 8083: gateway.agentPort, 8082: gateway.metricsPort };
        return [{ host: '127.0.0.1', port: host === config.gateway.podsHost ? ports[port] : port }];
      },
    });
    ends.push(() => running.close());
    return running;
  };
  const configMap = () => server.get('ConfigMap', config.name) as { data?: Record<string, string> } | undefined;
  const phase = () => readState(configMap()?.data).state?.phase;
  return { config, server, gateway, receiver, controller, configMap, phase };
}

const REVENUE = {
  outcomes: [{ name: 'revenue', source: 'reported' }],
  guardrails: [
    { name: 'revenue', type: 'outcome', outcome: 'revenue', direction: 'lower-is-worse', margin: 0.5, alpha: 0.01 },
  ].map((guardrail) => ({ ...guardrail, minSamples: 1000 })),
};

/** Reports values to a controller, a hundred of each version at once: 10 ± 1 of the stable one. */
async function report({ ports }: RunningRollout, candidateMean: number): Promise<Response> {
  const values = (version: string, mean: number) =>
    Array.from({ length: 100 }, (_, index) => ({
      metric: 'revenue',
      version,
      value: mean + (index % 2 === 0 ? 1 : -1),
    }));
  return fetch(`http://127.0.0.1:${ports.outcomes}/outcomes`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify([...values('v1', 10), ...values('v2', candidateMean)]),
  });
}

describe('startRollout', () => {
  it('promotes a good candidate, and tells of it everywhere', async () => {
    const { controller, phase, gateway, receiver, server, configMap } = await start();
    const { ports } = await controller();
    await eventually('the promotion', () => phase() === 'Promoted');
    expect(gateway.candidateWeight).toBe(10_000);
    const types = await eventually('the notification', () => {
      const found = receiver.batches.map(({ events }) => (events as unknown as { type: string }).type);
      return found.at(-1)?.endsWith('.promoted') && found;
    });
    expect(types.map((type) => type.split('.').at(-1))).toEqual(['started', 'step', 'step', 'promoting', 'promoted']);
    const metrics = await (await fetch(`http://127.0.0.1:${ports.metrics}/metrics`)).text();
    expect(metrics).toContain('model_serving_rollout_phase{rollout="iris",phase="Promoted"} 1');
    expect(metrics).toContain('model_serving_rollout_candidate_weight_ratio{rollout="iris"} 1');
    expect(metrics).toContain('model_serving_rollout_leader{rollout="iris"} 1');
    const listed = await fetch(`${server.url}/api/v1/namespaces/default/events`);
    const events = (await listed.json()) as { items: { reason: string }[] };
    expect(events.items.map(({ reason }) => reason)).toContain('Promoted');
    expect(JSON.parse(configMap()?.data?.[ROLLOUT_KEYS.status] ?? '')).toMatchObject({
      phase: 'Promoted',
      candidateWeight: 10_000,
      guardrails: [{ name: 'errors', outcome: 'pass' }],
    });
    const page = await fetch(`http://127.0.0.1:${ports.http}/status.json`);
    expect(await page.json()).toMatchObject({ phase: 'Promoted' });
  });

  it('rolls a bad candidate back', async () => {
    const { controller, phase, gateway, configMap } = await start({}, 0.5);
    await controller();
    await eventually('the end', () => phase() === 'RolledBack');
    expect(gateway.candidateWeight).toBe(0);
    expect(configMap()?.data?.[ROLLOUT_KEYS.decisions]).toContain('guardrail failed');
  });

  it('turns back a candidate that earns less, by what applications report', async () => {
    const { controller, phase, gateway, configMap } = await start(REVENUE);
    const running = await controller();
    await eventually('the end', async () => {
      await report(running, 8);
      return phase() === 'RolledBack';
    });
    expect(gateway.candidateWeight).toBe(0);
    const status = JSON.parse(configMap()?.data?.[ROLLOUT_KEYS.status] ?? '');
    expect(status.guardrails).toEqual([
      { name: 'revenue', outcome: 'fail', reason: expect.stringContaining('is 2 worse than 10 of') },
    ]);
    const page = await (await fetch(`http://127.0.0.1:${running.ports.http}/status.json`)).json();
    expect(page).toMatchObject({ guardrails: [{ outcome: 'fail' }] });
    const metrics = await (await fetch(`http://127.0.0.1:${running.ports.metrics}/metrics`)).text();
    expect(metrics).toContain(
      'model_serving_rollout_guardrail_outcome{rollout="iris",guardrail="revenue",outcome="fail"} 1',
    );
    expect(metrics).toMatch(/outcomes_total\{rollout="iris",outcome="accepted"\} [1-9]/);
  });

  it('promotes a candidate that earns as much, with values that another controller counted before', async () => {
    const { controller, phase, configMap, config, server } = await start(REVENUE);
    const state = () => readState(configMap()?.data).state;
    const first = await controller();
    const counted = () => state()?.counts[0]?.outcomes.revenue?.candidate.n ?? 0;
    await eventually('values', async () => {
      await report(first, 10);
      return counted() > 0;
    });
    await first.close();
    ends.pop();
    const before = counted();
    const second = await controller();
    await eventually('another leader', () => (state()?.holder?.term ?? 0) > 1);
    expect(counted()).toBeGreaterThanOrEqual(before);
    await eventually('the promotion', async () => {
      await report(second, 10);
      return phase() === 'Promoted';
    });
    expect(server.get('ConfigMap', config.name)).toBeDefined();
    expect(state()?.evidence.revenue).toMatchObject({ outcome: 'pass', direction: 'lower-is-worse' });
  });

  it('obeys people at once, not at the next look', async () => {
    const { controller, phase, server, config } = await start({
      intervalMillis: 600_000,
      steps: [{ type: 'weight', share: 1000, minMillis: 1_000_000 }],
    });
    await controller();
    await eventually('the first step', () => phase() === 'Progressing');
    const annotations = { 'model-serving/abort': 'labels are wrong' };
    server.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: config.name, annotations } });
    await eventually('the end', () => phase() === 'RolledBack');
  });

  it('lets another controller lead when it is stopped, at once', async () => {
    const { controller, server, config, phase } = await start({
      steps: [{ type: 'weight', share: 1000 }, { type: 'pause' }],
    });
    const first = await controller();
    await eventually('the pause', () => phase() === 'Paused');
    await controller();
    await first.close();
    ends.splice(ends.length - 2, 1);
    await eventually('another leader', () => {
      const lease = server.get('Lease', config.name) as { spec?: { leaseTransitions?: number } } | undefined;
      return lease?.spec?.leaseTransitions === 2;
    });
  });

  it('answers health checks, and is ready when it has been heard by the API', async () => {
    const { controller } = await start();
    const { ports } = await controller();
    const status = async (path: string) => (await fetch(`http://127.0.0.1:${ports.metrics}${path}`)).status;
    expect(await status('/live')).toBe(200);
    expect(await status('/nothing')).toBe(404);
    await eventually('readiness', async () => (await status('/ready')) === 200);
  });
});
