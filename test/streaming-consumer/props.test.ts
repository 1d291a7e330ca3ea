import { Duration, JsonPatch, Size } from 'cdk8s';
import {
  Batching,
  CloudEventMode,
  Delivery,
  DisruptionBudget,
  EventFormat,
  EventSink,
  EventSource,
  Fallback,
  FeatureLookup,
  type HttpSinkOptions,
  InputFields,
  KafkaCompression,
  KafkaLogin,
  type KafkaSinkOptions,
  type KafkaSourceOptions,
  MountedFile,
  type NatsSinkOptions,
  type NatsSourceOptions,
  NetworkPeer,
  PredictionColumn,
  PredictionLog,
  type RedisStreamSinkOptions,
  type RedisStreamSourceOptions,
  type RegisteredFormatOptions,
  Scaling,
  StartPosition,
  type StreamingConsumerProps,
  TaintEffect,
} from 'cdk8s-model-serving';
import { ConfigMap, Cpu, EnvValue, ImagePullPolicy, Secret, ServiceAccount } from 'cdk8s-plus-28';
import { type Manifest, newChart, only, remoteModel, SHA256 } from '../support/manifests';
import {
  FLOAT,
  INT64,
  kafkaSink,
  kafkaSource,
  knownModel,
  natsSink,
  natsSource,
  podOf,
  redisSink,
  redisSource,
  secretValue,
  streamConfigOf,
  synthesizeConsumer,
  workloadOf,
} from './consumers';

/** A value for a property, and what the manifests must then have. */
interface PropertyTest<T> {
  readonly value: T;
  readonly expectations: (objects: Manifest[]) => void;
  /** Further properties that it needs. */
  readonly beside?: Partial<StreamingConsumerProps>;
}

const IMAGE = `registry.example.com/runtime@sha256:${SHA256}`;
const secret = (name: string) => Secret.fromSecretName(newChart(), 'secret', name);
const ca = MountedFile.fromConfigMap(ConfigMap.fromConfigMapName(newChart(), 'ca', 'authorities'), 'ca.crt');
const containerOf = (objects: Manifest[]) => podOf(objects).containers[0];

/** The manifests have a field of such a value. */
const config = (expected: object) => (objects: Manifest[]) => expect(streamConfigOf(objects)).toMatchObject(expected);
const pod = (expected: object) => (objects: Manifest[]) => expect(podOf(objects)).toMatchObject(expected);
const workload = (expected: object) => (objects: Manifest[]) => expect(workloadOf(objects)).toMatchObject(expected);

