import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { eventually } from '../../test/support/eventually';
import { forSnapshot, manifestsOf, synthesize } from '../../test/support/example';
import { type RunningManifests, runManifests } from '../../test/support/local-run';
import type { Manifest } from '../../test/support/manifests';
import { REDIS_SERVER, type RedisServer, startRedisServer } from '../../test/support/redis-server';
import { describeWith } from '../../test/support/requires';
import python from './predictions.json';
import products from './products.json';

let manifests: string;
let objects: Manifest[];

/** The configuration of the role that its name tells. */
const configOf = (containing: string) =>
  JSON.parse(
    objects.find(
      ({ kind, data, metadata }) => kind === 'ConfigMap' && data?.['config.json'] && metadata.name.includes(containing),
    ).data['config.json'],
  );

beforeAll(() => {
  manifests = synthesize('product-recommendations');
  objects = manifestsOf(manifests);
});

afterAll(() => {
  rmSync(manifests, { recursive: true, force: true });
});

test('synthesizes the same manifests as before', () => {
  expect(forSnapshot(objects)).toMatchSnapshot();
});

test('every score has a product, and every number of a user a column', () => {
  const { features, predictions } = configOf('recommend-products-');
  expect(python.predictions.map((scores) => scores.length)).toEqual(python.predictions.map(() => products.length));
  expect(predictions[0].classes).toEqual(products);
  expect(features[0].columns).toHaveLength(python.instances[0]?.length ?? 0);
});

test('the lookup reads what the job writes, and the gateway leads to it', () => {
  const [, redis] = configOf('recommend-products-').sinks;
  const [lookup] = configOf('-lookup-').lookups;
  expect(lookup).toMatchObject({ table: { address: redis.address, table: redis.table }, key: redis.key });
  const routes = objects.find(({ data }) => data?.['routes.json']).data['routes.json'];
  expect(routes).toContain('product-recommender-lookup-');
});

describeWith('its manifests, run on this machine with a Redis', REDIS_SERVER, () => {
  const warehouse = mkdtempSync(join(tmpdir(), 'warehouse-'));
  const users = python.instances.map((_, index) => `u${index}`);
  let redis: RedisServer;
  let running: RunningManifests;

  beforeAll(async () => {
    await writeUsers(join(warehouse, 'users'), users);
    redis = await startRedisServer();
    running = await runManifests(
      manifests,
      ...['--volume', `warehouse=${warehouse}`, '--service', `redis=${redis.address}`],
      ...['--run', 'recommend-products@2026-11-22T22:00Z'],
    );
    await eventually('the run is complete', () => running.complete());
    expect(existsSync(join(warehouse, 'recommendations/run=recommend-products-29923080/_SUCCESS.json'))).toBe(true);
  }, 60_000);

  afterAll(async () => {
    expect(await running.stop()).toBe(0);
    rmSync(warehouse, { recursive: true, force: true });
  });

  /** The products of users, as the shop gets them. */
  async function ask(...ids: string[]): Promise<string[][]> {
    const response = await fetch(`${running.url('gateway')}/v2/models/product-recommender/infer`, {
      method: 'POST',
      body: JSON.stringify({ inputs: [{ name: 'user_id', datatype: 'BYTES', shape: [ids.length, 1], data: ids }] }),
    });
    expect(response.status).toBe(200);
    const { outputs } = (await response.json()) as { outputs: { name: string; data: string[] }[] };
    const { data = [] } = outputs.find(({ name }) => name === 'products') ?? {};
    return ids.map((_, index) => data.slice(5 * index, 5 * index + 5));
  }

  test("the shop gets for every user the products that Python's onnxruntime gives the best scores", async () => {
    const best = python.predictions.map((scores) =>
      scores
        .map((score, index) => ({ score, product: products[index] ?? '' }))
        .sort((a, b) => b.score - a.score)
        .slice(0, 5)
        .map(({ product }) => product),
    );
    expect(await eventually('the lookup has found the run', () => ask(...users))).toEqual(best);
  });

  test('somebody new gets what everybody likes', async () => {
    // The other pod may have found the run a moment later.
    expect(await eventually('the lookup has found the run', () => ask('nobody'))).toEqual([
      ['books-01', 'garden-01', 'kitchen-01', 'toys-01', 'music-01'],
    ]);
  });
});

/** A table of the users that Python answered for. */
async function writeUsers(folder: string, ids: string[]): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const columns = configOf('recommend-products-').features[0].columns;
  const rows = python.instances.map((values, index) => `('${ids[index]}', 'DE', ${values.join(', ')})`);
  const connection = await (await DuckDBInstance.create()).connect();
  await connection.run(
    `COPY (SELECT * FROM (VALUES ${rows.join(', ')}) AS users(user_id, country, ${columns.join(', ')}))
     TO '${join(folder, 'users.parquet')}' (FORMAT parquet)`,
  );
  connection.closeSync();
}
