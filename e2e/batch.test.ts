import { App, Chart, Duration, Size } from 'cdk8s';
import {
  BatchJob,
  type BatchJobProps,
  Dataset,
  Ledger,
  ModelSource,
  PredictionColumn,
  PredictionLookup,
  PredictionSink,
  Schedule,
} from 'cdk8s-model-serving';
import { Secret } from 'cdk8s-plus-28';
import { countFlowers, FEATURES, flowerName, flowers, ROW_GROUP } from '../test/support/flowers';
import { ClientPod } from './support/client-pod';
import { iris } from './support/iris';
import { evict, jobEnd, podsOfIndex } from './support/jobs';
import { forCluster, nameOf } from './support/manifests';
import { Namespace } from './support/namespace';
import { terminationOf, within } from './support/pods';
import { REDIS, redisServer } from './support/redis';
import { listObjects, putObject, readObjects, S3_SERVER, startS3Server } from './support/s3-server';

/** Many small parts, so that a pod can go in the middle of its shard. */
const UNITS_A_SHARD = 160;
const ROWS = 2 * UNITS_A_SHARD * ROW_GROUP;
const DAILY_ROWS = 3000;

let namespace: Namespace;
let client: ClientPod;

/** A batch job over flowers in the bucket, with two shards, and what is made of it. */
function declare(
  id: string,
  input: string,
  props: Partial<BatchJobProps> = {},
  more: (job: BatchJob, chart: Chart) => void = () => undefined,
) {
  const chart = new Chart(new App(), 'e2e', { namespace: namespace.name });
  const { bucket, endpoint, secret } = S3_SERVER;
  const store = { endpoint, credentials: Secret.fromSecretName(chart, 'store', secret) };
  const job = new BatchJob(chart, id, {
    model: iris(),
    input: Dataset.parquet(`s3://${bucket}/${input}`, store),
    outputs: [PredictionSink.parquet(`s3://${bucket}/output/${id}`, store)],
    ledger: Ledger.at(`s3://${bucket}/ledger/${id}`, store),
    features: { features: FEATURES },
    predictions: [PredictionColumn.value('label')],
    shards: 2,
    partRows: ROW_GROUP,
    retriesPerShard: 1,
    resources: { memory: Size.mebibytes(768) },
    scratchSize: Size.mebibytes(256),
    gracePeriod: Duration.seconds(10),
    ...props,
    metadata: { name: id },
  });
  more(job, chart);
  return { name: job.name, objects: forCluster(chart.toJson()) };
}

/** Files of predictions that count, by the record of a run; `undefined` while it is not complete. */
async function outputOf(id: string, run: string): Promise<Buffer[] | undefined> {
  const folder = `output/${id}/run=${run}/`;
  const files = await readObjects(namespace, folder);
  const record = files.get(`${folder}_SUCCESS.json`);
  if (record === undefined) {
    return undefined;
  }
  const [sink] = JSON.parse(record.toString()).sinks;
  return sink.parts.map(({ key }: { key: string }) => files.get(folder + key));
}

/** Numbers of the rows that are there when every one of so many is there once, with the right label. */
const exactly = (rows: number) => ({ rows, names: rows, wrong: 0, smallest: 0, largest: rows - 1 });

async function unitsDone(id: string, run: string, shard: number): Promise<number> {
  return (await listObjects(namespace, `ledger/${id}/run=${run}/_units/${shard}-`)).length;
}

beforeAll(async () => {
  namespace = await Namespace.create('batch');
  await namespace.apply(redisServer());
  const [, started] = await Promise.all([
    startS3Server(namespace, {
      'many/a.parquet': await flowers(0, ROWS / 2),
      'many/b.parquet': await flowers(ROWS / 2, ROWS / 2),
      'daily/good.parquet': await flowers(0, DAILY_ROWS),
    }),
    ClientPod.start(namespace),
  ]);
  client = started;
  await namespace.kubectl(['wait', '--for=condition=Ready', `pod/${REDIS.name}`, '--timeout=120s']);
});

afterAll(() => namespace.delete());

test('pods that are evicted and killed in the middle of their shards cost no row, and write none twice', async () => {
  const { name, objects } = declare('many', 'many/*.parquet');
  await namespace.apply(objects);
  const goAway = async (shard: number, go: (pod: string) => Promise<unknown>) => {
    // The pod is looked up before: the shard goes on while `kubectl` is asked.
    const pod = await within(120, `shard ${shard} has a pod`, async () =>
      (await podsOfIndex(namespace, name, shard)).at(0),
    );
    await within(120, `shard ${shard} has begun`, async () => (await unitsDone('many', name, shard)) > 1);
    await go(pod.metadata.name);
    const done = await unitsDone('many', name, shard);
    expect(done).toBeLessThan(UNITS_A_SHARD);
    return pod.metadata.uid;
  };
  const gone = await Promise.all([
    goAway(0, (pod) => evict(namespace, pod)),
    goAway(1, (pod) => namespace.kubectl(['delete', 'pod', pod, '--grace-period=0', '--force'])),
  ]);

  expect(await jobEnd(namespace, name, 180)).toMatchObject({ state: 'Complete', completedIndexes: '0,1' });
  expect(await countFlowers((await outputOf('many', name)) ?? [])).toEqual(exactly(ROWS));
  const last = await Promise.all([0, 1].map(async (index) => (await podsOfIndex(namespace, name, index)).at(-1)));
  expect(last.map((pod) => gone.includes(pod.metadata.uid))).toEqual([false, false]);
  // The eviction costs no retry.
  const failures = last.map((pod) => pod.metadata.annotations['batch.kubernetes.io/job-index-failure-count']);
  expect(failures).toEqual(['0', '1']);
});

