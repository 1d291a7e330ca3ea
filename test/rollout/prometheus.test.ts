import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { OutcomeMetricConfig, RolloutConfig } from '../../lib/contract';
import { KubernetesApi } from '../../runtime/src/kubernetes-api';
import { startApiServer } from '../../runtime/src/local/api-server';
import { startRollout } from '../../runtime/src/rollout';
import { OutcomeSource, Reports } from '../../runtime/src/rollout/outcomes';
import { sourceOf } from '../../runtime/src/rollout/sources';
import { type RolloutState, readState } from '../../runtime/src/rollout/state';
import { createLogger } from '../../runtime/src/telemetry';
import { ENVOY } from '../support/envoy';
import { eventually } from '../support/eventually';
import { addSplit, addVersion, newGateway, startGateway } from '../support/gateways';
import { PROMETHEUS, startPrometheus, type TestPrometheus } from '../support/prometheus';
import { describeWith } from '../support/requires';
import { temporaryDirectory } from '../support/temporary';
import { EnvoyCounters } from './envoy-counters';
import { startHttpGateway } from './http-gateway';
import { rolloutConfig } from './support';

const directory = temporaryDirectory();
const { signal } = new AbortController();
const ends: (() => Promise<unknown>)[] = [];

afterAll(async () => {
  for (const end of ends.splice(0).reverse()) {
    await end();
  }
});

