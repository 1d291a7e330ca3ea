import { Duration, Size } from 'cdk8s';
import {
  Batching,
  CloudEventMode,
  Delivery,
  EventFormat,
  EventSink,
  Fallback,
  FeatureLookup,
  type HttpSinkOptions,
  InputFields,
  KafkaLogin,
  PredictionColumn,
  PredictionLog,
  Scaling,
  type StreamingConsumerProps,
} from 'cdk8s-model-serving';
import { Secret } from 'cdk8s-plus-28';
import type { STREAM_RULES } from '../../lib/kubernetes/rules/stream-rules';
import { newChart } from '../support/manifests';
import {
  FLOAT,
  INT64,
  kafkaSink,
  kafkaSource,
  knownModel,
  natsSink,
  natsSource,
  redisSink,
  redisSource,
  secretValue,
} from './consumers';

/** How a consumer differs from the plainest one. */
type Declaration = Partial<StreamingConsumerProps>;

type StreamRule = keyof typeof STREAM_RULES;

const kafka = (options: Parameters<typeof kafkaSource>[0]): Declaration => ({ source: kafkaSource(options) });
const redis = (options: Parameters<typeof redisSource>[0]): Declaration => ({ source: redisSource(options) });
const nats = (options: Parameters<typeof natsSource>[0]): Declaration => ({ source: natsSource(options) });
const http = (options: Partial<HttpSinkOptions>): Declaration => ({
  sink: EventSink.http({ url: 'https://events.example.com', ...options }),
});
const deadLetter = (topic: string = 'dead'): Declaration => ({ deadLetter: kafkaSink({ topic }) });
const once = (props: Declaration = {}): Declaration => ({ delivery: Delivery.exactlyOnce(), ...props });
const login = (user: string) => KafkaLogin.scramSha256(user, secretValue());
const lag = (maxReplicas: number, target: number = 10): Declaration => ({
  scaling: Scaling.onLag({ target, maxReplicas }),
});
const avro = (options: Partial<Parameters<typeof EventFormat.avro>[0]> = {}) =>
  EventFormat.avro({ registry: 'http://registry:8081', ...options });

const ROW = { name: 'x', type: FLOAT, shape: ['n', 2] };
const LABEL = { name: 'label', type: INT64, shape: ['n'] };
const SCORES = { name: 'scores', type: FLOAT, shape: ['n', 3] };
/** A model whose inputs and outputs are known. */
const known = knownModel([ROW], [LABEL, SCORES]);
const two = knownModel([ROW, { name: 'age', type: INT64, shape: ['n', 1] }], [LABEL]);
const open = knownModel([{ name: 'x', type: FLOAT, shape: ['n', 'm'] }], [LABEL]);
const single = knownModel([{ name: 'x', type: FLOAT, shape: [1, 2] }], [{ name: 'y', type: FLOAT, shape: [1, 1] }]);
const four = knownModel([{ name: 'x', type: FLOAT, shape: [4, 2] }], [{ name: 'y', type: FLOAT, shape: [4, 1] }]);
const inputs = (fields: { [input: string]: InputFields }, model = known): Declaration => ({ model, inputs: fields });
const pair = InputFields.of(['a', 'b']);
const looked = (defaults: { [feature: string]: number }): Declaration => ({
  ...inputs({ x: pair, id: InputFields.of(['customer']) }, two),
  features: FeatureLookup.redis({ address: 'redis:6379', entity: 'id', features: ['age'], defaults }),
});

