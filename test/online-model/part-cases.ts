import { join } from 'node:path';
import { Duration, Size } from 'cdk8s';
import {
  Authentication,
  Batching,
  Fallback,
  FeatureLookup,
  type HttpPredictionLogOptions,
  JwtKeys,
  type JwtOptions,
  Model,
  ModelSource,
  MountedFile,
  type OnlineModelProps,
  PredictionLog,
  type RedisLookupOptions,
  ResponseCache,
  type ServingLimits,
  ServingTls,
  Tracing,
} from 'cdk8s-model-serving';
import { ConfigMap, Secret } from 'cdk8s-plus-28';
import type { DEPENDENCY_RULES } from '../../lib/kubernetes/rules/dependency-rules';
import type { REQUEST_RULES } from '../../lib/kubernetes/rules/request-rules';
import type { SECURITY_RULES } from '../../lib/kubernetes/rules/security-rules';
import { carriedModel, FIXTURES, newChart, remoteModel } from '../support/manifests';

type Declaration = Partial<OnlineModelProps>;
type PartRule = keyof typeof DEPENDENCY_RULES | keyof typeof REQUEST_RULES | keyof typeof SECURITY_RULES | 'mountedKey';

const secret = (name: string = 'credentials') => Secret.fromSecretName(newChart(), 'secret', name);
const fixture = (name: string, version: string = 'v1') =>
  Model.onnx({ name: 'iris', version, source: ModelSource.file(join(FIXTURES, 'models', name)) });
const otherIris = (version: string = 'v2') => Model.onnx({ name: 'iris', version, source: carriedModel().source });

const redis = (options: Partial<RedisLookupOptions>): Declaration => ({
  features: FeatureLookup.redis({ address: 'redis:6379', entity: 'card', features: ['a', 'b'], ...options }),
});
/** Features of a model with the inputs age, income (FP32) and city (BYTES). */
const columns = (options: Partial<RedisLookupOptions>): Declaration => ({
  model: fixture('mixed-columns.onnx'),
  ...redis({ features: ['income', 'city'], ...options }),
});
/** Features of a model with one input `features`, FP32 [-1, 4]. */
const iris = (options: Partial<RedisLookupOptions>): Declaration => ({ model: carriedModel(), ...redis(options) });
const limits = (values: ServingLimits): Declaration => ({ limits: values });
const batching = (...options: Parameters<typeof Batching.dynamic>): Declaration => ({
  batching: Batching.dynamic(...options),
});
const prediction = (model: Model, output: { [name: string]: unknown }): Declaration => ({
  model,
  fallback: Fallback.prediction(output),
});
const http = (options: Partial<HttpPredictionLogOptions>): Declaration => ({
  predictionLog: PredictionLog.http({ url: 'https://events.example.com', ...options }),
});
const jwt = (options: Partial<JwtOptions>): Declaration => ({
  authentication: Authentication.jwt({
    issuer: 'https://login.example.com',
    audience: 'iris',
    keys: JwtKeys.url('https://login.example.com/jwks.json'),
    ...options,
  }),
});

const LABELLED = { label: 0, probabilities: [0.2, 0.3, 0.5] };