describe('a job with a schedule, whose predictions are looked up', () => {
  const minute = Math.floor(Date.now() / 60_000);
  const runs = [`daily-${minute}`, `daily-${minute + 1}`] as const;
  const table = { key: 'id', address: REDIS.address, timeToLive: Duration.days(2) };
  let lookup: string;

  /** The only column of predictions: V1 writes it without its name. */
  const answers = (...ids: string[]) =>
    client.predict<{ predictions: number[] }>(`http://${lookup}/v1/models/iris:predict`, {
      instances: ids.map((id) => ({ id })),
    });

  beforeAll(async () => {
    const hour = (new Date().getUTCHours() + 12) % 24;
    const { objects } = declare(
      'daily',
      'daily/*.parquet',
      { schedule: Schedule.daily({ timeZone: 'Etc/UTC', hour }), ...withRedis() },
      (job, chart) => {
        new PredictionLookup(chart, 'lookup', { job, replicas: 1, metadata: { name: 'lookup' } });
      },
    );
    await namespace.apply(objects);
    lookup = nameOf(objects, 'Service');
  });

  /** The files, and Redis. */
  function withRedis(): Partial<BatchJobProps> {
    const { bucket, endpoint, secret } = S3_SERVER;
    const credentials = Secret.fromSecretName(new Chart(new App(), 'secrets'), 'store', secret);
    return {
      outputs: [
        PredictionSink.parquet(`s3://${bucket}/output/daily`, { endpoint, credentials }),
        PredictionSink.redis(table),
      ],
    };
  }

  test('answers from a run that was started by hand', async () => {
    await namespace.kubectl(['create', 'job', '--from=cronjob/daily', runs[0]]);

    expect(await jobEnd(namespace, runs[0])).toMatchObject({ state: 'Complete' });
    expect(await countFlowers((await outputOf('daily', runs[0])) ?? [])).toEqual(exactly(DAILY_ROWS));
    await namespace.rolledOut(lookup);
    const { predictions } = await answers(flowerName(0), flowerName(1), flowerName(DAILY_ROWS - 1));
    expect(predictions).toEqual([0, 1, (DAILY_ROWS - 1) % 3]);
  });

  test('answers from the run before when a shard has too many bad rows, and the other shard ends well', async () => {
    await putObject(namespace, 'daily/bad.parquet', await flowers(DAILY_ROWS, DAILY_ROWS, 'number % 2 = 0'));
    await namespace.kubectl(['create', 'job', '--from=cronjob/daily', runs[1]]);

    const { state, reason, completedIndexes, failedIndexes } = await jobEnd(namespace, runs[1]);
    expect({ state, reason }).toEqual({ state: 'Failed', reason: 'FailedIndexes' });
    expect([completedIndexes, failedIndexes].sort()).toEqual(['0', '1']);
    const pods = await podsOfIndex(namespace, runs[1], Number(failedIndexes));
    expect(pods.map((pod) => terminationOf(pod, 'batch')?.exitCode)).toEqual([42]);
    expect(await outputOf('daily', runs[1])).toBeUndefined();
    const { predictions } = await answers(flowerName(2), flowerName(4));
    expect(predictions).toEqual([2, 1]);
    const unknown = await client.http(`http://${lookup}/v1/models/iris:predict`, {
      instances: [{ id: flowerName(DAILY_ROWS) }],
    });
    expect(unknown.status).toBe(404);
  });
});

test('a model that is not the declared one ends the job at once', async () => {
  const { bucket, endpoint, secret } = S3_SERVER;
  const credentials = Secret.fromSecretName(new Chart(new App(), 'secrets'), 'store', secret);
  const source = ModelSource.s3(`s3://${bucket}/daily/good.parquet`, { endpoint, credentials, sha256: '0'.repeat(64) });
  const { name, objects } = declare('wrong', 'daily/good.parquet', { model: iris(source), retriesPerShard: 3 });
  await namespace.apply(objects);

  expect(await jobEnd(namespace, name)).toMatchObject({
    state: 'Failed',
    reason: 'PodFailurePolicy',
    message: expect.stringContaining('exit code 43'),
  });
});
