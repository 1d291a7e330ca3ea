import { Duration } from 'cdk8s';
import {
  type BatchJobProps,
  Dataset,
  type DatasetOptions,
  Ledger,
  PredictionColumn,
  PredictionSink,
  Schedule,
  Weekday,
} from 'cdk8s-model-serving';
import type { BATCH_RULES } from '../../lib/kubernetes/rules/batch-rules';
import { FLOAT, INT64, knownModel, redisSink, STRING } from './jobs';

/** How a job differs from the plainest one. */
export type Declaration = Partial<BatchJobProps>;

/** Rules that a lookup breaks have tests of their own. */
export type JobRule = Exclude<keyof typeof BATCH_RULES, `lookup${string}`>;

const input = (uri: string, options?: DatasetOptions): Declaration => ({ input: Dataset.parquet(uri, options) });
const output = (uri: string): Declaration => ({ outputs: [PredictionSink.csv(uri)] });
const csv = (options: Parameters<typeof Dataset.csv>[1]): Declaration => ({
  input: Dataset.csv('s3://b/k.csv', options),
});
const cron = (expression: string, timeZone: string = 'Etc/UTC'): Declaration => ({
  schedule: Schedule.cron(expression, { timeZone }),
});
/** Every hour. */
export const hourly = Schedule.hourly({ timeZone: 'Europe/Berlin' });
/** A job that also writes to Redis. */
export const redis = (options: Parameters<typeof redisSink>[0]): Declaration => ({
  outputs: [PredictionSink.parquet('s3://warehouse/churn'), redisSink(options)],
});

const ROW = { name: 'x', type: FLOAT, shape: ['n', 2] };
const LABEL = { name: 'label', type: INT64, shape: ['n'] };
const SCORES = { name: 'scores', type: FLOAT, shape: ['n', 3] };
/** A model whose inputs and outputs are known. */
export const known = knownModel([ROW], [LABEL, SCORES]);
const scalars = knownModel(
  ['age', 'income'].map((name) => ({ name, type: FLOAT, shape: ['n', 1] })),
  [LABEL],
);
const open = knownModel(
  [{ name: 'x', type: FLOAT, shape: ['n', 'm'] }],
  [{ name: 'y', type: FLOAT, shape: ['n', 'm'] }],
);
const texts = knownModel([ROW], [{ name: 'names', type: STRING, shape: ['n', 3] }]);
const predictions = (...columns: PredictionColumn[]): Declaration => ({ model: known, predictions: columns });

