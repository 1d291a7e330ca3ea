import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Chart } from 'cdk8s';
import {
  BatchJob,
  type BatchJobProps,
  Dataset,
  Model,
  ModelSource,
  PredictionColumn,
  PredictionSink,
  Schedule,
} from 'cdk8s-model-serving';
import { type JobStatus, type LocalOptions, type Manifest, runLocal } from '../../runtime/src/local';
import { createLogger } from '../../runtime/src/telemetry';
import { countFlowers, FEATURES, flowers, ROW_GROUP } from '../support/flowers';
import { temporaryDirectory } from '../support/temporary';

const MODEL = join(__dirname, '../../examples/iris/models/iris-v1.onnx');
const ROWS = 4 * ROW_GROUP;
const root = temporaryDirectory();
const tables = join(root, 'tables');

/** Runs what a batch job over the flowers of a folder is synthesized to, and returns how its Job has ended. */
async function run(
  input: string,
  props: Partial<BatchJobProps> = {},
  requests: LocalOptions['run'] = [],
): Promise<JobStatus | undefined> {
  const chart = new Chart(new App(), 'test', { namespace: 'ml' });
  new BatchJob(chart, 'flowers', {
    model: Model.onnx({ name: 'iris', version: 'v1', source: ModelSource.file(MODEL) }),
    input: Dataset.parquet(`pvc://tables/${input}/*.parquet`),
    outputs: [PredictionSink.parquet('pvc://tables/predictions')],
    features: { features: FEATURES },
    predictions: [PredictionColumn.value('label')],
    shards: 2,
    partRows: ROW_GROUP,
    retriesPerShard: 0,
    ...props,
    metadata: { name: 'flowers' },
  });
  const started = await runLocal(chart.toJson() as Manifest[], {
    logger: createLogger({ level: 'silent' }),
    volumes: { tables },
    run: requests,
  });
  try {
    await started.done;
    return started.status().jobs[0];
  } finally {
    await started.stop();
  }
}

/** Files of predictions that count in a run; `undefined` when it is not complete. */
function outputOf(name: string): Buffer[] | undefined {
  const folder = join(tables, 'predictions', `run=${name}`);
  const record = join(folder, '_SUCCESS.json');
  if (!existsSync(record)) {
    return undefined;
  }
  const [sink] = JSON.parse(readFileSync(record, 'utf8')).sinks;
  return sink.parts.map(({ key }: { key: string }) => readFileSync(join(folder, key)));
}

beforeAll(async () => {
  for (const [file, content] of [
    ['good/a.parquet', await flowers(0, ROWS / 2)],
    ['good/b.parquet', await flowers(ROWS / 2, ROWS / 2)],
    ['half-bad/a.parquet', await flowers(0, ROWS / 2)],
    ['half-bad/b.parquet', await flowers(ROWS / 2, ROWS / 2, 'number % 2 = 0')],
  ] as const) {
    mkdirSync(join(tables, file, '..'), { recursive: true });
    writeFileSync(join(tables, file), content);
  }
});

describe('a batch job, as it is synthesized', () => {
  it('computes every row once, as of the time that is asked for', async () => {
    const schedule = Schedule.hourly({ timeZone: 'Etc/UTC' });
    const time = new Date();
    const job = await run('good', { schedule }, [{ name: 'flowers', time }]);
    expect(job).toMatchObject({ state: 'Complete', succeeded: 2, failed: 0 });
    expect(job?.name).toBe(`flowers-${Math.floor(time.getTime() / 60_000)}`);
    const expected = { rows: ROWS, names: ROWS, wrong: 0, smallest: 0, largest: ROWS - 1 };
    expect(await countFlowers(outputOf(job?.name ?? '') ?? [])).toEqual(expected);
  });

  it('fails with the shard that has too many bad rows, and says why; the other shard ends well', async () => {
    // A part for each file, so that all bad rows are in one shard.
    const job = await run('half-bad', { partRows: ROWS });
    expect(job).toMatchObject({ state: 'Failed', reason: expect.stringMatching(/^FailedIndexes: [01]$/), failed: 1 });
    const reasons = job?.indexes?.map(({ state, reason = '' }) => `${state} ${reason}`).sort();
    expect(reasons).toEqual(['Complete ', expect.stringMatching(/^Failed exit code 42 \(bad input data\): /)]);
    expect(outputOf(job?.name ?? '')).toBeUndefined();
  });

  it('fails at once with a model that is not the declared one', async () => {
    const source = ModelSource.persistentVolumeClaimByName('tables', 'good/a.parquet', { sha256: '0'.repeat(64) });
    const job = await run('good', { model: Model.onnx({ name: 'iris', version: 'v1', source }) });
    expect(job).toMatchObject({
      state: 'Failed',
      reason: expect.stringMatching(/^PodFailurePolicy: exit code 43 of .*digest/),
    });
  });
});
