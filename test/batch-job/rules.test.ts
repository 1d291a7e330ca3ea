import { Duration, Size } from 'cdk8s';
import { BatchJob, Dataset, OnlineModel, type PredictionLookupProps, PredictionSink } from 'cdk8s-model-serving';
import { RULES } from '../../lib/kubernetes';
import type { BATCH_RULES } from '../../lib/kubernetes/rules/batch-rules';
import { codesIn, failureOf, remoteModel } from '../support/manifests';
import { chartWith, chartWithLookup, jobProps, redisSink } from './jobs';
import { type Declaration, hourly, JOB_CASES, type JobRule, known, redis } from './rule-cases';

/** A lookup, and what its job has beside the plainest one. */
type Lookup = [Partial<PredictionLookupProps>, Declaration?];

describe.each(Object.entries(JOB_CASES))('%s', (name, { breaks, holds }) => {
  const { code } = RULES[name as JobRule];

  test.each(breaks.map((declare, index) => [index, declare] as const))('is broken by case %i', (_index, declare) => {
    expect(codesIn(failureOf(chartWith(declare())))).toContain(code);
  });

  test.each(holds.map((declare, index) => [index, declare] as const))('holds in case %i', (_index, declare) => {
    expect(failureOf(chartWith(declare()))).toBe('');
  });
});

test('rules of models, images, addresses of stores and Redis hold for jobs as well', () => {
  const failure = failureOf(
    chartWith({
      input: Dataset.parquet('s3://b/k', { endpoint: 'minio:9000' }),
      outputs: [
        PredictionSink.csv('s3://b/out', { endpoint: 'http://s3.example.com' }),
        redisSink({ address: 'redis', username: 'me' }),
      ],
      image: 'registry.example.com/runtime:latest',
      scratchSize: Size.mebibytes(0),
      metadata: { name: 'Upper' },
    }),
  );
  const codes = codesIn(failure).sort();
  expect(codes).toEqual(['MS1102', 'MS1103', 'MS1201', 'MS1603', 'MS1701', 'MS1801', 'MS1803']);
});

test('a job that shares its name with another construct is found', () => {
  const chart = chartWith({ metadata: { name: 'churn' } });
  new BatchJob(chart, 'other', jobProps({ metadata: { name: 'churn' } }));
  expect(codesIn(failureOf(chart))).toEqual(['MS1713', 'MS1713']);
});

/** Rules of lookups. */
const LOOKUPS: Record<Exclude<keyof typeof BATCH_RULES, JobRule>, { breaks: Lookup[]; holds: Lookup[] }> = {
  lookupTable: {
    breaks: [
      [{}, { outputs: [PredictionSink.csv('s3://b/a')] }],
      [{}, { outputs: [PredictionSink.csv('s3://b/a'), redisSink({ table: 'a' }), redisSink({ table: 'b' })] }],
      [{ table: 'other' }],
      [{ key: '' }],
    ],
    holds: [
      [{}],
      [{ table: 'iris', key: 'user' }],
      [
        { table: 'b' },
        { outputs: [PredictionSink.csv('s3://b/a'), redisSink({ table: 'a' }), redisSink({ table: 'b' })] },
      ],
    ],
  },
  lookupDefault: {
    breaks: [
      [{ defaultPrediction: { label: 0 } }, { model: known }],
      [{ defaultPrediction: { label: 0, scores: [0, 0, 0], more: 1 } }, { model: known }],
      [{ defaultPrediction: { label: 0, scores: [0, 0, 0] } }, redis({ columns: ['label'] })],
    ],
    holds: [
      [{ defaultPrediction: { label: 0, scores: [0, 0, 0] } }, { model: known }],
      [{ defaultPrediction: { label: 0 } }, redis({ columns: ['label'] })],
      [{ defaultPrediction: { anything: 0 } }],
    ],
  },
  lookupTimeout: {
    breaks: [[{ timeout: Duration.seconds(1) }], [{ latencyBudget: Duration.millis(50) }]],
    holds: [[{ timeout: Duration.millis(20), latencyBudget: Duration.millis(50) }]],
  },
  lookupAge: {
    breaks: [[{ maxAge: Duration.hours(1) }, { schedule: hourly }]],
    holds: [[{ maxAge: Duration.minutes(61) }, { schedule: hourly }], [{ maxAge: Duration.minutes(1) }]],
  },
};

describe.each(Object.entries(LOOKUPS))('%s', (name, { breaks, holds }) => {
  const { code } = RULES[name as keyof typeof LOOKUPS];

  test.each(breaks.map((declared, index) => [index, declared] as const))('is broken by case %i', (_index, declared) => {
    expect(codesIn(failureOf(lookupChart(declared)))).toContain(code);
  });

  test.each(holds.map((declared, index) => [index, declared] as const))('holds in case %i', (_index, declared) => {
    expect(failureOf(lookupChart(declared))).toBe('');
  });
});

/** A lookup takes part of the outputs of the plainest job, unless those are said. */
function lookupChart([lookup, job = {}]: Lookup) {
  const outputs = [PredictionSink.parquet('s3://warehouse/churn'), redisSink()];
  return chartWithLookup(lookup, { outputs, ...job }).chart;
}

test('rules of names, bodies, replicas and Redis hold for lookups as well', () => {
  const { chart } = chartWithLookup({
    modelName: 'a b',
    modelVersion: '',
    redis: { address: 'redis' },
    maxBodySize: Size.gibibytes(2),
    replicas: 0,
    drainTime: Duration.millis(1),
  });
  expect(codesIn(failureOf(chart)).sort()).toEqual(['MS1001', 'MS1002', 'MS1301', 'MS1404', 'MS1405', 'MS1801']);
});

test('a lookup and a model of the same name and version are found', () => {
  const { chart } = chartWithLookup({ modelVersion: 'v1' });
  new OnlineModel(chart, 'online', { model: remoteModel() });
  expect(codesIn(failureOf(chart))).toEqual(['MS1004', 'MS1004']);
});
