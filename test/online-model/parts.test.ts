import { Duration, Size } from 'cdk8s';
import {
  Authentication,
  Batching,
  type CachedFallbackOptions,
  type DynamicBatchingOptions,
  Fallback,
  FeatureLookup,
  type FeatureStoreTls,
  type FilePredictionLogOptions,
  type HttpPredictionLogOptions,
  type InMemoryCacheOptions,
  JwtAlgorithm,
  JwtKeys,
  type JwtOptions,
  MountedFile,
  type OnlineModelProps,
  type OtlpTracingOptions,
  PredictionLog,
  type RedisLookupOptions,
  ResponseCache,
  type ServingLimits,
  ServingTls,
  type ServingTlsOptions,
  Tracing,
} from 'cdk8s-model-serving';
import { ConfigMap, Secret } from 'cdk8s-plus-28';
import { configOf, type Manifest, newChart, only, podOf, predictorOf, synthesize } from '../support/manifests';

/** A value for a field, and what the configuration of that part must then have. */
interface FieldTest<T> {
  readonly value: T;
  readonly expected: object;
  /** What else the manifests must have. */
  readonly expectations?: (objects: Manifest[]) => void;
}

/** One test for each field: a new one without a test does not compile. */
type FieldTests<T> = { [K in keyof Required<T>]: FieldTest<Required<T>[K]> };

const secret = (name: string) => Secret.fromSecretName(newChart(), 'secret', name);
const volumeOf = (objects: Manifest[], name: string) =>
  podOf(objects).volumes.find((volume: Manifest) => volume.name === name);
const egressOf = (objects: Manifest[]) => only(objects, 'NetworkPolicy').spec.egress;

function testFields<T>(
  name: string,
  tests: FieldTests<T>,
  declare: (field: Partial<T>) => Partial<OnlineModelProps>,
  partOf: (config: Manifest) => Manifest,
): void {
  const cases = Object.entries<FieldTest<unknown>>(tests);
  test.each(cases)(`${name}: %s`, (field, { value, expected, expectations }) => {
    const objects = synthesize(declare({ [field]: value } as Partial<T>));
    expect(partOf(configOf(objects))).toMatchObject(expected);
    expectations?.(objects);
  });
}

testFields<DynamicBatchingOptions>(
  'batching',
  {
    maxBatchSize: { value: 64, expected: { maxBatchSize: 64 } },
    preferredBatchSizes: { value: [8, 16], expected: { preferredBatchSizes: [8, 16] } },
    maxDelay: { value: Duration.millis(5), expected: { maxDelayMillis: 5 } },
  },
  (options) => ({ batching: Batching.dynamic(options) }),
  ({ models }) => models[0].batching,
);

testFields<InMemoryCacheOptions>(
  'cache',
  {
    maxSize: { value: Size.mebibytes(1), expected: { maxBytes: 1_048_576, maxAgeMillis: 60_000 } },
    maxAge: { value: Duration.seconds(5), expected: { maxBytes: 16 * 1_048_576, maxAgeMillis: 5000 } },
  },
  (options) => ({ cache: ResponseCache.inMemory(options) }),
  ({ models }) => models[0].cache,
);

testFields<CachedFallbackOptions>(
  'cached fallback',
  {
    maxSize: { value: Size.mebibytes(1), expected: { cached: { maxBytes: 1_048_576, maxAgeMillis: 600_000 } } },
    maxAge: { value: Duration.hours(1), expected: { cached: { maxBytes: 16 * 1_048_576, maxAgeMillis: 3_600_000 } } },
  },
  (options) => ({ fallback: Fallback.cached(options) }),
  ({ models }) => models[0].fallback,
);

testFields<ServingLimits>(
  'limits',
  {
    maxHeaderSize: { value: Size.kibibytes(8), expected: { maxHeaderBytes: 8192 } },
    maxConnections: { value: 100, expected: { maxConnections: 100 } },
    maxJsonDepth: { value: 4, expected: { maxJsonDepth: 4 } },
    maxElements: { value: 5, expected: { maxElements: 5 } },
    maxQueuedRequests: {
      value: 33_792,
      expected: { maxQueuedRequests: 33_792 },
      // 32768 more than every process has room for, 16 KiB each.
      expectations: (objects) => expect(predictorOf(objects).resources.limits.memory).toBe(`${128 + 512}Mi`),
    },
    maxResponseSize: { value: Size.mebibytes(1), expected: { maxResponseBytes: 1_048_576 } },
  },
  (options) => ({ limits: options }),
  ({ server }) => server.limits,
);

