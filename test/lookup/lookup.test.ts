import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LookupConfig, PredictionLookupConfig } from '../../lib/contract';
import { startLookup } from '../../runtime/src/lookup';
import type { Predictor } from '../../runtime/src/online';
import { createLogger } from '../../runtime/src/telemetry';
import { eventually } from '../support/eventually';
import { startFaultProxy } from '../support/fault-proxy';
import { seriesValue } from '../support/features';
import { GrpcClient } from '../support/grpc-client';
import { sinkConfig, sinkRun, writeRun } from '../support/prediction-tables';
import { REDIS_SERVER, type RedisServer, startRedisServer } from '../support/redis-server';
import { describeWith } from '../support/requires';
import { servingConfig } from '../support/serving-config';
import { temporaryDirectory } from '../support/temporary';

const DIRECTORY = temporaryDirectory();
const MODEL = '/v2/models/reco';
const started: Predictor[] = [];

function lookupConfig(address: string, lookup: Partial<PredictionLookupConfig> = {}): PredictionLookupConfig {
  return { name: 'reco', version: '1', table: { address, table: 'reco' }, key: 'user', timeoutMillis: 300, ...lookup };
}

async function start(...lookups: PredictionLookupConfig[]) {
  process.env.MODEL_SERVING_HOST = '127.0.0.1';
  const { server } = servingConfig();
  const config: LookupConfig = {
    schema: 'model-serving-lookup/v1',
    lookups,
    server: { ...server, httpPort: 0, grpcPort: 0, metricsPort: 0 },
  };
  const running = await startLookup(config, {
    logger: createLogger({ level: 'silent' }),
    limits: { lastRequestsMillis: 0 },
  });
  started.push(running);
  const { http, metrics, grpc } = running.addresses;
  const get = (path: string) => fetch(`http://127.0.0.1:${http.port}${path}`);
  const post = async (path: string, body: unknown) => {
    const init = { method: 'POST', body: JSON.stringify(body) };
    const response = await fetch(`http://127.0.0.1:${http.port}${path}`, init);
    // biome-ignore lint/suspicious/noExplicitAny: tests look at bodies of any form
    return { status: response.status, headers: response.headers, body: (await response.json()) as any };
  };
  return {
    get,
    post,
    grpcPort: grpc.port,
    predict: (...users: string[]) => post('/v1/models/reco:predict', { instances: users }),
    isReady: async () => (await get(`${MODEL}/ready`)).status === 200,
    metrics: async () => (await fetch(`http://127.0.0.1:${metrics.port}/metrics`)).text(),
  };
}

/** Users with a score and two items each. */
const users = (from: number, to: number, score: string) => `SELECT 'u' || i AS "user", CAST(${score} AS FLOAT) AS score,
  ['item-' || i, 'item-' || (i + 1)] AS items, i AS id FROM range(${from}, ${to}) t(i)`;

