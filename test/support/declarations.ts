import { Duration, JsonPatch, Size } from 'cdk8s';
import {
  DisruptionBudget,
  Gpu,
  Model,
  ModelSource,
  NetworkPeer,
  type OnlineModelProps,
  Scaling,
  TaintEffect,
  WarmUp,
} from 'cdk8s-model-serving';
import { Cpu, EnvValue, ImagePullPolicy, ResourceFieldPaths, Secret } from 'cdk8s-plus-28';
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
