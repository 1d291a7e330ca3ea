import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duration, JsonPatch, Size, Yaml } from 'cdk8s';
import { ValidationContext } from 'cdk8s-cli/plugins';
import {
  Batching,
  CloudEventMode,
  Delivery,
  EventFormat,
  EventSink,
  Fallback,
  FeatureLookup,
  InputFields,
  KafkaLogin,
  MountedFile,
  PredictionColumn,
  PredictionLog,
  Scaling,
  ServingPolicy,
  StreamingConsumer,
  type StreamingConsumerProps,
} from 'cdk8s-model-serving';
import { ConfigMap, Secret } from 'cdk8s-plus-28';
import { customResourceProblems } from '../support/custom-resource-schema';
import { KubernetesSchema } from '../support/kubernetes-schema';
import { carriedModel, type Manifest, newChart, only, remoteModel } from '../support/manifests';
import { podSecurityFindings } from '../support/pod-security';
import { describeWith, KUBERNETES_SCHEMAS } from '../support/requires';
import { temporaryDirectory } from '../support/temporary';
import {
  consumerProps,
  kafkaSink,
  kafkaSource,
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

const ca = () => MountedFile.fromConfigMap(ConfigMap.fromConfigMapName(newChart(), 'ca', 'authorities'), 'ca.crt');
const certificate = () => Secret.fromSecretName(newChart(), 'certificate', 'client');
const cluster = () => ({
  bootstrapServers: 'kafka-0.kafka.streams.svc:9093,kafka-1.kafka.streams.svc:9093',
  tls: { ca: ca(), certificate: certificate() },
  login: KafkaLogin.scramSha512('anomaly', secretValue()),
});

/** Consumers that together have every object and every field. */
const DECLARED: { readonly [name: string]: () => Partial<StreamingConsumerProps> } = {
  'the plainest consumer': () => ({}),
  'Kafka exactly once, scaled on its lag': () => ({
    model: carriedModel(),
    source: kafkaSource({ ...cluster(), partitions: 12, sessionTimeout: Duration.seconds(30) }),
    sink: kafkaSink(cluster()),
    deadLetter: kafkaSink({ ...cluster(), topic: 'logs.dead-letter' }),
    delivery: Delivery.exactlyOnce(),
    inputs: { features: InputFields.list('values', { missing: 0 }) },
    passThrough: { id: '/request/id' },
    predictions: [PredictionColumn.value('label')],
    scaling: Scaling.onLag({ target: 1000, maxReplicas: 12 }),
  }),
  'Redis with everything around the model': () => ({
    source: redisSource({ password: secretValue(), username: 'anomaly', tls: { ca: ca() }, database: 1 }),
    sink: redisSink({ maxLength: 1_000_000 }),
    deadLetter: redisSink({ stream: 'logs.dead-letter' }),
    format: EventFormat.cloudEvents(),
    outputFormat: EventFormat.cloudEvents({ mode: CloudEventMode.BINARY, type: 'com.example.anomaly' }),
    inputs: { card_id: InputFields.of(['card_id']) },
    features: FeatureLookup.redis({ address: 'redis.ml:6379', entity: 'card_id', features: ['x'], defaults: { x: 0 } }),
    fallback: Fallback.model(remoteModel({ name: 'simple' })),
    predictionLog: PredictionLog.file(),
    scaling: Scaling.onLag({ target: 100, minReplicas: 0, maxReplicas: 4 }),
  }),
  'NATS to a web server': () => ({
    source: natsSource({
      servers: 'tls://nats.streams.svc:4222',
      credentials: secretValue('anomaly.creds'),
      tls: { ca: ca() },
      subject: 'logs.>',
      monitoringEndpoint: 'nats.streams.svc:8222',
    }),
    sink: EventSink.http({
      url: 'https://events.example.com/anomalies',
      authorization: secretValue('token'),
      ca: ca(),
    }),
    deadLetter: natsSink({ subject: 'dead.logs', login: Secret.fromSecretName(newChart(), 'login', 'nats-login') }),
    scaling: Scaling.onLag({ target: 100, maxReplicas: 4 }),
  }),
  'schemas of a registry, scaled on the CPU': () => ({
    source: kafkaSource({ staticMembership: true }),
    format: EventFormat.avro({ registry: 'http://registry:8081', credentials: certificate() }),
    outputFormat: EventFormat.protobuf({ registry: 'https://registry.example.com', subject: 'anomaly', ca: ca() }),
    batching: Batching.dynamic({ maxBatchSize: 100, maxDelay: Duration.millis(20) }),
    maxBatchBytes: Size.mebibytes(2),
    scaling: Scaling.onCpu({ maxReplicas: 5 }),
  }),
};

const directory = temporaryDirectory();

/** Codes of what the validation plugin finds. */
async function found(objects: Manifest[]): Promise<string[]> {
  const path = join(mkdtempSync(join(directory, 'dist-')), 'test.k8s.yaml');
  writeFileSync(path, Yaml.stringify(...objects));
  const context = new ValidationContext([path], 'cdk8s-model-serving', '0.0.0');
  await new ServingPolicy({ strict: true }).validate(context);
  return context.report.toJson().violations.map(({ ruleName }) => ruleName.slice(0, 6));
}

describe.each(Object.entries(DECLARED))('%s', (_name, declare) => {
  test('has the same manifests as before', () => {
    expect(synthesizeConsumer(declare())).toMatchSnapshot();
  });

  test('meets the Restricted Pod Security Standard, and has no token', () => {
    const pod = podOf(synthesizeConsumer(declare()));
    expect(podSecurityFindings(pod)).toEqual([]);
    expect(pod).toMatchObject({ automountServiceAccountToken: false, securityContext: { runAsNonRoot: true } });
  });

  test('mounts every volume once in a container, each is used, and every file of the configuration is there', () => {
    const objects = synthesizeConsumer(declare());
    const { volumes, initContainers = [], containers } = podOf(objects);
    const names = volumes.map(({ name }: Manifest) => name);
    expect(new Set(names).size).toBe(names.length);
    const mounts: Manifest[] = [...initContainers, ...containers].flatMap(({ volumeMounts }) => volumeMounts);
    expect(new Set(mounts.map(({ name }) => name))).toEqual(new Set(names));
    const files = [...JSON.stringify(streamConfigOf(objects)).matchAll(/Path":"([^"]+)"/g)].map(
      ([, file]) => `${file}/`,
    );
    expect(files.filter((file) => !mounts.some(({ mountPath }) => file.startsWith(`${mountPath}/`)))).toEqual([]);
  });

  test('is what the validation plugin takes', async () => {
    expect(await found(synthesizeConsumer(declare()))).toEqual([]);
  });

  describeWith('is what the API server takes', KUBERNETES_SCHEMAS, () => {
    test.each(['1.28', '1.34'])('Kubernetes %s', (version) => {
      const schema = new KubernetesSchema(version);
      const problems = (object: Manifest) =>
        object.apiVersion.startsWith('keda.sh/') ? customResourceProblems(object) : schema.problems(object);
      expect(synthesizeConsumer(declare()).flatMap(problems)).toEqual([]);
    });
  });
});

test('a consumer that is known by the name of its pod is a StatefulSet, any other a Deployment', () => {
  expect(workloadOf(synthesizeConsumer()).kind).toBe('Deployment');
  const kafka = kafkaSource({ staticMembership: true });
  const objects = synthesizeConsumer({ source: kafka });
  const { kind, spec, metadata } = workloadOf(objects);
  expect({ kind, spec }).toMatchObject({
    kind: 'StatefulSet',
    spec: { serviceName: metadata.name, podManagementPolicy: 'Parallel' },
  });
  expect(only(objects, 'Service')).toMatchObject({ metadata: { name: metadata.name }, spec: { clusterIP: 'None' } });
  expect(only(objects, 'Service').spec.selector).toEqual(spec.selector.matchLabels);
  expect(workloadOf(synthesizeConsumer({ delivery: Delivery.exactlyOnce() })).kind).toBe('StatefulSet');
});

test('pods reach brokers, registry and stores, and nothing else', () => {
  const egress = (props: Partial<StreamingConsumerProps>) =>
    only(synthesizeConsumer({ model: carriedModel(), inputs: {}, ...props }), 'NetworkPolicy').spec.egress.slice(1);
  expect(egress({})).toEqual([{ to: [{ podSelector: {} }] }]);
  const namespaces = egress({
    source: kafkaSource({ bootstrapServers: 'a.kafka.streams.svc:9092,b.kafka.streams.svc:9092' }),
    sink: redisSink({ address: 'redis.caches:6379' }),
    format: EventFormat.avro({ registry: 'http://registry.schemas:8081' }),
  }).flatMap(({ to }: Manifest) => to.map((peer: Manifest) => Object.values(peer.namespaceSelector.matchLabels)[0]));
  expect(namespaces).toEqual(['streams', 'caches', 'schemas']);
  const outside = egress({
    source: kafkaSource({ bootstrapServers: '10.0.0.7:9092' }),
    sink: kafkaSink({ bootstrapServers: 'broker.example.com:9093', tls: {} }),
  });
  expect(outside).toMatchObject([
    { to: [{ ipBlock: { cidr: '10.0.0.7/32' } }], ports: [{ port: 9092 }] },
    { to: [{ ipBlock: { cidr: '0.0.0.0/0' } }, {}], ports: [{ port: 9093 }] },
  ]);
});

test('KEDA logs in as the consumer does, and secrets are in no manifest', () => {
  const objects = synthesizeConsumer(DECLARED['Kafka exactly once, scaled on its lag']?.());
  expect(only(objects, 'ScaledObject').spec.triggers).toMatchObject([
    {
      type: 'kafka',
      metadata: {
        topic: 'logs',
        consumerGroup: 'log-anomaly',
        lagThreshold: '1000',
        allowIdleConsumers: 'false',
        sasl: 'scram_sha512',
        tls: 'enable',
      },
      authenticationRef: { name: only(objects, 'TriggerAuthentication').metadata.name },
    },
  ]);
  const { spec } = only(objects, 'TriggerAuthentication');
  expect(spec.secretTargetRef).toEqual([
    { parameter: 'cert', name: 'client', key: 'tls.crt' },
    { parameter: 'key', name: 'client', key: 'tls.key' },
    { parameter: 'password', name: 'broker', key: 'password' },
  ]);
  expect(spec.configMapTargetRef).toEqual([{ parameter: 'ca', name: 'authorities', key: 'ca.crt' }]);
  const [container] = podOf(objects).containers;
  expect(container.env).toContainEqual({ name: spec.env[0].name, value: 'anomaly' });
  expect(spec.env[0].containerName).toBe(container.name);
});

test('the autoscaler owns the number of replicas', () => {
  for (const scaling of [Scaling.onLag({ target: 10, maxReplicas: 3 }), Scaling.onCpu({ maxReplicas: 3 })]) {
    const objects = synthesizeConsumer({ scaling });
    expect(workloadOf(objects).spec.replicas).toBeUndefined();
    const { kind, metadata } = workloadOf(objects);
    const autoscaler = objects.find(({ spec }) => spec?.scaleTargetRef !== undefined);
    expect(autoscaler.spec.scaleTargetRef).toEqual({ apiVersion: 'apps/v1', kind, name: metadata.name });
  }
});

describe('the validation plugin finds what a patch breaks', () => {
  const patched = (change: (consumer: StreamingConsumer) => void, props: Partial<StreamingConsumerProps> = {}) => {
    const chart = newChart();
    change(new StreamingConsumer(chart, 'consumer', consumerProps(props)));
    return chart.toJson();
  };
  const pod = '/spec/template/spec';

  test('in the pod', async () => {
    const objects = patched(({ workload }) =>
      workload.addJsonPatch(
        JsonPatch.add(`${pod}/hostNetwork`, true),
        JsonPatch.replace(`${pod}/containers/0/ports/0/containerPort`, 9000),
        JsonPatch.replace(`${pod}/terminationGracePeriodSeconds`, 10),
        JsonPatch.remove(`${pod}/containers/0/readinessProbe`),
      ),
    );
    expect((await found(objects)).sort()).toEqual(['MS1403', 'MS2001', 'MS2004', 'MS2010']);
  });

  test('in the name of a member', async () => {
    const objects = patched(({ workload }) => workload.addJsonPatch(JsonPatch.remove(`${pod}/containers/0/env`)), {
      delivery: Delivery.exactlyOnce(),
    });
    expect(await found(objects)).toEqual(['MS2412']);
  });

  test('in the kind of what makes the pods', async () => {
    const objects = synthesizeConsumer({ delivery: Delivery.exactlyOnce() });
    Object.assign(workloadOf(objects), { kind: 'Deployment' });
    expect(await found(objects)).toContain('MS2412');
  });

  test('in the configuration', async () => {
    const objects = synthesizeConsumer();
    const { data } = only(objects, 'ConfigMap', '-config-');
    for (const change of [
      { maxInFlight: 0 },
      { source: { type: 'pulsar' } },
      { more: 1 },
      { sink: { type: 'http' } },
    ]) {
      const config = { ...streamConfigOf(synthesizeConsumer()), ...change };
      data['config.json'] = JSON.stringify(config);
      expect([...new Set(await found(objects))]).toEqual(['MS2010']);
    }
  });

  test('in the replicas beside a ScaledObject', async () => {
    const scaling = Scaling.onLag({ target: 10, minReplicas: 2, maxReplicas: 3 });
    const objects = patched(({ workload }) => workload.addJsonPatch(JsonPatch.add('/spec/replicas', 2)), { scaling });
    expect(await found(objects)).toEqual(['MS1302']);
    const ranged = patched(({ autoscaler }) => autoscaler?.addJsonPatch(JsonPatch.add('/spec/minReplicaCount', 9)), {
      scaling,
    });
    expect(await found(ranged)).toEqual(['MS1303']);
  });
});