/** What breaks a rule, and what is close to it and does not. A new rule without both does not compile. */
export const JOB_CASES: Record<JobRule, { breaks: (() => Declaration)[]; holds: (() => Declaration)[] }> = {
  tableAddress: {
    breaks: [
      ...[
        '',
        'users.parquet',
        '/data/users.parquet',
        'ftp://h/users',
        's3://',
        's3://bucket',
        's3://bucket/',
        'gs://b',
      ].map((uri) => () => input(uri)),
      () => input('s3://key:secret@bucket/users'),
      () => input('https://account.blob.core.windows.net/container'),
      () => input('https://files.example.com'),
      ...['pvc://', 'pvc://My_Claim/users', 'pvc://claim', 'pvc://claim/../users', 'pvc://claim/a/../../b'].map(
        (uri) => () => input(uri),
      ),
      () => input('pvc://claim/users', { endpoint: 'http://minio:9000' }),
      () => output('https://files.example.com/predictions'),
      () => output('s3://bucket'),
      () => ({ ledger: Ledger.at('https://files.example.com/ledger') }),
    ],
    holds: [
      ...[
        's3://bucket/a/users.parquet',
        'gs://bucket/a/**.parquet',
        'https://account.blob.core.windows.net/container/a/*.parquet',
        'https://files.example.com/a/users.parquet',
        'pvc://tables.v1/a/*.parquet',
      ].map((uri) => () => input(uri)),
      ...['s3://bucket/a/', 'gs://bucket/a', 'https://account.blob.core.windows.net/container/a', 'pvc://claim/a'].map(
        (uri) => () => output(uri),
      ),
    ],
  },
  tablePattern: {
    breaks: [
      ...['s3://b/users-?.parquet', 's3://b/users-[0-9].parquet', 's3://b/{a,b}.parquet', 's3://b/{dat}.parquet'].map(
        (uri) => () => input(uri),
      ),
      () => input('https://files.example.com/users-*.parquet'),
      () => output('s3://b/predictions-*'),
      () => output('s3://b/a#b'),
      () => output('s3://b/{date}'),
      () => ({ ledger: Ledger.at('s3://b/**') }),
    ],
    holds: [
      () => input('s3://b/**/users-*.parquet'),
      () => ({ ...input('s3://b/date={date}/hour={hour}/*.parquet'), schedule: hourly }),
    ],
  },
  tableDate: {
    breaks: [
      () => input('s3://b/{date}/*.parquet'),
      () => ({ ...input('s3://b/{date}/*.parquet'), run: 'first' }),
      () => ({ ...input('s3://b/{date}/*.parquet'), run: '2026-11-22-again' }),
      () => ({ ...input('s3://b/{date}/{hour}.parquet'), run: '2026-11-22' }),
    ],
    holds: [
      () => ({ ...input('s3://b/{date}/*.parquet'), run: '2026-11-22' }),
      () => ({ ...input('s3://b/{date}/{hour}.parquet'), run: '2026-11-22T05' }),
      () => ({ ...input('s3://b/{date}/*.parquet'), schedule: hourly }),
    ],
  },
  tableOverlap: {
    breaks: [
      () => input('s3://warehouse/churn/users/*.parquet'),
      () => input('s3://warehouse/**'),
      () => input('s3://warehouse/**.parquet'),
      () => input('s3://warehouse/*/run=a/parts/*.parquet'),
      () => ({ ledger: Ledger.at('s3://warehouse/users/'), ...input('s3://warehouse/users/*/*/*') }),
    ],
    holds: [
      () => input('s3://warehouse/*.parquet'),
      () => input('s3://warehouse/churn-users/**'),
      () => input('s3://warehouse/users/**'),
      () => input('gs://warehouse/**'),
    ],
  },
  outputs: {
    breaks: [
      () => ({ outputs: [] }),
      () => ({ outputs: [PredictionSink.csv('s3://b/a'), PredictionSink.parquet('s3://b/a/')] }),
      () => ({ outputs: [PredictionSink.csv('s3://b/a'), redisSink(), redisSink({ database: 0, table: 'iris' })] }),
    ],
    holds: [
      () => ({ outputs: [PredictionSink.csv('s3://b/a'), PredictionSink.parquet('s3://b/c')] }),
      () => ({ outputs: [PredictionSink.csv('s3://b/a'), redisSink(), redisSink({ table: 'other' })] }),
    ],
  },
  ledger: {
    breaks: [() => ({ outputs: [redisSink()] })],
    holds: [() => ({ outputs: [redisSink()], ledger: Ledger.at('s3://b/ledger') })],
  },
  csvForm: {
    breaks: [
      ...['', '::', '"', '\n'].map((delimiter) => () => csv({ delimiter })),
      ...[[], ['a', ''], ['a', 'b', 'a']].map((columns) => () => csv({ columns })),
    ],
    holds: [() => csv({ delimiter: '\t', columns: ['id', 'age', 'income'], missing: 'NA', multiline: false })],
  },
  featureColumns: {
    breaks: [
      () => ({ features: undefined }),
      () => ({ features: { x: [] } }),
      () => ({ features: { x: ['age', 'age'] } }),
      () => ({ features: { x: ['age', ''] } }),
      () => ({ model: known, features: undefined }),
      () => ({ model: known, features: { x: ['age'] } }),
      () => ({ model: known, features: { x: ['age', 'income', 'zip'] } }),
      () => ({ model: known, features: { x: ['age', 'income'], y: ['zip'] } }),
      () => ({ model: scalars, features: { age: ['age', 'income'] } }),
      () => ({ model: open, features: {} }),
    ],
    holds: [
      () => ({ model: known }),
      () => ({ model: scalars, features: undefined }),
      () => ({ model: scalars, features: { age: ['years'] } }),
      () => ({ model: open, features: { x: ['a', 'b', 'c'] } }),
    ],
  },
  predictionNames: {
    breaks: [
      () => predictions(),
      () => predictions(PredictionColumn.value('', { output: 'label' })),
      () => predictions(PredictionColumn.value('label'), PredictionColumn.value('label', { output: 'scores' })),
      () => ({ ...predictions(PredictionColumn.value('label')), passThrough: ['id', 'label'] }),
    ],
    holds: [() => ({ ...predictions(PredictionColumn.value('label')), passThrough: ['id'] })],
  },
  predictionOutput: {
    breaks: [
      () => predictions(PredictionColumn.value('score')),
      ...[-1, 3, 0.5].map((element) => () => predictions(PredictionColumn.element('p', { output: 'scores', element }))),
      ...[0, 4, 1.5].map((k) => () => predictions(PredictionColumn.topK('top', { output: 'scores', k }))),
      () => predictions(PredictionColumn.topK('top', { output: 'scores', k: 1, classes: ['a', 'b'] })),
      () => ({ model: texts, predictions: [PredictionColumn.topK('top', { output: 'names', k: 1 })] }),
      () => ({ predictions: [PredictionColumn.element('p', { output: 'anything', element: -1 })] }),
    ],
    holds: [
      () => predictions(PredictionColumn.value('score', { output: 'scores' })),
      () => predictions(PredictionColumn.element('p', { output: 'scores', element: 2 })),
      () => predictions(PredictionColumn.topK('top', { output: 'scores', k: 3, classes: ['a', 'b', 'c'] })),
      () => ({ predictions: [PredictionColumn.topK('top', { output: 'anything', k: 100 })] }),
    ],
  },
  passThrough: {
    breaks: [() => ({ passThrough: ['id', 'id'] }), () => ({ passThrough: [''] })],
    holds: [() => ({ passThrough: ['id', 'age'] }), () => ({ passThrough: [] })],
  },
  sinkColumns: {
    breaks: [
      () => redis({ key: 'age' }),
      () => ({ ...redis({}), passThrough: ['name'] }),
      () => redis({ key: '' }),
      () => ({ ...redis({ columns: ['label', 'other'] }), model: known, passThrough: ['id'] }),
      () => redis({ columns: ['label', 'label'] }),
      () => redis({ columns: [] }),
    ],
    holds: [
      () => ({ ...redis({ key: 'age' }), passThrough: ['age'] }),
      () => ({ ...redis({ columns: ['label', 'id'] }), model: known, passThrough: ['id'] }),
      () => ({ ...redis({ columns: ['anything'] }), model: known }),
    ],
  },
  predictionTable: {
    breaks: ['', 'a b', 'a:b', 'x'.repeat(64)].map((table) => () => redis({ table })),
    holds: [() => redis({ table: 'recommendations.v1' })],
  },
  schedule: {
    breaks: [
      ...['', '* * * *', '* * * * * *', '@hourly', '60 * * * *', '0 24 * * *', '0 0 0 * *', '0 0 * 13 *', '0 0 * * 7'],
      ...['*/0 * * * *', '5-1 * * * *', 'a * * * *', '0 0 30 2 *', 'TZ=UTC 0 * * * *', '1,,2 * * * *'],
    ].map((expression) => () => cron(expression)),
    holds: ['*/15 6-22 * * MON-FRI', '0 0 29 2 *', '0 0 1,15 JAN-jun ?', '5/20 * * * *', '0 0 29 2 MON'].map(
      (expression) => () => cron(expression),
    ),
  },
  timeZone: {
    breaks: ['', 'Berlin', 'europe/berlin', '+01:00', 'Local', 'Mars/Olympus'].map(
      (zone) => () => cron('0 * * * *', zone),
    ),
    holds: ['Europe/Berlin', 'Etc/UTC', 'UTC', 'America/Argentina/Buenos_Aires', 'Etc/GMT+5'].map(
      (zone) => () => cron('0 * * * *', zone),
    ),
  },
  runId: {
    breaks: [
      ...['', 'a b', 'a/b', '-a', 'x'.repeat(64)].map((run) => () => ({ run })),
      () => ({ run: '2026-11-22', schedule: hourly }),
    ],
    holds: [() => ({ run: '2026-11-22T05' }), () => ({ run: 'x'.repeat(63) })],
  },
  jobTimes: {
    breaks: [
      () => ({ schedule: hourly, deadline: Duration.hours(1) }),
      () => ({ ...cron('0 6,20 * * *'), deadline: Duration.hours(11) }),
      () => ({ ...cron('50 23,0 * * *'), deadline: Duration.hours(1) }),
      () => ({ ...cron('0 0 1,2 * *'), deadline: Duration.days(2) }),
      // Either of both kinds of days: the first of a month may be a Tuesday.
      () => ({ ...cron('0 0 1 * MON'), deadline: Duration.days(2) }),
      () => ({ schedule: hourly, startingDeadline: Duration.seconds(9) }),
    ],
    holds: [
      () => ({ schedule: hourly, deadline: Duration.minutes(59), startingDeadline: Duration.seconds(10) }),
      () => ({ ...cron('0 6,20 * * *'), deadline: Duration.hours(9) }),
      () => ({
        schedule: Schedule.weekly({ timeZone: 'Etc/UTC', weekday: Weekday.MONDAY }),
        deadline: Duration.days(6),
      }),
      () => ({ deadline: Duration.days(10) }),
      () => cron('* * * * *'),
    ],
  },
  predictionAge: {
    breaks: [() => ({ ...redis({ timeToLive: Duration.hours(1) }), schedule: hourly })],
    holds: [
      () => ({ ...redis({ timeToLive: Duration.minutes(61) }), schedule: hourly }),
      () => redis({ timeToLive: Duration.minutes(1) }),
    ],
  },
  jobRetention: {
    breaks: [
      () => ({ schedule: hourly, ttlAfterFinished: Duration.days(1) }),
      () => ({ startingDeadline: Duration.minutes(5) }),
      () => ({ successfulJobsRetained: 1 }),
      () => ({ failedJobsRetained: 1 }),
      () => ({ schedule: hourly, failedJobsRetained: -1 }),
      () => ({ schedule: hourly, successfulJobsRetained: 1.5 }),
    ],
    holds: [
      () => ({ ttlAfterFinished: Duration.days(1) }),
      () => ({ schedule: hourly, successfulJobsRetained: 0, failedJobsRetained: 10 }),
    ],
  },
  shards: {
    breaks: [
      ...[0, 1.5, 10_001].map((shards) => () => ({ shards })),
      ...[0, 5, 2.5].map((parallelism) => () => ({ shards: 4, parallelism })),
      ...[-1, 101].map((retriesPerShard) => () => ({ retriesPerShard })),
      ...[-1, 5].map((maxFailedShards) => () => ({ shards: 4, maxFailedShards })),
    ],
    holds: [
      () => ({ shards: 10_000, parallelism: 10_000 }),
      () => ({ shards: 4, parallelism: 1, retriesPerShard: 0, maxFailedShards: 0 }),
    ],
  },
  jobRows: {
    breaks: [() => ({ batchRows: 0 }), () => ({ batchRows: 1.5 }), () => ({ partRows: 0 }), () => ({ partRows: 1e10 })],
    holds: [() => ({ batchRows: 8192, partRows: 1 })],
  },
  errorRatio: {
    breaks: [-0.1, 1.1, Number.NaN].map((maxErrorRatio) => () => ({ maxErrorRatio })),
    holds: [0, 0.001, 1].map((maxErrorRatio) => () => ({ maxErrorRatio })),
  },
  queueName: {
    breaks: ['', 'My Queue', 'x'.repeat(64)].map((queue) => () => ({ queue })),
    holds: [() => ({ queue: 'batch' })],
  },
};