/** What breaks a rule, and what is close to it and does not. A new rule without both does not compile. */
export const STREAM_CASES: Record<StreamRule, { breaks: (() => Declaration)[]; holds: (() => Declaration)[] }> = {
  brokerAddress: {
    breaks: [
      ...[
        '',
        'kafka',
        'kafka:0',
        'kafka:70000',
        'http://kafka:9092',
        'me:secret@kafka:9092',
        'a:9092,',
        '169.254.1.1:9092',
      ].map((bootstrapServers) => () => kafka({ bootstrapServers })),
      ...['nats:4222', 'http://nats:4222', 'nats://nats', 'nats://me:secret@nats:4222'].map(
        (servers) => () => nats({ servers }),
      ),
      () => ({ sink: kafkaSink({ bootstrapServers: 'kafka' }) }),
      () => ({ deadLetter: natsSink({ servers: '' }) }),
    ],
    holds: [
      ...['kafka:9092', 'a.kafka.ml.svc:9092, b.kafka.ml.svc:9092', '10.1.2.3:9092', '[fd00::1]:9092'].map(
        (bootstrapServers) => () => kafka({ bootstrapServers }),
      ),
      ...['nats://nats:4222', 'tls://a.nats.ml.svc:4222,tls://b.nats.ml.svc:4222'].map(
        (servers) => () => nats({ servers }),
      ),
    ],
  },
  brokerTls: {
    breaks: [
      () => kafka({ bootstrapServers: 'broker.example.com:9092' }),
      () => kafka({ bootstrapServers: 'kafka:9092,203.0.113.7:9092' }),
      () => nats({ servers: 'nats://nats.example.com:4222' }),
    ],
    holds: [
      () => kafka({ bootstrapServers: 'broker.example.com:9092', tls: {} }),
      () => nats({ servers: 'tls://nats.example.com:4222' }),
    ],
  },
  brokerLogin: {
    breaks: [
      () => kafka({ login: login('') }),
      () => nats({ credentials: secretValue('a.creds'), login: Secret.fromSecretName(newChart(), 'login', 'nats') }),
    ],
    holds: [
      () => kafka({ login: login('me') }),
      () => nats({ credentials: secretValue('a.creds') }),
      () => nats({ login: Secret.fromSecretName(newChart(), 'login', 'nats') }),
    ],
  },
  streamName: {
    breaks: [
      ...['', '.', '..', 'logs/web', 'log s', 'l'.repeat(250)].map((topic) => () => kafka({ topic })),
      () => ({ sink: kafkaSink({ topic: 'a b' }) }),
      () => redis({ stream: '' }),
      () => redis({ valueField: '' }),
      () => redis({ keyField: 'value' }),
      ...['', 'LOGS.WEB', 'LOGS*', 'a b'].map((stream) => () => nats({ stream })),
      ...['', 'logs..web', '.logs', 'logs.', 'logs.>.web', 'lo*gs'].map((subject) => () => nats({ subject })),
      ...['logs.*', 'logs.>', '', 'a b'].map((subject) => () => ({
        source: natsSource(),
        sink: natsSink({ subject }),
      })),
    ],
    holds: [
      ...['logs.web_1-a', 'l'.repeat(249)].map((topic) => () => kafka({ topic })),
      () => redis({ stream: '{logs}:web', valueField: 'body', keyField: 'id' }),
      ...['logs.*.web', 'logs.>', '>', 'logs'].map((subject) => () => nats({ subject })),
    ],
  },
  groupName: {
    breaks: [
      ...['', 'a b', 'g'.repeat(256)].map((group) => () => kafka({ group })),
      () => redis({ group: '' }),
      ...['', 'a.b', 'a b', 'a*'].map((consumer) => () => nats({ consumer })),
    ],
    holds: [
      () => kafka({ group: 'team/anomaly:v1' }),
      () => redis({ group: 'g' }),
      () => nats({ consumer: 'log-anomaly_1' }),
    ],
  },
  streamLoop: {
    breaks: [
      () => ({ sink: kafkaSink({ topic: 'logs' }) }),
      () => ({
        source: kafkaSource({ bootstrapServers: 'a:9092,b:9092' }),
        sink: kafkaSink({ bootstrapServers: 'B:9092', topic: 'logs' }),
      }),
      () => ({ source: redisSource(), sink: redisSink({ stream: 'logs', database: 0 }) }),
      () => ({ source: natsSource({ subject: 'logs.>' }), sink: natsSink({ subject: 'logs.anomalies' }) }),
      () => ({ source: natsSource({ subject: 'logs' }), sink: natsSink({ subject: 'logs' }) }),
    ],
    holds: [
      () => ({ sink: kafkaSink({ bootstrapServers: 'other:9092', topic: 'logs' }) }),
      () => ({ source: redisSource(), sink: redisSink({ stream: 'logs', database: 1 }) }),
      () => ({ source: redisSource(), sink: kafkaSink({ topic: 'logs' }) }),
      () => ({ source: natsSource({ subject: 'logs.*' }), sink: natsSink({ subject: 'logs.web.anomalies' }) }),
      () => ({ source: natsSource({ subject: 'logs.>' }), sink: natsSink({ subject: 'logs' }) }),
    ],
  },
  deadLetterPlace: {
    breaks: [
      () => deadLetter('logs'),
      () => deadLetter('anomalies'),
      () => ({ deadLetter: EventSink.none() }),
      () => ({ ...http({}), deadLetter: http({}).sink }),
      () => ({ source: natsSource({ subject: 'logs.>' }), deadLetter: natsSink({ subject: 'logs.dead' }) }),
      () => ({ source: redisSource(), deadLetter: redisSink({ stream: 'logs' }) }),
    ],
    holds: [
      () => deadLetter('logs.dead-letter'),
      () => ({ ...http({}), deadLetter: EventSink.http({ url: 'https://events.example.com/dead' }) }),
      () => ({ deadLetter: redisSink({ stream: 'logs' }) }),
    ],
  },
  predictionsKept: {
    breaks: [() => ({ sink: EventSink.none() })],
    holds: [() => ({ sink: EventSink.none(), predictionLog: PredictionLog.file() })],
  },
  eventReceiver: {
    breaks: [
      '',
      'events',
      'http://events.example.com',
      'https://me:secret@events.example.com',
      'http://169.254.169.254',
    ].map((url) => () => http({ url })),
    holds: ['https://events.example.com/a?b=c', 'http://events.ml.svc:8080'].map((url) => () => http({ url })),
  },
  exactlyOnce: {
    breaks: [
      () => once({ sink: kafkaSink({ bootstrapServers: 'other:9092' }) }),
      () => once({ sink: kafkaSink({ bootstrapServers: 'kafka:9092,other:9092' }) }),
      () => once({ deadLetter: kafkaSink({ bootstrapServers: 'other:9092', topic: 'dead' }) }),
      () => once({ deadLetter: redisSink() }),
      () => once({ sink: redisSink() }),
      () => once(http({})),
      () => once({ sink: EventSink.none(), predictionLog: PredictionLog.file() }),
      () => once({ source: redisSource(), sink: redisSink() }),
      () => once({ source: natsSource(), sink: natsSink() }),
      () =>
        once({
          sink: kafkaSink({ login: login('one') }),
          deadLetter: kafkaSink({ topic: 'dead', login: login('two') }),
        }),
      () => once({ sink: kafkaSink({ tls: {} }), ...deadLetter() }),
    ],
    holds: [
      () => once(),
      () => once(deadLetter()),
      () =>
        once({
          source: kafkaSource({ bootstrapServers: 'a:9092,b:9092' }),
          sink: kafkaSink({ bootstrapServers: 'B:9092, a:9092', login: login('one') }),
          deadLetter: kafkaSink({ bootstrapServers: 'a:9092,b:9092', topic: 'dead', login: login('one') }),
        }),
    ],
  },
  memberName: {
    // By patches alone: tested where they are.
    breaks: [],
    holds: [() => once()],
  },
  groupTimes: {
    breaks: [
      () => kafka({ sessionTimeout: Duration.millis(5999) }),
      () => kafka({ sessionTimeout: Duration.minutes(31), maxPollInterval: Duration.hours(1) }),
      () => kafka({ sessionTimeout: Duration.minutes(6) }),
      () => kafka({ maxPollInterval: Duration.seconds(59) }),
      () => ({ drainTime: Duration.seconds(151) }),
    ],
    holds: [
      () => kafka({ sessionTimeout: Duration.seconds(6), maxPollInterval: Duration.minutes(1) }),
      () => ({ drainTime: Duration.seconds(150) }),
    ],
  },
  microBatchTime: {
    breaks: [
      () => ({ batching: Batching.dynamic({ maxDelay: Duration.seconds(30) }) }),
      () => ({ batching: Batching.dynamic({ maxDelay: Duration.seconds(61) }), drainTime: Duration.seconds(100) }),
      () => http({ timeout: Duration.seconds(30) }),
      () => ({ ...http({}), drainTime: Duration.seconds(10) }),
    ],
    holds: [
      () => ({ batching: Batching.dynamic({ maxDelay: Duration.seconds(29) }) }),
      () => http({ timeout: Duration.seconds(29) }),
    ],
  },
  stuckTime: {
    breaks: [
      () => ({ stuckAfter: Duration.seconds(9) }),
      () => ({ stuckAfter: Duration.seconds(20), batching: Batching.dynamic({ maxDelay: Duration.seconds(20) }) }),
    ],
    holds: [() => ({ stuckAfter: Duration.seconds(10) })],
  },
  redelivery: {
    breaks: [
      () => redis({ claimAfter: Duration.seconds(29) }),
      () => redis({ maxDeliveries: 0 }),
      () => nats({ ackWait: Duration.seconds(29) }),
      () => nats({ maxDeliveries: 1.5 }),
      // Two replicas, four micro-batches of 500.
      () => nats({ maxAckPending: 3999 }),
    ],
    holds: [
      () => redis({ claimAfter: Duration.seconds(30), maxDeliveries: 1 }),
      () => nats({ ackWait: Duration.seconds(30), maxAckPending: 4000 }),
      () => ({ ...nats({}), replicas: 100 }),
    ],
  },
  sinkLimits: {
    breaks: [
      () => ({ sink: kafkaSink({ linger: Duration.seconds(61) }) }),
      () => ({ sink: redisSink({ maxLength: 0 }) }),
      () => http({ maxConcurrency: 0 }),
      () => http({ maxConcurrency: 1001 }),
    ],
    holds: [
      () => ({ sink: kafkaSink({ linger: Duration.millis(0) }) }),
      () => ({ sink: redisSink({ maxLength: 1 }) }),
      () => http({ maxConcurrency: 1 }),
    ],
  },
  replicasOfPartitions: {
    breaks: [
      () => ({ ...kafka({ partitions: 3 }), replicas: 4 }),
      () => ({ ...kafka({ partitions: 3 }), ...lag(4) }),
      () => ({ ...kafka({ partitions: 3 }), scaling: Scaling.onCpu({ maxReplicas: 4 }) }),
      () => kafka({ partitions: 0 }),
      () => kafka({ partitions: 1.5 }),
    ],
    holds: [
      () => kafka({ partitions: 1 }),
      () => ({ ...kafka({ partitions: 3 }), replicas: 3 }),
      () => ({ ...kafka({ partitions: 3 }), ...lag(3) }),
    ],
  },
  targetLag: {
    breaks: [0, -1, 1.5, Number.NaN].map((target) => () => lag(3, target)),
    holds: [() => lag(3, 1)],
  },
  lagScaling: {
    breaks: [
      () => ({ ...nats({}), ...lag(3) }),
      () => ({ ...nats({ monitoringEndpoint: 'http://nats:8222' }), ...lag(3) }),
    ],
    holds: [
      () => ({ ...nats({ monitoringEndpoint: 'nats.ml.svc:8222' }), ...lag(3) }),
      () => ({ ...redis({}), ...lag(3) }),
    ],
  },
  eventInputs: {
    breaks: [
      () => ({ inputs: undefined }),
      () => ({ inputs: {} }),
      () => inputs({ y: pair }),
      () => inputs({ x: InputFields.of([]) }),
      () => inputs({ x: InputFields.of(['a']) }),
      () => inputs({ x: InputFields.of(['a', 'b', 'c']) }),
      () => inputs({ x: InputFields.of(['a', 'a']) }),
      () => inputs({ x: InputFields.of(['a', 'b'], { missing: 'none' }) }),
      () => inputs({ x: pair, age: InputFields.of(['age'], { missing: 1.5 }) }, two),
      () => ({ ...inputs({ x: pair }), format: EventFormat.tensors() }),
      // What is looked up is not in the event, and what it is looked up by is.
      () => ({
        ...inputs({ x: pair, age: InputFields.of(['age']) }, two),
        features: FeatureLookup.redis({
          address: 'redis:6379',
          entity: 'id',
          features: ['age'],
          defaults: { age: 40 },
        }),
      }),
    ],
    holds: [
      () => inputs({}),
      () => inputs({ x: pair }),
      () => inputs({ x: InputFields.list('/values', { missing: 0 }) }),
      () => inputs({ x: InputFields.of(['a', 'b', 'c']) }, open),
      () => inputs({ x: pair }, two),
      () => ({ ...inputs({}), inputs: undefined }),
      () => ({ model: known, inputs: undefined, format: EventFormat.tensors(), outputFormat: EventFormat.tensors() }),
      () => ({
        ...inputs({ x: pair, id: InputFields.of(['customer']) }, two),
        features: FeatureLookup.redis({
          address: 'redis:6379',
          entity: 'id',
          features: ['age'],
          defaults: { age: 40 },
        }),
      }),
    ],
  },
  eventField: {
    breaks: [
      () => inputs({ x: InputFields.of(['a', '']) }),
      () => inputs({ x: InputFields.list('/a~2') }),
      () => inputs({ x: InputFields.list('/a~') }),
      () => ({ passThrough: { id: '' } }),
      () => ({ key: '/a~x' }),
    ],
    holds: [
      () => inputs({ x: InputFields.of(['a~/b', '/a~0~1/0/']) }),
      () => ({ passThrough: { id: '/request/id' }, key: 'host name' }),
    ],
  },
  passThroughFields: {
    breaks: [
      () => ({ passThrough: { '': 'id' } }),
      () => ({ headers: ['trace', 'trace'] }),
      () => ({ headers: [''] }),
      () => ({ ...inputs({ x: pair }), passThrough: { label: 'id' } }),
      () => ({ outputFormat: EventFormat.tensors(), passThrough: { id: 'id' } }),
      () => ({ model: known, inputs: undefined, format: EventFormat.tensors(), passThrough: { id: 'id' } }),
      () => ({ model: known, inputs: undefined, format: EventFormat.tensors(), key: 'id' }),
    ],
    holds: [
      () => ({ passThrough: { id: 'id', again: 'id' }, headers: ['trace', 'Trace'] }),
      () => ({
        ...inputs({ x: pair }),
        predictions: [PredictionColumn.value('y', { output: 'label' })],
        passThrough: { label: 'id' },
      }),
      () => ({ headers: [] }),
    ],
  },
  eventFormat: {
    breaks: [
      ...['', 'registry:8081', 'http://registry.example.com', 'https://me:secret@registry.example.com'].map(
        (registry) => () => ({ format: avro({ registry }) }),
      ),
      () => ({ outputFormat: avro({ subject: '' }) }),
      () => ({ outputFormat: avro(), sink: redisSink() }),
      () => ({ outputFormat: EventFormat.cloudEvents({ type: '' }) }),
      () => ({ outputFormat: EventFormat.tensors(), predictions: [PredictionColumn.value('y')] }),
    ],
    holds: [
      () => ({ format: avro(), outputFormat: EventFormat.protobuf({ registry: 'https://registry.example.com' }) }),
      () => ({ outputFormat: avro({ subject: 'anomaly' }), sink: redisSink() }),
      () => ({ outputFormat: EventFormat.cloudEvents({ mode: CloudEventMode.BINARY, type: 'com.example.a' }) }),
    ],
  },
  microBatchSize: {
    breaks: [
      () => ({ maxBatchBytes: Size.kibibytes(512) }),
      () => ({ maxBatchBytes: Size.gibibytes(2) }),
      () => ({ maxEventSize: Size.kibibytes(0) }),
      () => ({ maxInFlight: 0 }),
      () => ({ maxInFlight: 65 }),
      () => ({ batching: Batching.dynamic({ maxBatchSize: 32, preferredBatchSizes: [8] }) }),
    ],
    holds: [
      () => ({ maxBatchBytes: Size.kibibytes(512), maxEventSize: Size.kibibytes(512) }),
      () => ({ maxInFlight: 64 }),
      () => ({ batching: Batching.none() }),
      () => ({ model: single }),
    ],
  },
  deadLetterRatio: {
    breaks: [
      () => ({ ...deadLetter(), maxDeadLetterRatio: 1.1 }),
      () => ({ ...deadLetter(), maxDeadLetterRatio: -0.1 }),
      () => ({ ...deadLetter(), deadLetterWindow: 0 }),
      () => ({ ...deadLetter(), deadLetterWindow: 1_000_001 }),
      () => ({ maxDeadLetterRatio: 0.1 }),
    ],
    holds: [
      () => ({ ...deadLetter(), maxDeadLetterRatio: 0, deadLetterWindow: 1 }),
      () => ({ ...deadLetter(), maxDeadLetterRatio: 1 }),
    ],
  },
  streamFallback: {
    breaks: [() => ({ fallback: Fallback.cached() })],
    holds: [() => ({ ...inputs({}), fallback: Fallback.prediction({ label: 0, scores: [0, 0, 1] }) })],
  },
  streamFeatures: {
    breaks: [() => looked({}), () => looked({ more: 0 })],
    holds: [() => looked({ age: 40 }), () => ({ ...looked({}), fallback: Fallback.prediction({ label: 0 }) })],
  },
};

/** Fixed numbers of rows other than one are no micro-batches. */
export const FIXED: Declaration = { model: four, inputs: {} };