/** One test for each property: a new one without a test does not compile. */
const PROPERTIES: { [K in keyof Required<StreamingConsumerProps>]: PropertyTest<Required<StreamingConsumerProps>[K]> } =
  {
    model: {
      value: remoteModel({ name: 'Anomaly', version: '2026' }),
      expectations: (objects) => {
        expect(workloadOf(objects).metadata.name).toMatch(/^anomaly-stream-[0-9a-f]{8}$/);
        expect(streamConfigOf(objects).models).toMatchObject([{ name: 'Anomaly', version: '2026' }]);
      },
    },
    source: { value: natsSource(), expectations: config({ source: { type: 'nats', stream: 'LOGS' } }) },
    sink: { value: redisSink(), expectations: config({ sink: { type: 'redis-stream', stream: 'anomalies' } }) },
    deadLetter: {
      value: kafkaSink({ topic: 'dead' }),
      expectations: config({ deadLetter: { type: 'kafka', topic: 'dead' } }),
    },
    delivery: {
      value: Delivery.exactlyOnce(),
      expectations: (objects) => {
        expect(streamConfigOf(objects).delivery).toBe('exactly-once');
        expect(workloadOf(objects).kind).toBe('StatefulSet');
      },
    },
    format: { value: EventFormat.cloudEvents(), expectations: config({ input: { format: 'cloudevents' } }) },
    inputs: {
      value: { x: InputFields.of(['a', '/b/0', 'c/d'], { missing: 0 }), y: InputFields.list('values') },
      expectations: config({
        input: {
          inputs: [
            { input: 'x', pointers: ['/a', '/b/0', '/c~1d'], missing: 0 },
            { input: 'y', pointers: ['/values'] },
          ],
        },
      }),
    },
    outputFormat: {
      value: EventFormat.cloudEvents({ mode: CloudEventMode.BINARY, type: 'com.example.anomaly' }),
      expectations: config({ output: { format: 'cloudevents', mode: 'binary', eventType: 'com.example.anomaly' } }),
    },
    predictions: {
      value: [PredictionColumn.element('probability', { output: 'probabilities', element: 1 })],
      expectations: config({
        output: { predictions: [{ name: 'probability', kind: 'element', output: 'probabilities', element: 1 }] },
      }),
    },
    passThrough: {
      value: { id: 'id', size: '/request/size' },
      expectations: config({
        output: {
          passThrough: [
            { name: 'id', pointer: '/id' },
            { name: 'size', pointer: '/request/size' },
          ],
        },
      }),
    },
    key: { value: 'host', expectations: config({ output: { keyPointer: '/host' } }) },
    headers: { value: ['trace'], expectations: config({ output: { headers: ['trace'] } }) },
    batching: {
      value: Batching.dynamic({ maxBatchSize: 64, maxDelay: Duration.millis(20) }),
      expectations: config({ batching: { maxRows: 64, maxDelayMillis: 20 } }),
    },
    maxBatchBytes: { value: Size.mebibytes(2), expectations: config({ batching: { maxBytes: 2_097_152 } }) },
    maxInFlight: { value: 8, expectations: config({ maxInFlight: 8 }) },
    maxEventSize: { value: Size.kibibytes(64), expectations: config({ maxEventBytes: 65_536 }) },
    maxDeadLetterRatio: {
      value: 0.5,
      beside: { deadLetter: kafkaSink({ topic: 'dead' }) },
      expectations: config({ maxDeadLetterRatio: 0.5 }),
    },
    deadLetterWindow: {
      value: 50,
      beside: { deadLetter: kafkaSink({ topic: 'dead' }) },
      expectations: config({ deadLetterWindow: 50 }),
    },
    features: {
      value: FeatureLookup.redis({ address: 'redis.ml:6379', entity: 'card_id', features: ['x'], defaults: { x: 0 } }),
      beside: { inputs: { card_id: InputFields.of(['card']) } },
      expectations: config({
        models: [{ features: { entity: 'card_id', features: [{ name: 'x', input: 'x' }], timeoutMillis: 50 } }],
        input: { inputs: [{ input: 'card_id', pointers: ['/card'] }] },
      }),
    },
    fallback: {
      value: Fallback.model(remoteModel({ name: 'simple' })),
      expectations: (objects) => {
        const { models } = streamConfigOf(objects);
        expect(models).toMatchObject([{ fallback: { type: 'model', model: { name: 'simple' } } }, { name: 'simple' }]);
        expect(models[1].path).not.toBe(models[0].path);
      },
    },
    predictionLog: {
      value: PredictionLog.file({ sampleRatio: 0.1 }),
      expectations: config({ models: [{ predictionLog: { sampleRatio: 0.1 } }] }),
    },
    stuckAfter: { value: Duration.minutes(2), expectations: config({ stuckAfterMillis: 120_000 }) },
    maxLoadTime: {
      value: Duration.minutes(5),
      expectations: pod({ containers: [{ startupProbe: { periodSeconds: 2, failureThreshold: 150 } }] }),
    },
    drainTime: {
      value: Duration.seconds(45),
      expectations: (objects) => {
        expect(streamConfigOf(objects).drainTimeoutMillis).toBe(45_000);
        expect(podOf(objects).terminationGracePeriodSeconds).toBe(55);
      },
    },
    replicas: { value: 3, expectations: workload({ spec: { replicas: 3 } }) },
    scaling: {
      value: Scaling.onLag({ target: 500, maxReplicas: 6 }),
      expectations: (objects) =>
        expect(only(objects, 'ScaledObject').spec).toMatchObject({
          minReplicaCount: 1,
          maxReplicaCount: 6,
          triggers: [{ type: 'kafka', metadata: { lagThreshold: '500' } }],
        }),
    },
    resources: {
      value: { cpu: Cpu.units(2), memory: Size.gibibytes(1) },
      expectations: pod({ containers: [{ resources: { limits: { cpu: '2', memory: '1Gi' } } }] }),
    },
    disruptionBudget: {
      value: DisruptionBudget.none(),
      expectations: (objects) => expect(objects.filter(({ kind }) => kind === 'PodDisruptionBudget')).toEqual([]),
    },
    monitors: {
      value: [NetworkPeer.namespace('observability')],
      expectations: (objects) =>
        expect(only(objects, 'NetworkPolicy').spec.ingress).toEqual([
          {
            from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'observability' } } }],
            ports: [{ port: 8082, protocol: 'TCP' }],
          },
        ]),
    },
    metadata: {
      value: { name: 'anomaly', labels: { team: 'logs' } },
      expectations: (objects) => {
        expect(streamConfigOf(objects).name).toBe('anomaly');
        expect(objects.every(({ metadata }) => metadata.labels.team === 'logs')).toBe(true);
      },
    },
    image: { value: IMAGE, expectations: pod({ containers: [{ image: IMAGE }], initContainers: [{ image: IMAGE }] }) },
    imagePullPolicy: {
      value: ImagePullPolicy.ALWAYS,
      expectations: pod({ containers: [{ imagePullPolicy: 'Always' }] }),
    },
    imagePullSecrets: { value: [secret('registry')], expectations: pod({ imagePullSecrets: [{ name: 'registry' }] }) },
    env: {
      value: { LOG_FORMAT: EnvValue.fromValue('json') },
      expectations: (objects) =>
        expect(containerOf(objects).env).toEqual([
          { name: 'LOG_FORMAT', value: 'json' },
          { name: 'MODEL_SERVING_POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
        ]),
    },
    serviceAccount: {
      value: ServiceAccount.fromServiceAccountName(newChart(), 'account', 'shared'),
      expectations: (objects) => {
        expect(podOf(objects).serviceAccountName).toBe('shared');
        expect(objects.filter(({ kind }) => kind === 'ServiceAccount')).toEqual([]);
      },
    },
    serviceAccountAnnotations: {
      value: { 'eks.amazonaws.com/role-arn': 'arn' },
      expectations: (objects) =>
        expect(only(objects, 'ServiceAccount').metadata.annotations).toEqual({ 'eks.amazonaws.com/role-arn': 'arn' }),
    },
    nodeSelector: { value: { disk: 'ssd' }, expectations: pod({ nodeSelector: { disk: 'ssd' } }) },
    tolerations: {
      value: [{ key: 'spot', effect: TaintEffect.NO_SCHEDULE }],
      expectations: pod({ tolerations: [{ key: 'spot', effect: 'NoSchedule' }] }),
    },
    priorityClassName: { value: 'high', expectations: pod({ priorityClassName: 'high' }) },
    runtimeClassName: { value: 'gvisor', expectations: pod({ runtimeClassName: 'gvisor' }) },
    podMetadata: {
      value: { annotations: { 'example.com/owner': 'logs' } },
      expectations: (objects) =>
        expect(workloadOf(objects).spec.template.metadata.annotations).toEqual({ 'example.com/owner': 'logs' }),
    },
    podPatch: {
      value: [JsonPatch.add('/spec/schedulerName', 'batch')],
      expectations: pod({ schedulerName: 'batch' }),
    },
  };

