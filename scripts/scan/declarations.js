/**
 * Online models, batch jobs and streaming consumers that are scanned beside the examples: what the tests declare, which together uses every
 * property, and what is declared here.
 */

const { Duration, JsonPatch } = require('cdk8s');
const { EnvValue, ImagePullPolicy, Secret, ServiceAccount } = require('cdk8s-plus-28');
require('tsx/cjs');
const {
  BatchJob,
  Dataset,
  Delivery,
  DisruptionBudget,
  EventFormat,
  EventSink,
  EventSource,
  Gpu,
  InputFields,
  KafkaLogin,
  Model,
  ModelSource,
  NetworkPeer,
  OnlineModel,
  PredictionLookup,
  PredictionSink,
  Scaling,
  Schedule,
  StreamingConsumer,
} = require('../../lib/index.ts');
const { DECLARATIONS } = require('../../test/support/declarations.ts');
const { newChart, SHA256 } = require('../../test/support/manifests.ts');

const modelOf = (source) => Model.onnx({ name: 'iris', version: 'v1', source });
const model = modelOf(ModelSource.s3('s3://models/iris.onnx', { sha256: SHA256 }));
const reference = `registry.example.com/team/model@sha256:${SHA256}`;

const OTHERS = {
  'the image mounted': {
    props: () => ({
      model: modelOf(ModelSource.image(reference, '/iris.onnx', { sha256: SHA256, imageVolume: true })),
    }),
    // Image volumes are beta since 1.33.
    oldest: '1.33',
  },
  'an image that is never pulled': {
    props: () => ({ model, image: reference, imagePullPolicy: ImagePullPolicy.NEVER }),
  },
  'an account of somebody else': {
    props: () => ({ model, serviceAccount: ServiceAccount.fromServiceAccountName(newChart(), 'account', 'models') }),
  },
  'few clients and another GPU': {
    props: () => ({
      model,
      image: reference,
      resources: { gpu: Gpu.amd(2) },
      clients: [NetworkPeer.namespace('shop'), NetworkPeer.cidr('10.0.0.0/8')],
      monitors: [],
    }),
  },
};

/** What a declaration of the tests weakens, with the suppressions that its author would write beside it. */
const SUPPRESSED = {
  'a model in an image': {
    'kube-score/ignore': 'deployment-replicas',
    'kube-score/reason.deployment-replicas': 'An internal tool: a minute without it does no harm.',
  },
  'a pod with everything': {
    'checkov.io/skip1': 'CKV_K8S_35=The library that reads the salt takes it from the environment alone.',
  },
};

const patched = (...patches) => ({ model, podPatch: patches });
const secret = () => Secret.fromSecretName(newChart(), 'secret', 'credentials');

/** What weakens a model must be found, exactly so: the suppressions of the library do not cover it, and the scanners see it. */
const WEAKENED = {
  'one replica': { props: () => ({ model, replicas: 1 }), expected: ['deployment-replicas'] },
  'one replica at night': {
    props: () => ({ model, scaling: Scaling.onCpu({ minReplicas: 1, maxReplicas: 4 }) }),
    expected: ['horizontalpodautoscaler-replicas'],
  },
  'no disruption budget': {
    props: () => ({ model, disruptionBudget: DisruptionBudget.none() }),
    expected: ['deployment-has-poddisruptionbudget'],
  },
  'an image by its tag': {
    props: () => ({ model, image: 'registry.example.com/team/model-serving:1.0.0' }),
    expected: ['CKV_K8S_15', 'CKV_K8S_43', 'container-image-pull-policy'],
  },
  'another container by its tag': {
    props: () => patched(JsonPatch.add('/spec/containers/-', container('docker.io/library/proxy:1.0.0'))),
    expected: ['CKV_K8S_15', 'CKV_K8S_43', 'container-image-pull-policy'],
  },
  'a secret in the environment': {
    props: () => ({ model, env: { SALT: EnvValue.fromSecretValue({ secret: secret(), key: 'salt' }) } }),
    expected: ['CKV_K8S_35'],
  },
  'no network policy': {
    props: () => ({ model }),
    change: (online) => online.node.tryRemoveChild('NetworkPolicy'),
    expected: ['CKV2_K8S_6', 'pod-networkpolicy'],
  },
  'no spread over nodes': {
    props: () => patched(JsonPatch.remove('/spec/topologySpreadConstraints')),
    expected: ['deployment-has-host-podantiaffinity'],
  },
  'a writable root': {
    props: () => patched(JsonPatch.replace('/spec/containers/0/securityContext/readOnlyRootFilesystem', false)),
    expected: ['CKV_K8S_22', 'container-security-context-readonlyrootfilesystem'],
  },
  'an unknown field': {
    props: () => patched(JsonPatch.add('/spec/containers/0/imagePullPolice', 'Always')),
    expected: ['invalid'],
  },
  'no namespace': { props: () => ({ model }), namespace: undefined, expected: ['CKV_K8S_21'] },
};

