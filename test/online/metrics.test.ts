import { METRICS } from '../../lib/contract';
import { HistogramCell } from '../../runtime/src/telemetry/histogram';
import { fixture, startTestPredictor, type TestPredictor } from '../support/predictor';

const ROW = [5.1, 3.5, 1.4, 0.2];

describe('metrics', () => {
  let server: TestPredictor;
  const value = async (name: string, labels: Record<string, string> = {}) => {
    const wanted = Object.entries(labels).map(([label, text]) => `${label}="${text}"`);
    const lines = (await server.metrics())
      .split('\n')
      .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
    const found = lines.filter((line) => wanted.every((label) => line.includes(label)));
    expect(found).toHaveLength(1);
    return Number(found[0].split(' ').at(-1));
  };
  const MLP = { model: 'mlp', version: '3' };

  beforeAll(async () => {
    server = await startTestPredictor(
      [fixture('mlp.onnx', { version: '3', latencyBudgetMillis: 33_000 }), fixture('corrupted.onnx')],
      {},
      { onLoadFailure: 'report' },
    );
  });

  it('has every series at 0 from the start', async () => {
    for (const protocol of ['v1', 'v2']) {
      for (const code of ['2xx', '4xx', '5xx']) {
        expect(await value(METRICS.requests, { ...MLP, protocol, code })).toBe(0);
      }
      expect(await value(`${METRICS.requestDuration}_count`, { ...MLP, protocol })).toBe(0);
      expect(await value(`${METRICS.requestDuration}_bucket`, { ...MLP, protocol, le: '+Inf' })).toBe(0);
    }
    expect(await value(`${METRICS.inferenceDuration}_count`, MLP)).toBe(0);
    expect(await value(`${METRICS.batchRows}_sum`, MLP)).toBe(0);
    expect(await value(METRICS.inFlight)).toBe(0);
    for (const stage of ['queue', 'features', 'inference', 'serialization']) {
      expect(await value(`${METRICS.stageDuration}_count`, { ...MLP, stage })).toBe(0);
    }
    for (const reason of ['deadline', 'queue-full', 'priority', 'expired', 'abandoned']) {
      expect(await value(METRICS.shed, { ...MLP, reason })).toBe(0);
    }
    for (const source of ['own', 'response-cache']) {
      expect(await value(METRICS.predictions, { ...MLP, source })).toBe(0);
    }
    for (const result of ['hit', 'miss', 'shared']) {
      expect(await value(METRICS.cacheLookups, { ...MLP, result })).toBe(0);
    }
    for (const name of [
      METRICS.queuedRequests,
      METRICS.queuedRows,
      METRICS.queueAge,
      METRICS.workerDeaths,
      METRICS.cacheBytes,
    ]) {
      expect(await value(name, MLP)).toBe(0);
    }
  });

  it('has the latency budget as an edge of the buckets, so that answers within it can be counted', async () => {
    const budget = { model: 'mlp', version: '3', le: '33' };
    expect(await value(`${METRICS.requestDuration}_bucket`, { ...budget, protocol: 'v1' })).toBe(0);
    expect(await value(`${METRICS.stageDuration}_bucket`, { ...budget, stage: 'queue' })).toBe(0);
  });

  it('tells where a model runs and how many rows share a run', async () => {
    expect(await value(METRICS.placement, { ...MLP, placement: 'inline' })).toBe(1);
    expect(await value(METRICS.placement, { ...MLP, placement: 'worker' })).toBe(0);
    expect(await value(METRICS.batchLimit, MLP)).toBeGreaterThan(1);
  });

  it('tells which models are ready, what they are and how long they took', async () => {
    expect(await value(METRICS.modelReady, MLP)).toBe(1);
    expect(await value(METRICS.modelReady, { model: 'corrupted' })).toBe(0);
    expect(await value(METRICS.modelLoadDuration, MLP)).toBeGreaterThan(0);
    const { sha256 } = fixture('mlp.onnx');
    expect(await value(METRICS.modelInfo, { ...MLP, sha256, format: 'onnx' })).toBe(1);
  });

  it('counts answers by protocol and class, rows and runs', async () => {
    await server.post('/v1/models/mlp:predict', { instances: [ROW, ROW, ROW] });
    await server.post('/v1/models/mlp:predict', { instances: 'x' });
    await server.post('/v2/models/mlp/versions/3/infer', '');
    await server.post('/v2/models/other/infer', '');

    expect(await value(METRICS.requests, { ...MLP, protocol: 'v1', code: '2xx' })).toBe(1);
    expect(await value(METRICS.requests, { ...MLP, protocol: 'v1', code: '4xx' })).toBe(1);
    expect(await value(METRICS.requests, { ...MLP, protocol: 'v2', code: '4xx' })).toBe(1);
    expect(await value(`${METRICS.requestDuration}_count`, { ...MLP, protocol: 'v1' })).toBe(2);
    expect(await value(`${METRICS.batchRows}_sum`, MLP)).toBe(3);
    expect(await value(`${METRICS.batchRows}_bucket`, { ...MLP, le: '2' })).toBe(0);
    expect(await value(`${METRICS.batchRows}_bucket`, { ...MLP, le: '4' })).toBe(1);
    expect(await value(`${METRICS.inferenceDuration}_count`, MLP)).toBe(1);
    expect(await value(METRICS.predictions, { ...MLP, source: 'own' })).toBe(1);
    for (const stage of ['queue', 'inference', 'serialization']) {
      expect(await value(`${METRICS.stageDuration}_count`, { ...MLP, stage })).toBe(1);
    }
    expect(await value(METRICS.inFlight)).toBe(0);
  });

  it('counts predictions of a model that is not ready, and no other request to it', async () => {
    const CORRUPTED = { model: 'corrupted', version: '1' };
    await server.post('/v1/models/corrupted:predict', { instances: [ROW] });
    await server.post('/v1/models/corrupted/versions/1:predict', { instances: [ROW] });
    await server.post('/v2/models/corrupted/infer', '');
    for (const path of ['/v1/models/corrupted', '/v2/models/corrupted', '/v2/models/corrupted/ready']) {
      expect((await server.get(path)).status).toBe(503);
    }

    expect(await value(METRICS.requests, { ...CORRUPTED, protocol: 'v1', code: '5xx' })).toBe(2);
    expect(await value(METRICS.requests, { ...CORRUPTED, protocol: 'v2', code: '5xx' })).toBe(1);
    expect(await value(`${METRICS.requestDuration}_count`, { ...CORRUPTED, protocol: 'v2' })).toBe(1);
  });

  it('is text that Prometheus reads, with the metrics of the process', async () => {
    const { port } = server.predictor.addresses.metrics;
    const response = await fetch(`http://127.0.0.1:${port}/metrics`);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    const lines = (await response.text()).split('\n').filter((line) => line !== '');
    for (const line of lines) {
      expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|\w+(\{([a-z0-9_]+="[^"]*",?)+\})? ([-+0-9.e]+|Nan))$/);
    }
    expect(lines.some((line) => line.startsWith('process_resident_memory_bytes '))).toBe(true);
    const names = lines.flatMap((line) => /^# TYPE (model_serving\w+)/.exec(line)?.[1] ?? []);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => !Object.values<string>(METRICS).includes(name))).toEqual([]);
  });

  it('is nowhere else, and nothing else is there', async () => {
    const { port } = server.predictor.addresses.metrics;
    expect((await server.get('/metrics')).status).toBe(404);
    expect((await fetch(`http://127.0.0.1:${port}/v1/models`)).status).toBe(404);
    const post = await fetch(`http://127.0.0.1:${port}/metrics`, { method: 'POST' });
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });
});

describe('HistogramCell', () => {
  it('counts an observation in the first bucket that holds it', () => {
    const cell = new HistogramCell([1, 2, 5]);
    for (const value of [0.5, 1, 1.5, 5, 9, Number.NaN, Number.POSITIVE_INFINITY]) {
      cell.observe(value);
    }
    expect(cell.cumulated()).toEqual([2, 3, 4, 5]);
    expect(cell.sum).toBe(17);
  });
});
