/* All cases by name, with the bars that the predictor has to reach. */
const { memory } = require('./memory');
const { halfLoad, overload } = require('./open-loop');
const { rawBatchTurn, rawTurn } = require('./raw');
const { shutdown } = require('./shutdown');
const { startTime } = require('./start');
const { throughput } = require('./throughput');

/** Servers that speak V1 or a protocol of their own, and ones that speak only V2. */
const v1 = (name, atLeast) => ({ name, protocol: 'v1', atLeast });
const v2 = (name, atLeast) => ({ name, protocol: 'v2', atLeast });
const grpc = (name, atLeast) => ({ name, protocol: 'grpc', atLeast });

const SMALL = [
  v1('hello', 0.7),
  v1('express', 1.7),
  v1('fastapi', 5),
  v2('mlserver', 10),
  v2('triton', 10),
  v1('litserve', 10),
  v1('bentoml', 10),
  v1('ray', 10),
];

exports.CASES = {
  'iris-v1': throughput({
    title: 'random forest, 1 row, V1',
    model: 'iris',
    rows: 1,
    ours: 'v1',
    others: [...SMALL, v1('kserve', 8)],
  }),
  'iris-v2': throughput({
    title: 'random forest, 1 row, V2',
    model: 'iris',
    rows: 1,
    ours: 'v2',
    others: [...SMALL, v2('kserve', 10)],
  }),
  'iris-32-v1': throughput({
    title: 'random forest, 32 rows, V1',
    model: 'iris',
    rows: 32,
    ours: 'v1',
    others: [v1('express'), v1('fastapi'), v1('kserve', 3)],
  }),
  'iris-32-v2': throughput({
    title: 'random forest, 32 rows, V2',
    model: 'iris',
    rows: 32,
    ours: 'v2',
    others: [v2('kserve', 3), v2('mlserver'), v2('triton')],
  }),
  'wide-v1': throughput({
    title: 'perceptron of 512 features, 1 row, V1',
    model: 'wide',
    rows: 1,
    ours: 'v1',
    others: [v1('express', 2), v1('fastapi'), v1('kserve', 4)],
  }),
  'wide-v2': throughput({
    title: 'perceptron of 512 features, 1 row, V2',
    model: 'wide',
    rows: 1,
    ours: 'v2',
    others: [v1('express', 2), v2('kserve', 4), v2('mlserver'), v2('triton')],
  }),
  'wide-32-v1': throughput({
    title: 'perceptron of 512 features, 32 rows, V1',
    model: 'wide',
    rows: 32,
    ours: 'v1',
    others: [v1('express'), v1('kserve', 1.5)],
    extra: () => [rawTurn('wide', 32)],
  }),
  'wide-32-v2': throughput({
    title: 'perceptron of 512 features, 32 rows, V2',
    model: 'wide',
    rows: 32,
    ours: 'v2',
    others: [v2('kserve', 1.5), v2('mlserver'), v2('triton')],
    extra: () => [rawTurn('wide', 32)],
  }),
  heavy: throughput({
    title: 'convolutions of milliseconds, 1 row, V1',
    model: 'heavy',
    rows: 1,
    ours: 'v1',
    others: [v1('express'), v1('kserve')],
    extra: () => [rawTurn('heavy', 1, 0.95), rawBatchTurn('heavy', 1)],
  }),
  grpc: throughput({
    title: 'random forest, 1 row, gRPC',
    model: 'iris',
    rows: 1,
    ours: 'grpc',
    others: [v2('predictor', 0.5), grpc('kserve', 5), grpc('mlserver'), grpc('triton')],
  }),
  'overload-iris': overload({
    title: 'twice the saturation, random forest',
    model: 'iris',
    servers: SMALL.concat(v1('kserve')),
    bars: { goodput: 0.9, refusedMillis: 5 },
  }),
  'overload-heavy': overload({
    title: 'twice the saturation, convolutions of milliseconds',
    model: 'heavy',
    servers: [v1('express'), v1('fastapi'), v1('kserve'), v2('triton')],
    bars: { goodput: 0.9, refusedMillis: 5 },
  }),
  'half-load': halfLoad({
    title: 'half of the saturation, random forest',
    model: 'iris',
    servers: SMALL.concat(v1('kserve')),
    bars: { p99Millis: 5 },
  }),
  start: startTime({ title: 'start of the process to the first 200', bars: { millis: 300 } }),
  memory: memory({ title: 'memory with the random forest', bars: { mb: 130, growthMb: 3 } }),
  shutdown: shutdown({ title: 'SIGTERM under load' }),
};