testFields<RedisLookupOptions>(
  'features',
  {
    address: {
      value: '10.0.0.7:6380',
      expected: { address: '10.0.0.7:6380' },
      expectations: (objects) =>
        expect(egressOf(objects)).toContainEqual({
          to: [{ ipBlock: { cidr: '10.0.0.7/32' } }],
          ports: [{ port: 6380, protocol: 'TCP' }],
        }),
    },
    entity: { value: 'user', expected: { entity: 'user', key: 'user:{entity}' } },
    features: { value: ['x'], expected: { features: [{ name: 'x', input: 'x' }] } },
    defaults: { value: { a: 1 }, expected: { features: [{ name: 'a', input: 'a', defaultValue: 1 }] } },
    inputs: { value: { a: 'x' }, expected: { features: [{ name: 'a', input: 'x' }] } },
    columns: { value: { a: 3 }, expected: { features: [{ name: 'a', input: 'a', column: 3 }] } },
    key: { value: 'card:{entity}', expected: { key: 'card:{entity}' } },
    timeout: { value: Duration.millis(7), expected: { timeoutMillis: 7 } },
    maxAge: { value: Duration.hours(1), expected: { maxAgeMillis: 3_600_000, timestampField: 'updated_at' } },
    timestampField: { value: 'changed', expected: { timestampField: 'changed' } },
    database: { value: 3, expected: { database: 3 } },
    username: { value: 'predictor', expected: { username: 'predictor' } },
    password: {
      value: { secret: secret('redis'), key: 'password' },
      expected: { passwordPath: '/etc/model-serving-credentials/feature-store-password/password' },
      expectations: (objects) =>
        expect(volumeOf(objects, 'feature-store-password')).toEqual({
          name: 'feature-store-password',
          secret: { secretName: 'redis', items: [{ key: 'password', path: 'password' }], defaultMode: 0o440 },
        }),
    },
    tls: { value: {}, expected: { tls: {} } },
  },
  (options) => ({
    features: FeatureLookup.redis({
      address: 'redis:6379',
      entity: 'card',
      features: ['a'],
      ...('maxAge' in options ? { timestampField: 'updated_at' } : {}),
      ...('username' in options ? { password: { secret: secret('redis'), key: 'password' } } : {}),
      ...options,
    }),
  }),
  ({ models }) => models[0].features,
);

testFields<FeatureStoreTls>(
  'TLS to the feature store',
  {
    ca: {
      value: MountedFile.fromConfigMap(ConfigMap.fromConfigMapName(newChart(), 'ca', 'ca-bundle'), 'ca.crt'),
      expected: { caPath: '/etc/model-serving-credentials/feature-store-ca/ca.crt' },
      expectations: (objects) =>
        expect(volumeOf(objects, 'feature-store-ca').configMap).toEqual({
          name: 'ca-bundle',
          items: [{ key: 'ca.crt', path: 'ca.crt' }],
          defaultMode: 0o440,
        }),
    },
    serverName: { value: 'redis', expected: { serverName: 'redis' } },
  },
  (tls) => ({ features: FeatureLookup.redis({ address: 'redis:6379', entity: 'card', features: ['a'], tls }) }),
  ({ models }) => models[0].features.tls,
);

test.each([
  [Duration.millis(100), 25],
  [Duration.millis(3), 1],
  [Duration.millis(10), 2],
  [undefined, 50],
])('a lookup takes a quarter of the latency budget %s by default, at most 50 ms', (latencyBudget, expected) => {
  const features = FeatureLookup.redis({ address: 'redis:6379', entity: 'card', features: ['a'] });
  expect(configOf(synthesize({ features, latencyBudget })).models[0].features.timeoutMillis).toBe(expected);
});

const LOG = {
  sampleRatio: { value: 0.25, expected: { sampleRatio: 0.25 } },
  redact: { value: ['features'], expected: { redact: ['features'] } },
  maxQueuedEvents: {
    value: 32_768,
    expected: { maxQueuedEvents: 32_768 },
  },
};

testFields<FilePredictionLogOptions>(
  'prediction log in a file',
  {
    ...LOG,
    maxSize: {
      value: Size.gibibytes(1),
      expected: { sink: { type: 'file', maxBytes: 1024 ** 3 } },
      expectations: (objects) => {
        expect(volumeOf(objects, 'prediction-log').emptyDir).toEqual({ sizeLimit: '2049Mi' });
        // Events that wait take memory, so the largest model is smaller: on its volume, and as a copy in /tmp.
        const { limits } = predictorOf(synthesize()).resources;
        expect(predictorOf(objects).resources.limits['ephemeral-storage']).toBe(
          `${Number.parseInt(limits['ephemeral-storage'], 10) + 2049 - 16}Mi`,
        );
      },
    },
  },
  (options) => ({ predictionLog: PredictionLog.file(options) }),
  ({ models }) => models[0].predictionLog,
);