/** What breaks a rule on what is around a model, and what is close to it and does not. */
export const PART_CASES: Record<PartRule, { breaks: (() => Declaration)[]; holds: (() => Declaration)[] }> = {
  batchSize: {
    breaks: [
      ...[0, -1, 1.5, 65_537, Number.NaN].map((maxBatchSize) => () => batching({ maxBatchSize })),
      ...[[], [0], [8, 65], [1.5]].map(
        (preferredBatchSizes) => () => batching({ maxBatchSize: 64, preferredBatchSizes }),
      ),
    ],
    holds: [
      () => batching(),
      () => batching({ maxBatchSize: 65_536, preferredBatchSizes: [1, 65_536] }),
      () => batching({ preferredBatchSizes: [512] }),
      () => ({ batching: Batching.none() }),
    ],
  },
  batchDelay: {
    breaks: [
      () => ({ ...batching({ maxDelay: Duration.millis(100) }), latencyBudget: Duration.millis(100) }),
      () => batching({ maxDelay: Duration.seconds(30) }),
      () => ({ ...batching({ maxDelay: Duration.seconds(61) }), latencyBudget: Duration.minutes(5) }),
    ],
    holds: [
      () => ({ ...batching({ maxDelay: Duration.millis(99) }), latencyBudget: Duration.millis(100) }),
      () => batching({ maxDelay: Duration.millis(0) }),
    ],
  },
  fixedBatch: {
    breaks: [
      () => ({ model: fixture('fixed-batch.onnx'), ...batching() }),
      () => ({ model: fixture('fixed-batch.onnx'), ...batching({ maxBatchSize: 8 }) }),
    ],
    holds: [
      () => ({ model: fixture('fixed-batch.onnx') }),
      () => ({ model: fixture('fixed-batch.onnx'), batching: Batching.none() }),
      () => ({ model: fixture('fixed-batch.onnx'), ...batching({ maxBatchSize: 1 }) }),
      () => ({ model: fixture('scalar-input.onnx'), ...batching() }),
      () => ({ model: carriedModel(), ...batching({ maxBatchSize: 8 }) }),
    ],
  },
  servingLimits: {
    breaks: [
      () => limits({ maxHeaderSize: Size.kibibytes(0.5) }),
      () => limits({ maxHeaderSize: Size.mebibytes(2) }),
      () => limits({ maxConnections: 0 }),
      () => limits({ maxConnections: 1.5 }),
      () => limits({ maxJsonDepth: 3 }),
      () => limits({ maxJsonDepth: 257 }),
      () => limits({ maxElements: 0 }),
      () => limits({ maxQueuedRequests: 0 }),
      () => limits({ maxQueuedRequests: Number.POSITIVE_INFINITY }),
      () => limits({ maxResponseSize: Size.kibibytes(0) }),
      () => ({ ...limits({ maxResponseSize: Size.mebibytes(129) }), resources: { memory: Size.mebibytes(512) } }),
    ],
    holds: [
      () => limits({}),
      () => limits({ maxHeaderSize: Size.kibibytes(1), maxConnections: 1, maxJsonDepth: 4, maxElements: 1 }),
      () => ({ ...limits({ maxResponseSize: Size.mebibytes(128) }), resources: { memory: Size.mebibytes(512) } }),
    ],
  },
  cacheSize: {
    breaks: [
      () => ({ cache: ResponseCache.inMemory({ maxSize: Size.kibibytes(0) }) }),
      () => ({ fallback: Fallback.cached({ maxSize: Size.kibibytes(0.5) }) }),
    ],
    holds: [
      () => ({ cache: ResponseCache.inMemory({ maxSize: Size.kibibytes(1) }) }),
      () => ({ fallback: Fallback.cached({ maxSize: Size.kibibytes(1) }) }),
    ],
  },
  corsOrigin: {
    breaks: ['', 'app.example.com', 'https://app.example.com/', 'https://app.example.com/x', 'https://*.example.com/']
      .map((origin) => () => ({ cors: [origin] }))
      .concat([() => ({ cors: [] })]),
    holds: [() => ({ cors: ['*'] }), () => ({ cors: ['https://app.example.com', 'http://localhost:3000'] })],
  },
  featureStoreAddress: {
    breaks: [
      '',
      'redis',
      'redis:0',
      'redis:65536',
      'redis://redis:6379',
      ':6379',
      'user:secret@redis:6379',
      'redis:6379/0',
      'a b:6379',
      '169.254.169.254:80',
      '[fe80::1]:6379',
    ].map((address) => () => redis({ address, tls: {} })),
    holds: ['redis:6379', 'redis.ml-serving:6379', '10.0.0.1:6379', '[fd00::1]:6379', 'Redis.ML-Serving.svc:6379'].map(
      (address) => () => redis({ address }),
    ),
  },
  featureStoreTls: {
    breaks: ['redis.example.com:6379', '8.8.8.8:6379', 'my-redis.abc.cache.amazonaws.com:6379'].map(
      (address) => () => redis({ address }),
    ),
    holds: [
      () => redis({ address: 'redis.example.com:6380', tls: {} }),
      () => redis({ address: 'redis.ml-serving:6379' }),
      () => redis({ address: '192.168.1.7:6379' }),
    ],
  },
  featureStoreLogin: {
    breaks: [
      () => redis({ username: 'predictor' }),
      () => redis({ username: '', password: { secret: secret(), key: 'password' } }),
      ...[-1, 1.5, 65_536].map((database) => () => redis({ database })),
      () => redis({ tls: { serverName: '' } }),
    ],
    holds: [
      () => redis({ username: 'predictor', password: { secret: secret(), key: 'password' } }),
      () => redis({ password: { secret: secret(), key: 'password' }, database: 15, tls: { serverName: 'redis' } }),
    ],
  },
  featureKey: {
    breaks: [
      () => redis({ key: 'card' }),
      () => redis({ key: '{entity}:{entity}' }),
      () => redis({ key: '' }),
      () => redis({ entity: '' }),
    ],
    holds: [() => redis({ key: '{entity}' }), () => redis({ key: 'features/{entity}/v1' })],
  },
  featureNames: {
    breaks: [
      () => redis({ features: [] }),
      () => redis({ features: ['a', 'a'] }),
      () => redis({ features: [''] }),
      () => redis({ defaults: { c: 1 } }),
      () => redis({ inputs: { c: 'x' } }),
      () => redis({ columns: { c: 1 } }),
      () => redis({ inputs: { a: 'x', b: 'x' } }),
      () => redis({ inputs: { a: 'x', b: 'x' }, columns: { a: 1, b: 1 } }),
      () => redis({ inputs: { a: 'x', b: 'x' }, columns: { a: 1 } }),
      () => redis({ inputs: { a: 'b' } }),
    ],
    holds: [
      () => redis({ defaults: { a: 0, b: 'x' }, inputs: { a: 'x', b: 'y' } }),
      () => redis({ inputs: { a: 'x', b: 'x' }, columns: { a: 0, b: 1 } }),
      () => redis({ features: ['constructor', 'toString'] }),
    ],
  },
  featureInput: {
    breaks: [
      () => columns({ features: ['salary'] }),
      () => columns({ inputs: { city: 'town' } }),
      () => columns({ columns: { income: 1 } }),
      () => columns({ columns: { income: -1 } }),
      () => iris({ features: ['features'] }),
      () => iris({ inputs: { a: 'features', b: 'features' }, columns: { a: 3, b: 4 } }),
      () => iris({ inputs: { a: 'features', b: 'features' }, columns: { a: 0.5, b: 1 } }),
      () => ({
        model: fixture('rank3.onnx'),
        ...redis({ features: ['a'], inputs: { a: 'input' }, columns: { a: 0 } }),
      }),
    ],
    holds: [
      () => columns({}),
      () => columns({ features: ['x'], inputs: { x: 'income' } }),
      () => columns({ columns: { income: 0 } }),
      () => iris({ inputs: { a: 'features', b: 'features' }, columns: { a: 0, b: 3 } }),
      () => ({ model: fixture('scalar-input.onnx'), ...redis({ features: ['a'], inputs: { a: 'input' } }) }),
      () => redis({ features: ['anything'] }),
    ],
  },
  featureEntity: {
    breaks: [
      () => columns({ entity: 'age' }),
      () => columns({ entity: 'city' }),
      () => ({ model: fixture('identity-string.onnx'), ...redis({ entity: 'input' }) }),
    ],
    holds: [
      () => columns({ entity: 'person' }),
      () => columns({ entity: 'city', features: ['income'] }),
      () => redis({ entity: 'age' }),
    ],
  },
  featureDefault: {
    breaks: [
      () => columns({ defaults: { income: '0' } }),
      () => columns({ defaults: { income: Number.NaN } }),
      () => columns({ defaults: { income: 'nan' } }),
      () => columns({ defaults: { city: 1 } }),
      () => columns({ defaults: { income: true } }),
      ...[128, -129, 0.5].map((value) => () => ({
        model: fixture('identity-int8.onnx'),
        ...redis({ features: ['a'], inputs: { a: 'input' }, columns: { a: 0 }, defaults: { a: value } }),
      })),
      () => ({
        model: fixture('identity-bool.onnx'),
        ...redis({ features: ['a'], inputs: { a: 'input' }, columns: { a: 1 }, defaults: { a: 1 } }),
      }),
    ],
    holds: [
      () => columns({ defaults: { income: -0.5, city: '' } }),
      () => columns({ defaults: { income: 'NaN' } }),
      () => ({
        model: fixture('identity-int8.onnx'),
        ...redis({ features: ['a'], inputs: { a: 'input' }, columns: { a: 0 }, defaults: { a: -128 } }),
      }),
      () => ({
        model: fixture('identity-bool.onnx'),
        ...redis({ features: ['a'], inputs: { a: 'input' }, columns: { a: 1 }, defaults: { a: false } }),
      }),
    ],
  },
  featureTimeout: {
    breaks: [
      () => ({ ...redis({ timeout: Duration.millis(100) }), latencyBudget: Duration.millis(100) }),
      () => redis({ timeout: Duration.seconds(30) }),
    ],
    holds: [
      () => ({ ...redis({ timeout: Duration.millis(99) }), latencyBudget: Duration.millis(100) }),
      () => ({ ...redis({}), latencyBudget: Duration.millis(10) }),
    ],
  },
  featureAge: {
    breaks: [
      () => redis({ maxAge: Duration.hours(1) }),
      () => redis({ maxAge: Duration.hours(1), timestampField: '' }),
      () => redis({ maxAge: Duration.hours(1), timestampField: 'a' }),
    ],
    holds: [
      () => redis({ maxAge: Duration.hours(1), timestampField: 'updated_at' }),
      () => redis({ timestampField: 'updated_at' }),
    ],
  },
  fallbackPrediction: {
    breaks: [
      () => prediction(carriedModel(), {}),
      () => prediction(carriedModel(), { label: 0 }),
      () => prediction(carriedModel(), { ...LABELLED, score: 1 }),
      () => prediction(carriedModel(), { ...LABELLED, label: 0.5 }),
      () => prediction(carriedModel(), { ...LABELLED, label: [0] }),
      () => prediction(carriedModel(), { ...LABELLED, probabilities: 0.5 }),
      () => prediction(carriedModel(), { ...LABELLED, probabilities: [0.5, 0.5] }),
      () => prediction(carriedModel(), { ...LABELLED, probabilities: [0.5, '0.3', 0.2] }),
      () => prediction(carriedModel(), { ...LABELLED, probabilities: [[0.5], 0.3, 0.2] }),
      () => prediction(fixture('iris-string-labels.onnx'), LABELLED),
      () => prediction(fixture('iris-regressor.onnx'), { variable: [[1]] }),
      () => prediction(fixture('iris-regressor.onnx'), { variable: [1, 2] }),
      () => prediction(fixture('mlp.onnx'), { output: [1e39, 0, 0] }),
      () => prediction(fixture('identity-bf16.onnx'), { output: [3.4e38, 0] }),
      () => prediction(fixture('iris-string-labels.onnx'), { ...LABELLED, label: '\0' }),
      () => prediction(remoteModel(), {}),
      () => prediction(remoteModel(), { score: null }),
      () => prediction(remoteModel(), { score: { a: 1 } }),
      () => prediction(remoteModel(), { score: Number.NaN }),
      () => prediction(remoteModel(), { score: [[1, 2], [3]] }),
    ],
    holds: [
      () => prediction(carriedModel(), LABELLED),
      () => prediction(fixture('iris-string-labels.onnx'), { ...LABELLED, label: 'setosa' }),
      () => prediction(fixture('iris-regressor.onnx'), { variable: [1] }),
      () => prediction(fixture('iris-regressor.onnx'), { variable: 1 }),
      () => prediction(fixture('fixed-batch.onnx'), { output: [1, 2, 'NaN'] }),
      () => prediction(fixture('identity-bf16.onnx'), { output: [3.39e38, '-Infinity'] }),
      () => prediction(remoteModel(), { score: 0.5, label: 'fraud', tags: [true, false] }),
    ],
  },
  fallbackModel: {
    breaks: [
      () => ({ model: carriedModel(), fallback: Fallback.model(carriedModel()) }),
      () => ({ fallback: Fallback.model(remoteModel()) }),
      () => ({ model: carriedModel(), fallback: Fallback.model(fixture('mlp.onnx', 'v2')) }),
      () => ({ model: carriedModel(), fallback: Fallback.model(fixture('iris-string-labels.onnx', 'v2')) }),
      () => ({ model: carriedModel(), fallback: Fallback.model(fixture('iris-regressor.onnx', 'v2')) }),
      () => ({ ...columns({ features: ['income'] }), fallback: Fallback.model(fixture('mixed-columns.onnx', 'v2')) }),
      () => ({
        ...iris({ inputs: { a: 'features', b: 'features' }, columns: { a: 0, b: 1 } }),
        fallback: Fallback.model(otherIris()),
      }),
    ],
    holds: [
      () => ({ model: carriedModel(), fallback: Fallback.model(otherIris()) }),
      () => ({ model: remoteModel(), fallback: Fallback.model(otherIris()) }),
      () => ({ model: remoteModel(), fallback: Fallback.model(remoteModel({ name: 'simple' })) }),
    ],
  },
  logSampling: {
    breaks: [0, -1, 1.01, 10, Number.NaN].map((sampleRatio) => () => ({
      predictionLog: PredictionLog.file({ sampleRatio }),
    })),
    holds: [() => http({ sampleRatio: 1 }), () => http({ sampleRatio: 0.0001 })],
  },
  logRedaction: {
    breaks: [
      () => ({ model: carriedModel(), ...http({ redact: ['feature'] }) }),
      () => ({ ...columns({}), ...http({ redact: ['card_id'] }) }),
      () => http({ redact: [''] }),
    ],
    holds: [
      () => ({ model: carriedModel(), ...http({ redact: ['features', 'label'] }) }),
      () => ({ ...columns({ entity: 'card_id' }), ...http({ redact: ['card_id', 'city'] }) }),
      () => http({ redact: ['anything'] }),
    ],
  },
  logLimits: {
    breaks: [
      ...[0, 1.5, 1_000_001, Number.POSITIVE_INFINITY].map((maxQueuedEvents) => () => http({ maxQueuedEvents })),
      () => ({ predictionLog: PredictionLog.file({ maxSize: Size.kibibytes(0.5) }) }),
    ],
    holds: [
      () => http({ maxQueuedEvents: 1 }),
      () => ({ predictionLog: PredictionLog.file({ maxSize: Size.kibibytes(1) }) }),
    ],
  },
  logAddress: {
    breaks: [
      '',
      'events',
      'ftp://events/x',
      'http://events.example.com',
      'https://user:secret@events.example.com',
      'https://events.example.com/#a',
      'http://169.254.169.254/x',
      'https://[fe80::1]/x',
    ].map((url) => () => http({ url })),
    holds: ['https://events.example.com/x?topic=a', 'http://events.monitoring:8080', 'http://10.1.2.3/x'].map(
      (url) => () => http({ url }),
    ),
  },
  tracingAddress: {
    breaks: ['', 'collector:4318', 'http://collector.example.com/v1/traces', 'https://u:p@collector.example.com'].map(
      (url) => () => ({ tracing: Tracing.otlp({ url }) }),
    ),
    holds: ['http://collector.monitoring:4318/v1/traces', 'https://collector.example.com/v1/traces'].map(
      (url) => () => ({ tracing: Tracing.otlp({ url }) }),
    ),
  },
  tracingSampling: {
    breaks: [-0.1, 1.1, Number.NaN].map((sampleRatio) => () => ({
      tracing: Tracing.otlp({ url: 'http://collector:4318', sampleRatio }),
    })),
    holds: [0, 1].map((sampleRatio) => () => ({
      tracing: Tracing.otlp({ url: 'http://collector:4318', sampleRatio }),
    })),
  },
  authenticationWays: {
    breaks: [
      () => ({ authentication: Authentication.anyOf([]) }),
      () => ({ authentication: Authentication.anyOf([Authentication.anyOf([])]) }),
      () => ({
        authentication: Authentication.anyOf([Authentication.apiKeys(secret()), Authentication.apiKeys(secret())]),
      }),
    ],
    holds: [
      () => ({ authentication: Authentication.apiKeys(secret()) }),
      () => jwt({}),
      () => ({
        authentication: Authentication.anyOf([
          Authentication.apiKeys(secret()),
          Authentication.anyOf([jwt({}).authentication ?? Authentication.anyOf([])]),
        ]),
      }),
    ],
  },
  tokenClaims: {
    breaks: [() => jwt({ issuer: '' }), () => jwt({ audience: '' }), () => jwt({ algorithms: [] })],
    holds: [() => jwt({ issuer: 'anything', audience: 'api://iris' })],
  },
  tokenKeys: {
    breaks: [
      '',
      'login',
      'http://login.example.com/jwks',
      'https://u:p@login.example.com/jwks',
      'http://169.254.1.1/',
    ].map((address) => () => jwt({ keys: JwtKeys.url(address) })),
    holds: [
      () => jwt({ keys: JwtKeys.url('http://keycloak.auth:8080/realms/a/protocol/openid-connect/certs') }),
      () => jwt({ keys: JwtKeys.file(MountedFile.fromSecret(secret(), 'jwks.json')) }),
    ],
  },
  mountedKey: {
    breaks: [
      () => ({ authentication: Authentication.apiKeys(secret('My Keys')) }),
      () => ({ tls: ServingTls.secret(secret('')) }),
      () => ({ tls: ServingTls.secret(secret(), { clientCa: MountedFile.fromSecret(secret(), 'a/b') }) }),
      () => redis({ password: { secret: secret(), key: '' } }),
      () => redis({ password: { secret: secret(), key: '..' } }),
      () => redis({ tls: { ca: MountedFile.fromSecret(secret(), 'ca crt') } }),
      () => http({ authorization: { secret: secret('A'), key: 'token' } }),
      () =>
        jwt({
          keys: JwtKeys.file(MountedFile.fromConfigMap(ConfigMap.fromConfigMapName(newChart(), 'c', '-'), 'jwks.json')),
        }),
    ],
    holds: [
      () => ({ authentication: Authentication.apiKeys(secret('keys.v1')) }),
      () => ({ tls: ServingTls.secret(secret(), { clientCa: MountedFile.fromSecret(secret(), 'ca.crt') }) }),
      () => redis({ password: { secret: secret(), key: 'redis_PASSWORD-1' } }),
    ],
  },
};