describeWith('predictions that are looked up', REDIS_SERVER, () => {
  let redis: RedisServer;
  let minutes = 0;

  beforeAll(async () => {
    redis = await startRedisServer();
  });

  afterAll(() => Promise.allSettled(started.map((running) => running.drain())));

  const write = (id: string, query: string, columns = ['score', 'items', 'id']) => {
    minutes += 1;
    const time = Date.UTC(2026, 10, 1, 0, minutes);
    return writeRun(sinkConfig(redis.address, { columns }), sinkRun({ id, time }), query);
  };

  it('are answered once a run is complete; until then the process is ready and the model is not', async () => {
    await redis.command('FLUSHALL');
    const test = await start(lookupConfig(redis.address));
    await eventually('the process is ready', async () => (await test.get('/v2/health/ready')).status === 200);
    const early = await test.predict('u1');
    expect([early.status, early.headers.get('retry-after')]).toEqual([503, '1']);
    expect(early.body.error).toContain('no run of the prediction table is complete yet');
    expect(await test.isReady()).toBe(false);
    expect(seriesValue(await test.metrics(), 'model_serving_lookup_run_available')).toBe(0);
    await write('first', users(0, 10, 'i / 8'));
    await eventually('the model is ready', test.isReady);
    expect((await test.predict('u1')).status).toBe(200);
  });

  describe('of a table', () => {
    let test: Awaited<ReturnType<typeof start>>;

    beforeAll(async () => {
      await redis.command('FLUSHALL');
      await write('r1', users(0, 100, 'i / 8'));
      test = await start(lookupConfig(redis.address, { maxAgeMillis: 3_600_000 }));
      await eventually('the model is ready', test.isReady);
    });

    it('over V1, V2 and gRPC, with keys as [n] and [n, 1]', async () => {
      const v1 = await test.predict('u3', 'u1', 'u3');
      const prediction = (i: number) => ({ score: i / 8, items: [`item-${i}`, `item-${i + 1}`], id: i });
      expect(v1.body.predictions).toEqual([3, 1, 3].map(prediction));
      expect([v1.headers.get('x-prediction-run'), v1.headers.get('x-prediction-source')]).toEqual(['r1', null]);
      for (const shape of [[2], [2, 1]]) {
        const v2 = await test.post(`${MODEL}/infer`, {
          inputs: [{ name: 'user', datatype: 'BYTES', shape, data: ['u8', 'u2'] }],
        });
        expect(v2.body.outputs).toEqual([
          { name: 'score', datatype: 'FP32', shape: [2], data: [1, 0.25] },
          { name: 'items', datatype: 'BYTES', shape: [2, 2], data: ['item-8', 'item-9', 'item-2', 'item-3'] },
          { name: 'id', datatype: 'INT64', shape: [2], data: [8, 2] },
        ]);
      }
      const client = new GrpcClient(`127.0.0.1:${test.grpcPort}`);
      const input = { name: 'user', datatype: 'BYTES', shape: [1], contents: { bytes_contents: [Buffer.from('u8')] } };
      const answer = await client.infer('reco', [input]);
      const metadata = await client.call('ModelMetadata', { name: 'reco' });
      client.close();
      expect(answer.message?.outputs?.map(({ name }: { name: string }) => name)).toEqual(['score', 'items', 'id']);
      expect(metadata.message?.properties).toMatchObject({ run: 'r1', model: 'ranker' });
    });

    it('tell which model made them, and how old they are', async () => {
      const metadata = await (await test.get(MODEL)).json();
      expect(metadata).toMatchObject({
        platform: 'prediction_table',
        inputs: [{ name: 'user', datatype: 'BYTES', shape: [-1, 1] }],
        properties: {
          run: 'r1',
          model: 'ranker',
          model_version: '3',
          model_sha256: sinkRun({ id: '' }).model.sha256,
          stale: 'false',
        },
      });
      const metrics = await test.metrics();
      expect(seriesValue(metrics, 'model_serving_lookup_run_rows')).toBe(100);
      expect(seriesValue(metrics, 'model_serving_lookup_run_age_seconds')).toBeLessThan(60);
      expect(seriesValue(metrics, 'model_serving_lookup_run_info', { run: 'r1', predicting_version: '3' })).toBe(1);
      expect(JSON.stringify(await (await test.get('/openapi.json')).json())).toContain('/v2/models/reco/infer');
    });

    it('are refused with 404 by position where there are none', async () => {
      const { status, body } = await test.predict('u1', 'secret', 'u2');
      expect(status).toBe(404);
      expect(body.error).toBe("There is no prediction for the key in row 1 of the input 'user' (rows count from 0).");
    });

    it('answers requests without rows, and refuses other inputs', async () => {
      const input = { name: 'user', datatype: 'BYTES', shape: [0], data: [] };
      expect((await test.post(`${MODEL}/infer`, { inputs: [input] })).status).toBe(200);
      expect((await test.post(`${MODEL}/infer`, { inputs: [{ ...input, name: 'other' }] })).status).toBe(400);
    });

    it('come from the run before where the current one has none, and say so', async () => {
      await write('r2', users(50, 150, 'i'));
      await eventually(
        'the run is current',
        async () => (await test.predict('u60')).headers.get('x-prediction-run') === 'r2',
      );
      const mixed = await test.predict('u60', 'u20');
      expect(mixed.body.predictions.map(({ score }: { score: number }) => score)).toEqual([60, 20 / 8]);
      expect(mixed.headers.get('x-prediction-source')).toBe('previous-run');
      expect((await test.predict('u500')).status).toBe(404);
    });

    it('follow when a run has other columns', async () => {
      await write('r3', users(0, 100, 'i'), ['score']);
      await eventually('the columns are others', async () => {
        return (
          (
            await test.post(`${MODEL}/infer`, {
              inputs: [{ name: 'user', datatype: 'BYTES', shape: [1], data: ['u7'] }],
            })
          ).body.outputs.length === 1
        );
      });
      expect((await test.predict('u7')).body.predictions).toEqual([7]);
      expect((await test.predict('u120')).status).toBe(404);
    });
  });

  it('are the default where no run has any, and are reported when they are old', async () => {
    await redis.command('FLUSHALL');
    await write('r1', users(0, 10, 'i'), ['score']);
    const test = await start(lookupConfig(redis.address, { defaultPrediction: { score: 0.5 }, maxAgeMillis: 1 }));
    await eventually('the model is ready', test.isReady);
    const answer = await test.predict('u4', 'new');
    expect(answer.body.predictions).toEqual([4, 0.5]);
    expect([answer.headers.get('x-prediction-source'), answer.headers.get('x-prediction-stale')]).toEqual([
      'default',
      'true',
    ]);
    expect(seriesValue(await test.metrics(), 'model_serving_lookup_run_stale')).toBe(1);
  });

  it('never mix runs, and none is missing, while runs follow each other under load', async () => {
    await redis.command('FLUSHALL');
    await write('m0', users(0, 2000, '0'), ['score']);
    // Writers, clients and the lookup share this thread: none of them is in time.
    const test = await start(lookupConfig(redis.address, { timeoutMillis: 10_000 }));
    await eventually('the model is ready', test.isReady);
    const wrong: unknown[] = [];
    const seen = new Set<string | null>();
    let answers = 0;
    let stop = false;
    const client = async (seed: number) => {
      for (let request = seed; !stop; request += 7) {
        const keys = Array.from({ length: 50 }, (_, index) => `u${(request * 31 + index * 37) % 2000}`);
        const { status, body, headers } = await test.predict(...keys);
        const scores = new Set(status === 200 ? (body.predictions as number[]) : []);
        const run = headers.get('x-prediction-run');
        seen.add(run);
        answers += 1;
        if (status !== 200 || scores.size !== 1 || run !== `m${[...scores][0]}` || headers.has('x-prediction-source')) {
          wrong.push({ status, scores: [...scores], run, body });
        }
      }
    };
    const clients = Array.from({ length: 8 }, (_, seed) => client(seed));
    for (const run of [1, 2, 3]) {
      await write(`m${run}`, users(0, 2000, `${run}`), ['score']);
      await eventually('the run is answered from', () => seen.has(`m${run}`));
    }
    stop = true;
    await Promise.all(clients);
    expect(wrong.slice(0, 3)).toEqual([]);
    expect(answers).toBeGreaterThan(50);
  });

  it('are refused with 503 while the server is away, and come back with it', async () => {
    await redis.command('FLUSHALL');
    await write('r1', users(0, 10, 'i'), ['score']);
    const proxy = await startFaultProxy(redis.port);
    const test = await start(lookupConfig(proxy.address));
    await eventually('the model is ready', test.isReady);
    const becomes = (status: number) =>
      eventually(`answers are ${status}`, async () => {
        const answer = await test.predict('u1');
        expect([200, 503]).toContain(answer.status);
        expect(answer.headers.get('retry-after')).toBe(answer.status === 503 ? '1' : null);
        return answer.status === status;
      });
    proxy.faults.blackHole = true;
    await becomes(503);
    // What was swallowed is never answered, so the silent connection has to go first.
    await eventually('the connection is given up', async () => {
      return seriesValue(await test.metrics(), 'model_serving_lookup_store_connected') === 0;
    });
    proxy.faults.blackHole = false;
    await becomes(200);
    redis.freeze(true);
    await becomes(503);
    // The process stays ready: another one would not fare better.
    expect((await test.get('/v2/health/ready')).status).toBe(200);
    redis.freeze(false);
    await becomes(200);
    proxy.faults.refuse = true;
    proxy.reset();
    await becomes(503);
    proxy.faults.refuse = false;
    await becomes(200);
    await redis.kill();
    await becomes(503);
    await redis.restart();
    await write('r2', users(0, 10, 'i'), ['score']);
    await becomes(200);
  });

  it('of a server that refuses: the process is not ready until that is corrected', async () => {
    const secret = await startRedisServer({ password: 'secret' });
    const passwordPath = join(DIRECTORY, 'password');
    writeFileSync(passwordPath, 'wrong');
    const test = await start(
      lookupConfig(secret.address, { table: { address: secret.address, table: 'reco', passwordPath } }),
    );
    expect((await test.get('/v2/health/ready')).status).toBe(503);
    expect((await test.get('/v2/health/live')).status).toBe(200);
    writeFileSync(passwordPath, 'secret');
    await eventually('the process is ready', async () => (await test.get('/v2/health/ready')).status === 200);
  });
});
