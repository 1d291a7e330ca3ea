import { Duration, JsonPatch, Size } from 'cdk8s';
import {
  Authentication,
  Batching,
  DisruptionBudget,
  Fallback,
  FeatureLookup,
  Gpu,
  JwtAlgorithm,
  JwtKeys,
  Model,
  ModelSource,
  MountedFile,
  NetworkPeer,
  type OnlineModelProps,
  PredictionLog,
  ResponseCache,
  Scaling,
  ServingTls,
  TaintEffect,
  Tracing,
  WarmUp,
} from 'cdk8s-model-serving';
import { ConfigMap, Cpu, EnvValue, ImagePullPolicy, ResourceFieldPaths, Secret } from 'cdk8s-plus-28';
import { IRIS, newChart, SHA256 } from './manifests';

const IMAGE = `registry.example.com/team/image@sha256:${SHA256}`;

const onnx = (source: ModelSource) => Model.onnx({ name: 'Iris_1', version: '2026.11-rc1', source });
const secret = () => Secret.fromSecretName(newChart(), 'secret', 'credentials');

/** Declarations that together use everything that an online model can have; none of them breaks a rule. */
export const DECLARATIONS: { readonly [name: string]: () => OnlineModelProps } = {
  'the simplest one': () => ({ model: onnx(ModelSource.file(IRIS)) }),

  'a download with everything': () => ({
    model: onnx(
      ModelSource.s3('s3://models/iris.tgz', {
        sha256: SHA256,
        endpoint: 'https://minio.storage.svc:9000',
        region: 'local',
        credentials: secret(),
        maxSize: Size.mebibytes(64),
        timeout: Duration.minutes(1),
        archiveMember: 'model.onnx',
        archiveSha256: SHA256,
      }),
    ),
  }),

  'cloud identities': () => ({
    model: onnx(ModelSource.gcs('gs://models/iris.onnx', { sha256: SHA256 })),
    serviceAccountAnnotations: { 'iam.gke.io/gcp-service-account': 'models@project.iam.gserviceaccount.com' },
  }),

  'a claim, autoscaled': () => ({
    model: onnx(ModelSource.persistentVolumeClaimByName('models', 'iris.onnx', { sha256: SHA256 })),
    scaling: Scaling.onCpu({ minReplicas: 2, maxReplicas: 10, targetUtilization: 65 }),
    disruptionBudget: DisruptionBudget.minAvailable(1),
  }),

  'a model in an image': () => ({
    model: onnx(ModelSource.image(IMAGE, '/model.onnx', { sha256: SHA256 })),
    disruptionBudget: DisruptionBudget.none(),
    replicas: 1,
    warmUp: WarmUp.none(),
  }),

  'everything around the model': () => ({
    model: onnx(ModelSource.https('https://models.example.com/fraud.onnx', { sha256: SHA256 })),
    latencyBudget: Duration.millis(100),
    batching: Batching.dynamic({ maxBatchSize: 64, preferredBatchSizes: [8, 64], maxDelay: Duration.millis(2) }),
    cache: ResponseCache.inMemory({ maxSize: Size.mebibytes(8), maxAge: Duration.seconds(30) }),
    limits: {
      maxHeaderSize: Size.kibibytes(8),
      maxConnections: 1000,
      maxJsonDepth: 8,
      maxElements: 100_000,
      maxQueuedRequests: 4096,
      maxResponseSize: Size.mebibytes(1),
    },
    features: FeatureLookup.redis({
      address: 'redis.example.com:6380',
      entity: 'card_id',
      features: ['amount_avg_7d', 'tx_count_1h', 'country'],
      defaults: { amount_avg_7d: 0, country: 'NO' },
      inputs: { amount_avg_7d: 'features', tx_count_1h: 'features' },
      columns: { amount_avg_7d: 2, tx_count_1h: 3 },
      key: 'card:{entity}',
      timeout: Duration.millis(10),
      timestampField: 'updated_at',
      maxAge: Duration.hours(1),
      database: 1,
      username: 'predictor',
      password: { secret: secret(), key: 'password' },
      tls: { ca: MountedFile.fromSecret(secret(), 'ca.crt'), serverName: 'redis' },
    }),
    fallback: Fallback.prediction({ label: 0, probabilities: [0.5, 0.5] }),
    predictionLog: PredictionLog.http({
      url: 'https://events.example.com/predictions',
      sampleRatio: 0.1,
      redact: ['card_id'],
      maxQueuedEvents: 100,
      authorization: { secret: secret(), key: 'authorization' },
    }),
    authentication: Authentication.anyOf([
      Authentication.apiKeys(secret()),
      Authentication.jwt({
        issuer: 'https://login.example.com',
        audience: 'fraud',
        keys: JwtKeys.url('https://login.example.com/.well-known/jwks.json'),
        algorithms: [JwtAlgorithm.EDDSA],
      }),
    ]),
    tls: ServingTls.secret(secret()),
    tracing: Tracing.otlp({
      url: 'https://collector.example.com/v1/traces',
      sampleRatio: 0.01,
      authorization: { secret: secret(), key: 'authorization' },
    }),
    cors: ['https://app.example.com', '*'],
    docs: false,
  }),

  'a download behind a download, and certificates of clients': () => ({
    model: onnx(ModelSource.s3('s3://models/iris.onnx', { sha256: SHA256, credentials: secret() })),
    batching: Batching.none(),
    fallback: Fallback.model(
      Model.onnx({
        name: 'Iris_1',
        version: '2026.10',
        source: ModelSource.s3('s3://models/old.onnx', { sha256: SHA256, credentials: secret() }),
      }),
    ),
    predictionLog: PredictionLog.file({ maxSize: Size.mebibytes(16) }),
    authentication: Authentication.jwt({
      issuer: 'https://login.example.com',
      audience: 'fraud',
      keys: JwtKeys.file(
        MountedFile.fromConfigMap(ConfigMap.fromConfigMapName(newChart(), 'jwks', 'jwks'), 'jwks.json'),
      ),
    }),
    tls: ServingTls.secret(secret(), { clientCa: MountedFile.fromSecret(secret(), 'ca.crt') }),
    features: FeatureLookup.redis({ address: 'redis:6379', entity: 'flower', features: ['petal_length'] }),
  }),

  'a carried model behind a claim': () => ({
    model: onnx(ModelSource.persistentVolumeClaimByName('models', 'iris.onnx', { sha256: SHA256 })),
    fallback: Fallback.model(Model.onnx({ name: 'simple', version: '1', source: ModelSource.file(IRIS) })),
  }),

  'the last answers': () => ({
    model: onnx(ModelSource.file(IRIS)),
    fallback: Fallback.cached(),
    cache: ResponseCache.inMemory(),
    predictionLog: PredictionLog.file(),
    batching: Batching.dynamic(),
  }),

  'a pod with everything': () => ({
    model: onnx(ModelSource.azureBlob('https://a.blob.core.windows.net/c/m.onnx', { sha256: SHA256 })),
    image: IMAGE,
    imagePullPolicy: ImagePullPolicy.ALWAYS,
    imagePullSecrets: [secret()],
    resources: {
      cpu: Cpu.millis(500),
      cpuLimit: Cpu.units(2),
      memory: Size.gibibytes(1),
      memoryLimit: Size.gibibytes(2),
      ephemeralStorage: Size.gibibytes(1),
      ephemeralStorageLimit: Size.gibibytes(8),
      gpu: Gpu.nvidia(1),
    },
    env: {
      MODEL_SERVING_LOG_LEVEL: EnvValue.fromValue('debug'),
      CORES: EnvValue.fromResource(ResourceFieldPaths.CPU_LIMIT, { divisor: '1' }),
      SALT: EnvValue.fromSecretValue({ secret: secret(), key: 'salt' }),
    },
    nodeSelector: { 'kubernetes.io/arch': 'amd64' },
    tolerations: [
      { key: 'nvidia.com/gpu', effect: TaintEffect.NO_SCHEDULE },
      { key: 'team', value: 'a' },
    ],
    priorityClassName: 'high',
    runtimeClassName: 'nvidia',
    latencyBudget: Duration.millis(100),
    maxBodySize: Size.mebibytes(8),
    maxLoadTime: Duration.minutes(30),
    drainTime: Duration.seconds(20),
    clients: [NetworkPeer.anywhere()],
    monitors: [NetworkPeer.pods({ namespace: 'monitoring', labels: { app: 'prometheus' } })],
    metadata: { labels: { team: 'a' }, annotations: { owner: 'b' } },
    podMetadata: { labels: { team: 'a' }, annotations: { note: 'c' } },
    podPatch: [JsonPatch.add('/spec/dnsPolicy', 'ClusterFirst')],
  }),
};