/** A server whose metrics are what the text says at each scrape; undefined = it fails. */
async function startExporter(text: () => string | undefined): Promise<string> {
  const server = createServer((_, response) => {
    const body = text();
    response.writeHead(body === undefined ? 500 : 200, { 'Content-Type': 'text/plain; version=0.0.4' }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Counters of an application for the values of a version, as its processes export them. */
class ShopCounters {
  private readonly moments = new Map<string, [number, number, number]>();

  add(version: string, ...values: number[]): this {
    const [n, sum, squares] = this.moments.get(version) ?? [0, 0, 0];
    const more = values.reduce((total, value) => total + value, 0);
    const moreSquares = values.reduce((total, value) => total + value * value, 0);
    this.moments.set(version, [n + values.length, sum + more, squares + moreSquares]);
    return this;
  }

  get text(): string {
    return [...this.moments]
      .flatMap(([version, values]) =>
        ['count', 'sum', 'squares'].map((key, index) => `shop_${key}{version="${version}"} ${values[index]}\n`),
      )
      .join('');
  }
}

const QUERIES = {
  count: 'shop_count{version="{version}"}',
  sum: 'shop_sum{version="{version}"}',
  sumSquares: 'shop_squares{version="{version}"}',
};

describeWith('the real Prometheus', PROMETHEUS, () => {
  let prometheus: TestPrometheus;
  let addresses: string[];
  let texts: (() => string | undefined)[];
  const envoys = () => [new EnvoyCounters(), new EnvoyCounters()] as const;
  let [one, two] = envoys();
  let shop = new ShopCounters();
  let looks = 0;

  /** One that is going to die, started before it is needed. */
  let dying: ReturnType<typeof startDying>;

  beforeAll(async () => {
    dying = startDying(['pause', 'abort']);
    texts = [() => '', () => ''];
    addresses = [await startExporter(() => texts[0]()), await startExporter(() => texts[1]())];
    prometheus = await startPrometheus(
      directory,
      addresses.map((address) => ({ address, path: '/' })),
    );
  });

  beforeEach(() => {
    [one, two] = envoys();
    shop = new ShopCounters();
    texts = [one, two].map((envoy) => () => `${envoy.text}${shop.text}look ${looks}\n`);
  });

  /** Waits until every exporter was scraped as it is now. */
  async function scraped(count = 2): Promise<void> {
    looks += 1;
    await eventually('a scrape', async () => (await prometheus.query(`look == ${looks}`)).length === count);
  }

  const asked = (): RolloutConfig['metrics'] => ({ type: 'prometheus', url: prometheus.url, timeoutMillis: 3000 });
  const source = (changes: Partial<RolloutConfig> = {}) =>
    sourceOf(rolloutConfig({ metrics: asked(), ...changes }), async () => []);
  const outcomes = (changes: Partial<OutcomeMetricConfig> = {}, timeoutMillis = 3000) => {
    const metric = { name: 'revenue', source: 'prometheus', url: prometheus.url, queries: QUERIES, ...changes };
    const config = rolloutConfig({ outcomes: [metric], metrics: { ...asked(), timeoutMillis } });
    return new OutcomeSource(config, new Reports(config));
  };

  describe('as the source of counts', () => {
    it('gives the exact growth of the counters of each version, and their age', async () => {
      one.answer('iris-v1-http', 200, 1000);
      await scraped();
      const reader = source();
      expect((await reader.read(2, signal)).counts?.stable.answered).toBe(0);
      one.answer('iris-v1-http', 200, 90, 9).answer('iris-v1-http', 503, 5);
      two.answer('iris-v2-http', 200, 7).answer('iris-v2-shadow-http', 429, 2);
      two.answer('iris-v2-grpc', 200, 4).add('iris-v2-grpc', { grpc_0: 3, grpc_14: 1 });
      await scraped();
      const { counts, ageMillis } = await reader.read(2, signal);
      expect(counts).toMatchObject({
        stable: { started: 95, answered: 95, errors: 5, timed: 95 },
        candidate: { started: 11, answered: 11, errors: 1 },
        shadow: { answered: 2, errors: 2 },
      });
      expect(ageMillis).toBeLessThan(10_000);
    });

    it('counts a proxy that was restarted from 0', async () => {
      one.answer('iris-v1-http', 200, 500);
      await scraped();
      const reader = source();
      await reader.read(2, signal);
      const restarted = new EnvoyCounters().answer('iris-v1-http', 200, 20);
      texts[0] = () => `${restarted.text}look ${looks}\n`;
      await scraped();
      expect((await reader.read(2, signal)).counts?.stable.answered).toBe(20);
    });

    it('has no counts of a proxy that is not scraped any more: its series are stale at once', async () => {
      await scraped();
      const reader = source();
      await reader.read(2, signal);
      texts[1] = () => undefined;
      await eventually('staleness', async () => (await prometheus.query('up == 0')).length === 1);
      expect((await reader.read(2, signal)).missing).toContain('series of 1 proxies, of 2');
    });

    it('has no counts when there are proxies of another gateway among them', async () => {
      await scraped();
      expect((await source().read(1, signal)).missing).toContain('series of 2 proxies, of 1');
      const own = { ...asked(), labels: { instance: addresses[0] as string } };
      expect((await source({ metrics: own }).read(1, signal)).missing).toBeUndefined();
    });

    it('has no counts where a counter is not a number, or no series has the clusters', async () => {
      texts[0] = () =>
        `${one.text.replace(/(rq_total\{envoy_cluster_name="iris-v1-http"\}) \d+/, '$1 NaN')}look ${looks}\n`;
      await scraped();
      expect((await source().read(2, signal)).missing).toContain('no counters of iris-v1-http');
      const { stable } = rolloutConfig();
      const other = source({ stable: { ...stable, clusters: ['nobody'] } });
      expect((await other.read(2, signal)).missing).toContain('no counters of nobody');
    });
  });

  describe('as the source of outcomes', () => {
    it('gives the values of each version since the last look, of all processes', async () => {
      shop.add('v1', 1, 2).add('v2', 5);
      await scraped();
      const reader = outcomes();
      expect((await reader.read(signal)).outcomes.revenue.stable.n).toBe(0);
      shop.add('v1', 3, 4).add('v2', -2);
      await scraped();
      // Two processes, each of which has counted them.
      expect(await reader.read(signal)).toEqual({
        outcomes: {
          revenue: {
            stable: { n: 4, sum: 14, sumSquares: 50 },
            candidate: { n: 2, sum: -4, sumSquares: 8 },
          },
        },
      });
    });

    it('takes sum(…) as well, and counts nothing of an interval in which a process was restarted', async () => {
      const summed = Object.fromEntries(Object.entries(QUERIES).map(([key, query]) => [key, `sum(${query})`]));
      shop.add('v1', 1, 1, 1).add('v2', 1);
      await scraped();
      const reader = outcomes({ queries: summed as typeof QUERIES });
      await reader.read(signal);
      texts[0] = () => `${new ShopCounters().add('v1', 9).add('v2', 1).text}look ${looks}\n`;
      await scraped();
      expect((await reader.read(signal)).outcomes.revenue.stable.n).toBe(0);
      shop.add('v1', 7);
      await scraped();
      expect((await reader.read(signal)).outcomes.revenue.stable).toEqual({ n: 1, sum: 7, sumSquares: 49 });
    });

    it('says what is missing: a version without series, a sum without a count, no number, a query that is none', async () => {
      shop.add('v1', 1);
      await scraped();
      const missing = async (changes: Partial<typeof QUERIES> = {}) =>
        (await outcomes({ queries: { ...QUERIES, ...changes } }).read(signal)).missing;
      expect(await missing()).toBe('outcome revenue of Prometheus: there are no series of the candidate version v2');
      shop.add('v2', 1);
      await scraped();
      expect(await missing()).toBeUndefined();
      expect(await missing({ count: 'nothing{version="{version}"}' })).toContain('stable version has not all sums');
      expect(await missing({ sum: 'shop_sum{version="{version}"} / 0 - Inf' })).toContain('has not all sums');
      expect(await missing({ sum: 'shop_sum{version="{version}"' })).toContain('it answered 400');
      expect(await missing({ sum: 'shop_sum{version="{version}"' })).toContain('parse error');
    });
  });

  it('is slow: there is no answer in time, and the next one counts', async () => {
    shop.add('v1', 1).add('v2', 1);
    await scraped();
    const counts = source({ metrics: { ...asked(), timeoutMillis: 500 } });
    const values = outcomes({}, 500);
    prometheus.freeze();
    try {
      expect((await counts.read(2, signal)).missing).toContain('no answer within 500 ms');
      expect((await values.read(signal)).missing).toContain('no answer within 500 ms');
    } finally {
      prometheus.resume();
    }
    await scraped();
    await eventually('an answer', async () => (await counts.read(2, signal)).missing === undefined);
  });

  it('dies in the middle: the share is held, and then there is what is configured', async () => {
    const { gateways, mortal } = await dying;
    const requests = 'count by (namespace) (envoy_cluster_upstream_rq_total > 0)';
    await eventually('a scrape of both', async () => (await mortal.query(requests)).length === 2);
    const [paused, aborted] = await Promise.all(gateways.map(({ control }) => control(mortal.url)));
    const counted = ({ state }: { state: () => RolloutState | undefined }) =>
      (state()?.counts[0]?.candidate.answered ?? 0) > 0;
    await eventually('counts of both', () => counted(paused) && counted(aborted));
    expect([paused, aborted].map(({ state }) => state()?.phase)).toEqual(['Progressing', 'Progressing']);
    await mortal.kill();
    await eventually('the pause', () => paused.state()?.phase === 'Paused');
    await eventually('the end', () => aborted.state()?.phase === 'RolledBack');
    expect(paused.state()?.pausedFor).toBe('missing-data');
    expect([paused, aborted].map(({ state }) => state()?.reason)).toEqual([
      expect.stringContaining('Prometheus'),
      expect.stringContaining('Prometheus'),
    ]);
    expect(gateways.map(({ gateway }) => gateway.candidateWeight)).toEqual([1000, 0]);
  });
});

/** Gateways with requests, by what happens when counts are missing, and the Prometheus that scrapes them. */
async function startDying(actions: string[]) {
  const gateways = await Promise.all(actions.map((action) => startRequests(action)));
  const mortal = await startPrometheus(
    directory,
    gateways.map(({ gateway }, index) => ({
      address: `127.0.0.1:${gateway.metricsPort}`,
      path: '/stats/prometheus',
      labels: { namespace: actions[index] as string },
    })),
  );
  return { gateways, mortal };
}

/** A gateway with requests, and what starts a controller that knows of them by Prometheus alone. */
async function startRequests(action: string) {
  const api = await startApiServer({ host: '127.0.0.1', port: 0, namespace: 'default', podsOf: () => [] });
  ends.push(() => api.close());
  const base = rolloutConfig({
    intervalMillis: 60,
    missingData: { holdMillis: 3000, action },
    steps: [{ type: 'weight', share: 1000, minMillis: 600_000 }],
  });
  api.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: base.name } });
  api.apply({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: base.name } });
  const gateway = await startHttpGateway(base, api.url);
  ends.push(() => gateway.close());
  const traffic = setInterval(() => gateway.send(40, 0.01, 0.01), 20);
  ends.push(async () => clearInterval(traffic));
  const control = async (url: string) => {
    const metrics = { type: 'prometheus', url, labels: { namespace: action }, timeoutMillis: 2000 };
    const config = { ...base, metrics };
    const controller = await startRollout(config, {
      logger: createLogger({ level: 'silent' }),
      api: KubernetesApi.at(api.url),
      ports: { http: 0, metrics: 0 },
      findPods: async (host, port) => [
        { host: '127.0.0.1', port: host === config.gateway.podsHost ? gateway.agentPort : port },
      ],
    });
    ends.push(() => controller.close());
    const data = () => (api.get('ConfigMap', base.name) as { data?: Record<string, string> } | undefined)?.data;
    return { state: () => readState(data()).state };
  };
  return { gateway, control };
}