test.each(Object.entries(PROPERTIES))('%s', (name, { value, expectations, beside }) => {
  expectations(synthesizeConsumer({ ...beside, [name]: value }));
});

/** Options that name no server, and what the configuration has of each. */
type Options<T> = { [K in keyof Required<T>]: { value: Required<T>[K]; expected: object } };

const brokerTls = { ca, certificate: secret('client') };
const tlsConfig = (purpose: string) => ({
  caPath: `/etc/model-serving-credentials/${purpose}-ca/ca.crt`,
  certificatePath: `/etc/model-serving-credentials/${purpose}-tls/tls.crt`,
  keyPath: `/etc/model-serving-credentials/${purpose}-tls/tls.key`,
});
const passwordPath = (purpose: string) => `/etc/model-serving-credentials/${purpose}-password/password`;

const KAFKA_SOURCE: Options<Omit<KafkaSourceOptions, 'partitions'>> = {
  bootstrapServers: { value: 'a:9092,b:9092', expected: { bootstrapServers: 'a:9092,b:9092' } },
  topic: { value: 'web', expected: { topic: 'web' } },
  group: { value: 'team', expected: { group: 'team' } },
  tls: { value: brokerTls, expected: { tls: tlsConfig('source') } },
  login: {
    value: KafkaLogin.plain('me', secretValue()),
    expected: { sasl: { mechanism: 'PLAIN', username: 'me', passwordPath: passwordPath('source') } },
  },
  startAt: { value: StartPosition.LATEST, expected: { startAt: 'latest' } },
  staticMembership: { value: true, expected: { staticMembership: true } },
  sessionTimeout: { value: Duration.seconds(10), expected: { sessionTimeoutMillis: 10_000 } },
  maxPollInterval: { value: Duration.minutes(2), expected: { maxPollIntervalMillis: 120_000 } },
};