testFields<HttpPredictionLogOptions>(
  'prediction log over HTTP',
  {
    ...LOG,
    url: {
      value: 'http://events.monitoring:8080/x',
      expected: { sink: { type: 'http', url: 'http://events.monitoring:8080/x' } },
      expectations: (objects) =>
        expect(egressOf(objects)).toContainEqual({
          to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }],
        }),
    },
    authorization: {
      value: { secret: secret('events'), key: 'authorization' },
      expected: {
        sink: { authorizationPath: '/etc/model-serving-credentials/prediction-log-authorization/authorization' },
      },
      expectations: (objects) =>
        expect(volumeOf(objects, 'prediction-log-authorization').secret).toMatchObject({ secretName: 'events' }),
    },
  },
  (options) => ({ predictionLog: PredictionLog.http({ url: 'https://events.example.com', ...options }) }),
  ({ models }) => models[0].predictionLog,
);

testFields<OtlpTracingOptions>(
  'tracing',
  {
    url: { value: 'https://other.example.com:4318/', expected: { url: 'https://other.example.com:4318/' } },
    sampleRatio: { value: 0.5, expected: { sampleRatio: 0.5 } },
    authorization: {
      value: { secret: secret('collector'), key: 'token' },
      expected: { authorizationPath: '/etc/model-serving-credentials/tracing-authorization/token' },
    },
  },
  (options) => ({ tracing: Tracing.otlp({ url: 'https://collector.example.com', ...options }) }),
  ({ server }) => server.tracing,
);

testFields<JwtOptions>(
  'tokens',
  {
    issuer: { value: 'https://other.example.com', expected: { issuer: 'https://other.example.com' } },
    audience: { value: 'fraud', expected: { audience: 'fraud', algorithms: ['RS256', 'ES256'] } },
    keys: {
      value: JwtKeys.file(MountedFile.fromSecret(secret('login'), 'jwks.json')),
      expected: { jwksPath: '/etc/model-serving-credentials/jwks/jwks.json' },
      expectations: (objects) => {
        expect(volumeOf(objects, 'jwks').secret).toMatchObject({ secretName: 'login' });
        expect(JSON.stringify(egressOf(objects))).not.toContain('8443');
      },
    },
    algorithms: {
      value: Object.values(JwtAlgorithm),
      expected: {
        algorithms: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'],
        jwksUri: 'https://login.example.com:8443/jwks.json',
      },
      expectations: (objects) =>
        expect(egressOf(objects)).toContainEqual(expect.objectContaining({ ports: [{ port: 8443, protocol: 'TCP' }] })),
    },
  },
  (options) => ({
    authentication: Authentication.jwt({
      issuer: 'https://login.example.com',
      audience: 'iris',
      keys: JwtKeys.url('https://login.example.com:8443/jwks.json'),
      ...options,
    }),
  }),
  ({ server }) => server.authentication.jwt,
);

testFields<ServingTlsOptions>(
  'TLS',
  {
    clientCa: {
      value: MountedFile.fromSecret(secret('clients'), 'ca.crt'),
      expected: { clientCaPath: '/etc/model-serving-credentials/client-ca/ca.crt' },
      // The kubelet has no certificate.
      expectations: (objects) => {
        for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
          expect(predictorOf(objects)[probe].httpGet).toEqual({ path: expect.any(String), port: 'metrics' });
        }
      },
    },
  },
  (options) => ({ tls: ServingTls.secret(secret('tls'), options) }),
  ({ server }) => server.tls,
);

test('several ways to authenticate are all there', () => {
  const authentication = Authentication.anyOf([
    Authentication.apiKeys(secret('keys')),
    Authentication.jwt({ issuer: 'a', audience: 'b', keys: JwtKeys.url('https://login.example.com/jwks.json') }),
  ]);
  expect(Object.keys(configOf(synthesize({ authentication })).server.authentication)).toEqual(['apiKeys', 'jwt']);
});

test('a namespace that several parts connect to is named once', () => {
  const objects = synthesize({
    features: FeatureLookup.redis({ address: 'redis.data:6379', entity: 'card', features: ['a'] }),
    predictionLog: PredictionLog.http({ url: 'http://events.data:8080' }),
  });
  expect(JSON.stringify(egressOf(objects)).match(/"data"/g)).toHaveLength(1);
});