const BOTH = { what: `${PROMETHEUS.what}, and ${ENVOY.what}`, present: PROMETHEUS.present && ENVOY.present };

describeWith('the real Prometheus and the real proxy', BOTH, () => {
  it('count every request that a version answered', async () => {
    const gateway = newGateway();
    const [v1, v2] = [addVersion(gateway, 'iris', 'v1'), addVersion(gateway, 'iris', 'v2')];
    const split = addSplit(gateway, v1, v2);
    const server = createServer((incoming, response) => {
      incoming.resume().on('end', () => response.writeHead(incoming.headers['x-fail'] ? 500 : 200).end('{}'));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ends.push(async () => server.closeAllConnections() ?? server.close());
    const { port } = server.address() as AddressInfo;
    const envoy = await startGateway(gateway, `${directory}/envoy`, [
      [v1, { http: [port] }],
      [v2, { http: [port] }],
    ]);
    await envoy.setSplit({ candidate: 5000 });
    const prometheus = await startPrometheus(directory, [
      { address: `127.0.0.1:${envoy.metricsPort}`, path: '/stats/prometheus' },
    ]);
    const usual = rolloutConfig();
    const source = sourceOf(
      rolloutConfig({
        metrics: { type: 'prometheus', url: prometheus.url, timeoutMillis: 3000 },
        stable: { ...usual.stable, clusters: split.stableClusters },
        candidate: {
          ...usual.candidate,
          clusters: split.candidateClusters,
          shadowClusters: split.shadowClusters,
        },
      }),
      async () => [],
    );
    await eventually('a first reading', async () => (await source.read(1, signal)).counts !== undefined);
    const send = (headers = {}) => envoy.send('POST', '/v1/models/iris:predict', '{}', headers);
    for (let count = 0; count < 40; count += 1) {
      await send(count % 4 === 0 ? { 'x-fail': '1' } : {});
    }
    const total = `sum(envoy_cluster_upstream_rq{envoy_cluster_name=~"${[...split.stableClusters, ...split.candidateClusters].join('|')}"})`;
    await eventually('a scrape', async () => Number((await prometheus.query(total))[0]?.value[1]) === 40);
    const { counts } = await source.read(1, signal);
    expect((counts?.stable.answered ?? 0) + (counts?.candidate.answered ?? 0)).toBe(40);
    expect((counts?.stable.errors ?? 0) + (counts?.candidate.errors ?? 0)).toBe(10);
    expect(counts?.candidate.answered).toBeGreaterThan(0);
    expect(counts?.shadow.answered).toBe(0);
  });
});