const KAFKA_SINK: Options<KafkaSinkOptions> = {
  bootstrapServers: { value: 'a:9092', expected: { bootstrapServers: 'a:9092' } },
  topic: { value: 'web', expected: { topic: 'web' } },
  tls: { value: {}, expected: { tls: {} } },
  login: {
    value: KafkaLogin.scramSha256('me', secretValue()),
    expected: { sasl: { mechanism: 'SCRAM-SHA-256', username: 'me', passwordPath: passwordPath('sink') } },
  },
  linger: { value: Duration.millis(20), expected: { lingerMillis: 20 } },
  compression: { value: KafkaCompression.ZSTD, expected: { compression: 'zstd' } },
};

const REDIS_SERVER = {
  address: { value: 'cache.ml:6380', expected: { address: 'cache.ml:6380' } },
  database: { value: 2, expected: { database: 2 } },
  username: { value: 'me', expected: { username: 'me' } },
  tls: { value: { serverName: 'cache' }, expected: { tls: { serverName: 'cache' } } },
};

const REDIS_SOURCE: Options<RedisStreamSourceOptions> = {
  ...REDIS_SERVER,
  password: { value: secretValue(), expected: { passwordPath: passwordPath('source') } },
  stream: { value: 'web', expected: { stream: 'web' } },
  group: { value: 'team', expected: { group: 'team' } },
  startAt: { value: StartPosition.LATEST, expected: { startAt: 'latest' } },
  valueField: { value: 'body', expected: { valueField: 'body' } },
  keyField: { value: 'id', expected: { keyField: 'id' } },
  claimAfter: { value: Duration.minutes(2), expected: { claimIdleMillis: 120_000 } },
  maxDeliveries: { value: 3, expected: { maxDeliveries: 3 } },
};

const REDIS_SINK: Options<RedisStreamSinkOptions> = {
  ...REDIS_SERVER,
  password: { value: secretValue(), expected: { passwordPath: passwordPath('sink') } },
  stream: { value: 'web', expected: { stream: 'web' } },
  valueField: { value: 'body', expected: { valueField: 'body' } },
  keyField: { value: 'id', expected: { keyField: 'id' } },
  maxLength: { value: 1000, expected: { maxLength: 1000 } },
};

const NATS_SERVER = (purpose: string) => ({
  servers: { value: 'nats://a:4222,nats://b:4222', expected: { servers: 'nats://a:4222,nats://b:4222' } },
  tls: { value: brokerTls, expected: { tls: tlsConfig(purpose) } },
  credentials: {
    value: secretValue('a.creds'),
    expected: { credentialsPath: `/etc/model-serving-credentials/${purpose}-credentials/a.creds` },
  },
  login: {
    value: secret('nats'),
    expected: { loginPath: `/etc/model-serving-credentials/${purpose}-login` },
  },
});

const NATS_SOURCE: Options<Omit<NatsSourceOptions, 'monitoringEndpoint' | 'account'>> = {
  ...NATS_SERVER('source'),
  stream: { value: 'WEB', expected: { stream: 'WEB' } },
  subject: { value: 'logs.*', expected: { subject: 'logs.*' } },
  consumer: { value: 'team', expected: { consumer: 'team' } },
  startAt: { value: StartPosition.LATEST, expected: { startAt: 'latest' } },
  ackWait: { value: Duration.minutes(2), expected: { ackWaitMillis: 120_000 } },
  maxDeliveries: { value: 3, expected: { maxDeliveries: 3 } },
  maxAckPending: { value: 9000, expected: { maxAckPending: 9000 } },
};

const NATS_SINK: Options<NatsSinkOptions> = {
  ...NATS_SERVER('sink'),
  subject: { value: 'alerts.web', expected: { subject: 'alerts.web' } },
};

const HTTP_SINK: Options<HttpSinkOptions> = {
  url: { value: 'https://events.example.com/a', expected: { url: 'https://events.example.com/a' } },
  authorization: {
    value: secretValue('token'),
    expected: { authorizationPath: '/etc/model-serving-credentials/sink-authorization/token' },
  },
  ca: { value: ca, expected: { caPath: '/etc/model-serving-credentials/sink-ca/ca.crt' } },
  timeout: { value: Duration.seconds(3), expected: { timeoutMillis: 3000 } },
  maxConcurrency: { value: 4, expected: { maxConcurrency: 4 } },
};

const REGISTRY: Options<RegisteredFormatOptions> = {
  registry: { value: 'http://registry:8081', expected: { schemaRegistry: { url: 'http://registry:8081' } } },
  credentials: {
    value: secret('registry'),
    expected: { schemaRegistry: { credentialsPath: '/etc/model-serving-credentials/output-registry-login' } },
  },
  ca: {
    value: ca,
    expected: { schemaRegistry: { caPath: '/etc/model-serving-credentials/output-registry-ca/ca.crt' } },
  },
  subject: { value: 'anomaly', expected: { subject: 'anomaly' } },
};

