import { Duration } from 'cdk8s';
import { ModelGateway, OnlineModel, PredictionSink, Schedule } from 'cdk8s-model-serving';
import { Secret } from 'cdk8s-plus-28';
import { failureOf, newChart, only, podOf, predictorOf, remoteModel } from '../support/manifests';
import { chartWithLookup, redisSink, synthesizeLookup } from './jobs';

const lookupConfigOf = (...declared: Parameters<typeof synthesizeLookup>) =>
  JSON.parse(only(synthesizeLookup(...declared), 'ConfigMap', '-config-').data['config.json']);
const secret = Secret.fromSecretName(newChart(), 'secret', 'redis');

test('reads the table of its job, as the job writes it', () => {
  const sink = redisSink({
    password: { secret, key: 'password' },
    tls: { serverName: 'redis' },
    database: 3,
    table: 'top',
  });
  const schedule = Schedule.hourly({ timeZone: 'Etc/UTC' });
  expect(lookupConfigOf({}, { outputs: [PredictionSink.csv('s3://b/a'), sink], schedule })).toMatchObject({
    schema: 'model-serving-lookup/v1',
    lookups: [
      {
        name: 'iris',
        version: 'lookup',
        table: {
          address: 'redis.ml:6379',
          database: 3,
          passwordPath: '/etc/model-serving-credentials/redis-password/password',
          tls: { serverName: 'redis' },
          table: 'top',
        },
        key: 'id',
        timeoutMillis: 100,
        maxAgeMillis: 7_200_000,
      },
    ],
    server: { httpPort: 8080, grpcPort: 8081, metricsPort: 8082, requestTimeoutMillis: 1000 },
  });
});

test('takes what is said instead', () => {
  const config = lookupConfigOf({
    modelName: 'recommendations',
    modelVersion: '2',
    key: 'user',
    redis: { address: 'replica.ml:6379', username: 'reader', password: { secret, key: 'reader' } },
    maxAge: Duration.days(3),
    defaultPrediction: { products: [] },
    latencyBudget: Duration.millis(300),
    docs: false,
  });
  expect(config.lookups).toMatchObject([
    {
      name: 'recommendations',
      version: '2',
      key: 'user',
      table: { address: 'replica.ml:6379', username: 'reader', table: 'iris' },
      maxAgeMillis: 259_200_000,
      defaultPrediction: { products: [] },
    },
  ]);
  expect(config.server).toMatchObject({ requestTimeoutMillis: 300, docs: false });
});

test('runs like a model that is served: probes, ports, a wait before the shutdown', () => {
  const objects = synthesizeLookup();
  expect(predictorOf(objects)).toMatchObject({
    name: 'lookup',
    args: ['lookup', '--config', '/etc/model-serving/config.json'],
    // A store that is away at the start is no reason to restart.
    startupProbe: { httpGet: { path: '/v2/health/live', port: 'http' } },
    readinessProbe: { httpGet: { path: '/v2/health/ready', port: 'http' } },
    livenessProbe: { httpGet: { path: '/v2/health/live', port: 'http' } },
    lifecycle: { preStop: { exec: expect.anything() } },
  });
  expect(podOf(objects)).not.toHaveProperty('initContainers');
  expect(only(objects, 'Deployment').spec).toMatchObject({
    replicas: 2,
    strategy: { rollingUpdate: { maxUnavailable: 0 } },
  });
  expect(only(objects, 'PodDisruptionBudget').spec.maxUnavailable).toBe(1);
});

test('connects to Redis and nothing else', () => {
  const { egress } = only(synthesizeLookup(), 'NetworkPolicy').spec;
  expect(egress.slice(1)).toEqual([
    { to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ml' } } }] },
  ]);
});

test('stands behind a gateway like a model, beside one that is served online', () => {
  const { chart, lookup } = chartWithLookup();
  const gateway = new ModelGateway(chart, 'gateway');
  new OnlineModel(chart, 'online', { model: remoteModel({ name: 'other' }), gateway });
  gateway.addModel(lookup, { hosts: ['recommendations.example.com'] });
  expect(failureOf(chart)).toBe('');
  const routes = only(chart.toJson(), 'ConfigMap', `${gateway.service.name}-config`).data['routes.json'];
  expect(routes).toContain(`${lookup.service.name}-http`);
  expect(routes).toContain('recommendations.example.com');
});

test('lets only its gateway in', () => {
  const gateway = new ModelGateway(newChart(), 'gateway');
  const objects = synthesizeLookup({ gateway });
  expect(only(objects, 'NetworkPolicy').spec.ingress[0].from).toEqual([gateway.networkPeer._peer]);
});