const kafka = {
  bootstrapServers: 'kafka.streams.svc:9093',
  tls: {},
  login: KafkaLogin.scramSha512('anomaly', { secret: secret(), key: 'password' }),
};
const redis = { address: 'redis.streams:6379', tls: {} };

/** Consumers: a Deployment, a StatefulSet, and each of the autoscalers. */
const CONSUMERS = {
  'a consumer of Kafka exactly once on its lag': {
    source: EventSource.kafka({ ...kafka, topic: 'logs', group: 'anomaly', partitions: 12 }),
    sink: EventSink.kafka({ ...kafka, topic: 'anomalies' }),
    deadLetter: EventSink.kafka({ ...kafka, topic: 'logs.dead-letter' }),
    delivery: Delivery.exactlyOnce(),
    scaling: Scaling.onLag({ target: 1000, minReplicas: 2, maxReplicas: 12 }),
  },
  'a consumer of Redis to a web server': {
    source: EventSource.redisStream({ ...redis, stream: 'logs', group: 'anomaly' }),
    sink: EventSink.http({ url: 'https://events.example.com' }),
    deadLetter: EventSink.redisStream({ ...redis, stream: 'dead' }),
  },
  'a consumer of NATS on the CPU': {
    source: EventSource.nats({ servers: 'tls://nats.streams:4222', stream: 'LOGS', consumer: 'anomaly' }),
    sink: EventSink.nats({ servers: 'tls://nats.streams:4222', subject: 'anomalies' }),
    format: EventFormat.avro({ registry: 'http://registry.streams:8081', credentials: secret() }),
    scaling: Scaling.onCpu({ maxReplicas: 4 }),
  },
};

const table = PredictionSink.redis({
  address: 'redis.ml:6379',
  key: 'id',
  timeToLive: Duration.days(2),
  tls: {},
  password: { secret: secret(), key: 'password' },
});

/** Batch jobs: a Job, a CronJob, and one whose table is looked up. */
const JOBS = {
  'a job that runs once': {
    input: Dataset.parquet('s3://warehouse/users/*.parquet'),
    outputs: [PredictionSink.parquet('s3://warehouse/churn')],
    shards: 4,
  },
  'a job every night on a volume': {
    input: Dataset.csv('pvc://warehouse/users/*.csv'),
    outputs: [PredictionSink.jsonLines('pvc://warehouse/churn')],
    schedule: Schedule.daily({ timeZone: 'Europe/Berlin', hour: 2 }),
  },
  'a job every hour that is looked up': {
    input: Dataset.parquet('s3://warehouse/users/*.parquet'),
    outputs: [PredictionSink.parquet('s3://warehouse/churn'), table],
    schedule: Schedule.hourly({ timeZone: 'Europe/Berlin' }),
    change: (job) => new PredictionLookup(job.node.scope, 'lookup', { job }),
  },
};

function container(image) {
  const resources = { cpu: '100m', memory: '64Mi', 'ephemeral-storage': '64Mi' };
  return {
    name: 'proxy',
    image,
    imagePullPolicy: 'IfNotPresent',
    resources: { requests: resources, limits: resources },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    livenessProbe: { tcpSocket: { port: 9000 } },
    readinessProbe: { httpGet: { path: '/ready', port: 9000 } },
  };
}

/**
 * All of them: `{ name, props, construct, change?, namespace?, oldest?, expected }`, where `expected` are the findings that must
 * come.
 */
function declarations() {
  const declared = Object.entries(DECLARATIONS).map(([name, declare]) => ({
    name: `declared/${name}`,
    props: () => withAnnotations(declare(), SUPPRESSED[name]),
  }));
  const others = Object.entries(OTHERS).map(([name, other]) => ({ name: `declared/${name}`, ...other }));
  const weakened = Object.entries(WEAKENED).map(([name, weak]) => ({ name: `weakened/${name}`, ...weak }));
  const models = [...declared, ...others, ...weakened].map((each) => ({ construct: OnlineModel, ...each }));
  const inputs = { x: InputFields.of(['duration_ms', 'size']) };
  const consumers = Object.entries(CONSUMERS).map(([name, consumer]) => ({
    name: `declared/${name}`,
    construct: StreamingConsumer,
    props: () => ({ model, inputs, ...consumer }),
  }));
  const jobs = Object.entries(JOBS).map(([name, { change, ...job }]) => ({
    name: `declared/${name}`,
    construct: BatchJob,
    props: () => ({ model, features: { x: ['age', 'income'] }, ...job }),
    change,
  }));
  return [...models, ...consumers, ...jobs];
}

function withAnnotations(props, annotations) {
  const metadata = { ...props.metadata, annotations: { ...props.metadata?.annotations, ...annotations } };
  return annotations === undefined ? props : { ...props, metadata };
}

module.exports = { declarations };