const url = 'https://events.example.com';
const registry = 'http://registry:8081';

/** Everything that sources, sinks and formats are declared with, and where it is in the configuration. */
const OPTIONS: [string, object, (options: object) => Partial<StreamingConsumerProps>, 'source' | 'sink' | 'output'][] =
  [
    ['EventSource.kafka', KAFKA_SOURCE, (options) => ({ source: kafkaSource(options) }), 'source'],
    ['EventSink.kafka', KAFKA_SINK, (options) => ({ sink: kafkaSink(options) }), 'sink'],
    [
      'EventSource.redisStream',
      REDIS_SOURCE,
      (options) => ({ source: redisSource({ password: secretValue(), ...options }) }),
      'source',
    ],
    [
      'EventSink.redisStream',
      REDIS_SINK,
      (options) => ({ sink: redisSink({ password: secretValue(), ...options }) }),
      'sink',
    ],
    ['EventSource.nats', NATS_SOURCE, (options) => ({ source: natsSource(options) }), 'source'],
    ['EventSink.nats', NATS_SINK, (options) => ({ sink: natsSink(options) }), 'sink'],
    ['EventSink.http', HTTP_SINK, (options) => ({ sink: EventSink.http({ url, ...options }) }), 'sink'],
    [
      'EventFormat.avro',
      REGISTRY,
      (options) => ({ outputFormat: EventFormat.avro({ registry, ...options }) }),
      'output',
    ],
  ];

describe.each(OPTIONS)('%s', (_kind, options, declare, part) => {
  test.each(Object.entries(options))('%s', (name, { value, expected }) => {
    expect(streamConfigOf(synthesizeConsumer(declare({ [name]: value })))[part]).toMatchObject(expected);
  });
});

test('monitoring endpoint and account of NATS are for KEDA', () => {
  const source = EventSource.nats({
    servers: 'nats://nats:4222',
    stream: 'LOGS',
    consumer: 'anomaly',
    monitoringEndpoint: 'nats.ml.svc:8222',
    account: 'LOGS',
  });
  const objects = synthesizeConsumer({ source, scaling: Scaling.onLag({ target: 5, maxReplicas: 2 }) });
  expect(only(objects, 'ScaledObject').spec.triggers).toEqual([
    {
      type: 'nats-jetstream',
      metadata: {
        natsServerMonitoringEndpoint: 'nats.ml.svc:8222',
        account: 'LOGS',
        stream: 'LOGS',
        consumer: 'anomaly',
        lagThreshold: '5',
        activationLagThreshold: '0',
        useHttps: 'false',
      },
    },
  ]);
});

test('without a declaration inputs are fields of their names, and no more replicas than partitions', () => {
  const model = knownModel(
    [
      { name: 'features', type: FLOAT, shape: ['n', 3] },
      { name: 'a/b', type: INT64, shape: ['n'] },
    ],
    [{ name: 'y', type: FLOAT, shape: ['n'] }],
  );
  const objects = synthesizeConsumer({ model, inputs: undefined, source: kafkaSource({ partitions: 1 }) });
  expect(streamConfigOf(objects).input.inputs).toEqual([
    { input: 'features', pointers: ['/features'] },
    { input: 'a/b', pointers: ['/a~1b'] },
  ]);
  expect(workloadOf(objects).spec.replicas).toBe(1);
});

test('a model that takes one row at a time gets one', () => {
  const model = knownModel([{ name: 'x', type: FLOAT, shape: [1, 2] }], [{ name: 'y', type: FLOAT, shape: [1] }]);
  expect(streamConfigOf(synthesizeConsumer({ model, inputs: undefined })).batching.maxRows).toBe(1);
});

test('more replicas or larger micro-batches of NATS may have more messages without an acknowledgement', () => {
  const pending = (props: Partial<StreamingConsumerProps>) =>
    streamConfigOf(synthesizeConsumer({ source: natsSource(), ...props })).source.maxAckPending;
  expect(pending({})).toBe(10_000);
  expect(pending({ replicas: 10, maxInFlight: 8 })).toBe(40_000);
});

test('memory grows with micro-batches', () => {
  const memory = (props: Partial<StreamingConsumerProps>) =>
    containerOf(synthesizeConsumer(props)).resources.limits.memory;
  expect(memory({})).toBe('512Mi');
  // A process of 128 MiB, queues of 64 MiB, and twice what is in work.
  expect(memory({ maxInFlight: 16, maxBatchBytes: Size.mebibytes(32) })).toBe('1216Mi');
});
