import { Duration, Size } from 'cdk8s';
import {
  Batching,
  BatchJob,
  Dataset,
  Fallback,
  FeatureLookup,
  NetworkPeer,
  OnlineModel,
  PredictionColumn,
  PredictionSink,
  Scaling,
  StreamingConsumer,
} from 'cdk8s-model-serving';
import { RULES } from '../../lib/kubernetes';
import { codesIn, failureOf, newChart, remoteModel } from '../support/manifests';
import { chartWith, consumerProps, kafkaSource, redisSource } from './consumers';
import { FIXED, STREAM_CASES } from './rule-cases';

let warnings: string;

beforeEach(() => {
  warnings = '';
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
    warnings += text;
    return true;
  });
});

afterEach(() => {
  jest.restoreAllMocks();
});

/** Codes of the rules that a declaration breaks, warnings included. */
function broken(chart: ReturnType<typeof chartWith>): string[] {
  const failure = failureOf(chart);
  return [...codesIn(failure), ...codesIn(warnings)];
}

describe.each(Object.entries(STREAM_CASES))('%s', (name, { breaks, holds }) => {
  const { code } = RULES[name as keyof typeof STREAM_CASES];

  if (breaks.length > 0) {
    test.each(breaks.map((declare, index) => [index, declare] as const))('is broken by case %i', (_index, declare) => {
      expect(broken(chartWith(declare()))).toContain(code);
    });
  }

  test.each(holds.map((declare, index) => [index, declare] as const))('holds in case %i', (_index, declare) => {
    expect(broken(chartWith(declare()))).toEqual([]);
  });
});

test('rules of models, pods, replicas, stores and predictions hold for consumers as well', () => {
  const failure = failureOf(
    chartWith({
      source: redisSource({ address: 'redis', username: 'me' }),
      features: FeatureLookup.redis({ address: 'redis:6379', entity: '', features: ['x'] }),
      fallback: Fallback.prediction({}),
      predictions: [PredictionColumn.element('y', { output: 'y', element: -1 }), PredictionColumn.value('y')],
      batching: Batching.dynamic({ maxBatchSize: 0 }),
      maxLoadTime: Duration.millis(0),
      monitors: [NetworkPeer.namespace('Upper')],
      image: 'registry.example.com/runtime:latest',
      replicas: 2,
      scaling: Scaling.onCpu({ minReplicas: 3, maxReplicas: 2 }),
      resources: { memory: Size.mebibytes(64) },
      metadata: { name: 'Upper' },
    }),
  );
  expect([...new Set(codesIn(failure))].sort()).toEqual(
    [
      ...['MS1203', 'MS1302', 'MS1303', 'MS1401', 'MS1411', 'MS1603', 'MS1701', 'MS1712'],
      ...['MS1801', 'MS1803', 'MS1804', 'MS1821', 'MS2312', 'MS2313'],
    ].sort(),
  );
});

test('a model that takes a fixed number of rows at a time is found', () => {
  expect(broken(chartWith(FIXED))).toEqual([RULES.fixedBatch.code]);
});

test('a consumer that shares its name with another construct is found', () => {
  const chart = chartWith({ metadata: { name: 'anomaly' } });
  new StreamingConsumer(chart, 'other', consumerProps({ metadata: { name: 'anomaly' } }));
  expect(codesIn(failureOf(chart))).toEqual(['MS1713', 'MS1713']);
});

test('a consumer is beside an online model and a batch job of the same model', () => {
  const chart = chartWith();
  new OnlineModel(chart, 'online', { model: remoteModel() });
  new BatchJob(chart, 'batch', {
    model: remoteModel(),
    input: Dataset.csv('s3://b/in.csv'),
    features: { x: ['a', 'b'] },
    outputs: [PredictionSink.csv('s3://b/out')],
  });
  expect(failureOf(chart)).toBe('');
});

test('what serves requests does not scale on a lag', () => {
  const chart = newChart();
  new OnlineModel(chart, 'online', { model: remoteModel(), scaling: Scaling.onLag({ target: 10, maxReplicas: 3 }) });
  expect(codesIn(failureOf(chart))).toEqual([RULES.lagScaling.code]);
});

test('nothing but a lag scales to none', () => {
  expect(broken(chartWith({ scaling: Scaling.onLag({ target: 10, minReplicas: 0, maxReplicas: 3 }) }))).toEqual([]);
  expect(broken(chartWith({ scaling: Scaling.onCpu({ minReplicas: 0, maxReplicas: 3 }) }))).toContain('MS1301');
  expect(broken(chartWith({ scaling: Scaling.onLag({ target: 10, minReplicas: 0, maxReplicas: 0 }) }))).toContain(
    'MS1301',
  );
});

test('no message shows a password', () => {
  expect(failureOf(chartWith({ source: kafkaSource({ bootstrapServers: 'me:secret@kafka:9092' }) }))).not.toContain(
    'secret@',
  );
});
