import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Chart, Duration, JsonPatch, Size } from 'cdk8s';
import {
  DisruptionBudget,
  Fallback,
  Gpu,
  ModelSource,
  NetworkPeer,
  OnlineModel,
  type OnlineModelProps,
  PredictionLog,
  ResponseCache,
  Scaling,
  WarmUp,
} from 'cdk8s-model-serving';
import { Cpu, EnvValue, ImagePullPolicy, PersistentVolumeClaim, ServiceAccount } from 'cdk8s-plus-28';
import { RULES } from '../../lib/kubernetes';
import type { BATCH_RULES } from '../../lib/kubernetes/rules/batch-rules';
import type { GATEWAY_RULES } from '../../lib/kubernetes/rules/gateway-rules';
import type { ROLLOUT_RULES } from '../../lib/kubernetes/rules/rollout-rules';
import type { STREAM_RULES } from '../../lib/kubernetes/rules/stream-rules';
import { carriedModel, codesIn, FIXTURES, failureOf, IRIS, newChart, remoteModel, SHA256 } from '../support/manifests';
import { buildOnnx } from '../support/onnx-builder';
import { temporaryDirectory } from '../support/temporary';
import { PART_CASES } from './part-cases';

/** Rules that one construct of a program can break. */
type ProgramRule = Exclude<
  {
    [Name in keyof typeof RULES]: (typeof RULES)[Name]['subject'] extends 'manifests' ? never : Name;
  }[keyof typeof RULES],
  | 'uniqueModel'
  | 'uniqueName'
  | keyof typeof BATCH_RULES
  | keyof typeof GATEWAY_RULES
  | keyof typeof ROLLOUT_RULES
  | keyof typeof STREAM_RULES
>;

type Declaration = Partial<OnlineModelProps>;

const IMAGE = `registry.example.com/runtime@sha256:${SHA256}`;

const model = (props: { name?: string; version?: string }): Declaration => ({ model: remoteModel(props) });
const source = (from: ModelSource): Declaration => ({ model: remoteModel({ source: from }) });
const s3 = (options: Partial<Parameters<typeof ModelSource.s3>[1]>): Declaration =>
  source(ModelSource.s3('s3://bucket/model', { sha256: SHA256, ...options }));
const gpu = (name: string): Declaration => ({ image: IMAGE, resources: { gpu: Gpu.custom(name) } });
const account = () => ServiceAccount.fromServiceAccountName(newChart(), 'account', 'shared');
const fixture = (name: string) => join(FIXTURES, 'models', name);
const directory = temporaryDirectory();

let files = 0;
function written(content: string | Buffer): string {
  const path = join(directory, `file-${files++}`);
  writeFileSync(path, content);
  return path;
}

function hugeWarmUp(): WarmUp {
  return WarmUp.samples(written(JSON.stringify({ instances: Array(30_000).fill([1, 2, 3, 4]) })));
}

function onnxWithOutputs(...outputs: { name: string; type?: number; shape: number[] }[]): Buffer {
  return buildOnnx({ inputs: [], nodes: [], outputs });
}

/** What breaks a rule, and what is close to it and does not. A new rule without both does not compile. */
const CASES: Record<ProgramRule, { breaks: (() => Declaration)[]; holds: (() => Declaration)[] }> = {
  modelName: {
    breaks: ['', 'iris model', '-iris', 'iris.', 'a/b', 'ä', 'x'.repeat(64)].map((name) => () => model({ name })),
    holds: ['i', 'Iris_Classifier.v1', 'x'.repeat(63), '3d-detector'].map((name) => () => model({ name })),
  },
  modelVersion: {
    breaks: ['', '..', 'v 1', 'v1/', `v${'1'.repeat(63)}`].map((version) => () => model({ version })),
    holds: ['1', '2026-11-01', '1.2.3_rc'].map((version) => () => model({ version })),
  },
  digest: {
    breaks: ['', 'sha256:ab', SHA256.toUpperCase(), `${SHA256}0`].flatMap((sha256) => [
      () => source(ModelSource.s3('s3://b/k', { sha256 })),
      () => source(ModelSource.persistentVolumeClaimByName('claim', 'm.onnx', { sha256 })),
      () => source(ModelSource.image(`r/i@sha256:${SHA256}`, '/m.onnx', { sha256 })),
    ]),
    holds: [() => source(ModelSource.s3('s3://b/k', { sha256: SHA256 }))],
  },
  modelFile: {
    breaks: [
      () => source(ModelSource.file('no/such.onnx')),
      () => source(ModelSource.file(FIXTURES)),
      () => source(ModelSource.file(written(''))),
      () => source(ModelSource.file('/dev/null')),
    ],
    holds: [() => source(ModelSource.file(IRIS))],
  },
  onnxFile: {
    breaks: [
      () => source(ModelSource.file(fixture('truncated.onnx'))),
      () => source(ModelSource.file(fixture('corrupted.onnx'))),
      () => source(ModelSource.file(written('a text'))),
      () => source(ModelSource.file(__filename)),
    ],
    holds: [() => source(ModelSource.file(fixture('mlp.onnx')))],
  },
  externalData: {
    breaks: [() => source(ModelSource.file(fixture('external-data.onnx')))],
    holds: [() => source(ModelSource.file(fixture('mlp.onnx')))],
  },
  signature: {
    breaks: [
      () => source(ModelSource.file(written(onnxWithOutputs({ name: 'o', type: 14, shape: [1] })))),
      () => source(ModelSource.file(written(onnxWithOutputs({ name: '', shape: [1] })))),
      () => source(ModelSource.file(written(onnxWithOutputs({ name: 'o', shape: [1] }, { name: 'o', shape: [1] })))),
    ],
    holds: [
      () => source(ModelSource.file(fixture('iris-zipmap.onnx'))),
      () => source(ModelSource.file(fixture('identity-bf16.onnx'))),
    ],
  },
  configMapSize: {
    breaks: [() => source(ModelSource.file(written(Buffer.alloc(200_000)))), () => ({ warmUp: hugeWarmUp() })],
    holds: [() => source(ModelSource.file(IRIS))],
  },
  sourceAddress: {
    breaks: [
      ...[
        '',
        'models/iris',
        's3://',
        's3://bucket',
        's3://bucket/',
        'gs://b/k',
        's3://key:secret@bucket/k',
        's3://b/100%.onnx',
        's3://b/k?versionId=3',
      ].map((uri) => () => source(ModelSource.s3(uri, { sha256: SHA256 }))),
      () => source(ModelSource.gcs('s3://b/k', { sha256: SHA256 })),
      () => source(ModelSource.azureBlob('https://account.blob.core.windows.net/container', { sha256: SHA256 })),
      () => source(ModelSource.https('ftp://host/m.onnx', { sha256: SHA256 })),
      () => source(ModelSource.https('https://user:pass@host.example.com/m.onnx', { sha256: SHA256 })),
    ],
    holds: [
      () => source(ModelSource.s3('s3://bucket/a/b.onnx', { sha256: SHA256 })),
      () => source(ModelSource.s3('s3://bucket/100%25.onnx', { sha256: SHA256 })),
      () => source(ModelSource.gcs('gs://bucket/a/b.onnx', { sha256: SHA256 })),
      () => source(ModelSource.azureBlob('https://a.blob.core.windows.net/c/b.onnx', { sha256: SHA256 })),
      () => source(ModelSource.https('https://models.example.com/b.onnx', { sha256: SHA256 })),
    ],
  },
  sourceEndpoint: {
    breaks: ['minio:9000', 'ftp://minio', 'http://a:b@minio', 'https://minio.example.com/?a=b'].map(
      (endpoint) => () => s3({ endpoint }),
    ),
    holds: ['http://minio:9000', 'https://s3.example.com', 'https://example.com/storage'].map(
      (endpoint) => () => s3({ endpoint }),
    ),
  },
  sourceHost: {
    breaks: [
      () => source(ModelSource.https('http://models.example.com/m.onnx', { sha256: SHA256 })),
      () => source(ModelSource.https('http://minio/m.onnx', { sha256: SHA256, allowPrivate: false })),
      () => s3({ endpoint: 'http://s3.example.com' }),
      () => s3({ endpoint: 'http://169.254.169.254' }),
      () => s3({ endpoint: 'https://[fe80::1]', allowPrivate: true }),
    ],
    holds: [
      () => source(ModelSource.https('http://models.example.com/m.onnx', { sha256: SHA256, allowPrivate: true })),
      () => s3({ endpoint: 'http://minio.storage:9000' }),
      () => s3({ endpoint: 'http://10.0.0.1:9000' }),
    ],
  },
  sourceArchive: {
    breaks: [
      ...['/model.onnx', '../model.onnx', 'a/../b', 'a/', '.', ''].map((archiveMember) => () => s3({ archiveMember })),
      () => s3({ archiveSha256: SHA256 }),
    ],
    holds: [() => s3({ archiveMember: 'iris/model.onnx', archiveSha256: SHA256 }), () => s3({ archiveMember: '..a' })],
  },
  sourceLimits: {
    breaks: [() => s3({ maxSize: Size.mebibytes(0) }), () => s3({ timeout: Duration.seconds(0) })],
    holds: [() => s3({ maxSize: Size.mebibytes(100), timeout: Duration.minutes(1) })],
  },
  sourcePath: {
    breaks: [
      () => source(ModelSource.persistentVolumeClaimByName('c', '/m.onnx', { sha256: SHA256 })),
      () => source(ModelSource.persistentVolumeClaimByName('c', '../m.onnx', { sha256: SHA256 })),
      () => source(ModelSource.image(IMAGE, 'm.onnx', { sha256: SHA256 })),
      () => source(ModelSource.image(IMAGE, '/a/../../m.onnx', { sha256: SHA256 })),
      () => source(ModelSource.image(IMAGE, '/', { sha256: SHA256 })),
    ],
    holds: [
      () => source(ModelSource.persistentVolumeClaimByName('c', 'a/m.onnx', { sha256: SHA256 })),
      () => source(ModelSource.image(IMAGE, '/a/m.onnx', { sha256: SHA256, pullPolicy: ImagePullPolicy.ALWAYS })),
    ],
  },
  sourceName: {
    breaks: [
      () => source(ModelSource.persistentVolumeClaimByName('My Claim', 'm.onnx', { sha256: SHA256 })),
      () => s3({ region: 'eu central' }),
      () => source(ModelSource.https('https://a.example.com/m', { sha256: SHA256, redirectHosts: ['https://b'] })),
    ],
    holds: [
      () =>
        source(
          ModelSource.persistentVolumeClaim(
            PersistentVolumeClaim.fromClaimName(newChart(), 'claim', 'models.v1'),
            'm.onnx',
            { sha256: SHA256 },
          ),
        ),
      () => s3({ region: 'eu-central-1' }),
      () => source(ModelSource.https('https://a.example.com/m', { sha256: SHA256, redirectHosts: ['b.example.com'] })),
    ],
  },
  positiveAmount: {
    breaks: [
      () => ({ resources: { cpu: Cpu.units(0) } }),
      () => ({ resources: { cpuLimit: Cpu.millis(-1) } }),
      () => ({ resources: { ephemeralStorage: Size.mebibytes(0) } }),
      () => ({ image: IMAGE, resources: { gpu: Gpu.nvidia(0) } }),
      () => ({ image: IMAGE, resources: { gpu: Gpu.nvidia(0.5) } }),
    ],
    holds: [() => ({ resources: { cpu: Cpu.millis(1) } }), () => ({ image: IMAGE, resources: { gpu: Gpu.nvidia() } })],
  },
  requestWithinLimit: {
    breaks: [
      () => ({ resources: { cpu: Cpu.units(2), cpuLimit: Cpu.millis(1999) } }),
      () => ({ resources: { memory: Size.gibibytes(2), memoryLimit: Size.gibibytes(1) } }),
      () => ({ resources: { ephemeralStorage: Size.gibibytes(9), ephemeralStorageLimit: Size.gibibytes(8) } }),
    ],
    holds: [
      () => ({ resources: { cpu: Cpu.millis(500), cpuLimit: Cpu.units(0.5) } }),
      () => ({ resources: { cpuLimit: Cpu.millis(500), memoryLimit: Size.mebibytes(256) } }),
      () => ({ resources: { memory: Size.mebibytes(1024), memoryLimit: Size.gibibytes(1) } }),
    ],
  },
  memoryForModel: {
    breaks: [
      () => ({ resources: { memory: Size.mebibytes(100) } }),
      () => ({ ...s3({ maxSize: Size.gibibytes(1) }), resources: { memory: Size.gibibytes(1) } }),
      () => ({
        cache: ResponseCache.inMemory({ maxSize: Size.mebibytes(129) }),
        resources: { memory: Size.mebibytes(256) },
      }),
      () => ({
        fallback: Fallback.cached({ maxSize: Size.mebibytes(129) }),
        resources: { memory: Size.mebibytes(256) },
      }),
      () => ({ predictionLog: PredictionLog.file(), resources: { memory: Size.mebibytes(143) } }),
      () => ({ limits: { maxQueuedRequests: 100_000 }, resources: { memory: Size.gibibytes(1) } }),
      () => ({
        ...s3({ maxSize: Size.mebibytes(64) }),
        fallback: Fallback.model(
          remoteModel({
            version: 'v2',
            source: ModelSource.s3('s3://b/k', { sha256: SHA256, maxSize: Size.mebibytes(64) }),
          }),
        ),
        resources: { memory: Size.mebibytes(383) },
      }),
    ],
    holds: [
      () => ({ cache: ResponseCache.inMemory({ maxSize: Size.gibibytes(2) }) }),
      () => ({
        predictionLog: PredictionLog.file({ maxQueuedEvents: 1_000_000 }),
        resources: { memory: Size.mebibytes(160) },
      }),
      () => ({
        cache: ResponseCache.inMemory({ maxSize: Size.mebibytes(128) }),
        resources: { memory: Size.mebibytes(256) },
      }),
      () => ({
        limits: { maxQueuedRequests: 1024 },
        resources: { memory: Size.mebibytes(128) },
        maxBodySize: Size.mebibytes(1),
      }),
      () => s3({ maxSize: Size.gibibytes(1) }),
      () => ({ ...s3({ maxSize: Size.gibibytes(1) }), resources: { memory: Size.mebibytes(128 + 2048) } }),
      () => ({ model: carriedModel(), resources: { memory: Size.mebibytes(129) }, maxBodySize: Size.mebibytes(1) }),
    ],
  },
  storageForVolumes: {
    breaks: [() => ({ resources: { ephemeralStorageLimit: Size.mebibytes(256) } })],
    holds: [() => ({ model: carriedModel(), resources: { ephemeralStorageLimit: Size.mebibytes(256) } })],
  },
  gpuResource: {
    breaks: ['gpu', 'nvidia.com/', 'a/b/c', 'kubernetes.io/gpu', 'NVIDIA.com/gpu'].map((name) => () => gpu(name)),
    holds: [() => gpu('nvidia.com/mig-1g.5gb')],
  },
  gpuVendor: { breaks: [() => gpu('nvidai.com/gpu')], holds: [() => gpu('amd.com/gpu')] },
  gpuImage: {
    breaks: [() => ({ resources: { gpu: Gpu.nvidia() } })],
    holds: [() => ({ image: IMAGE, resources: { gpu: Gpu.intel() } })],
  },
  replicas: {
    breaks: [0, -1, 1.5, Number.NaN].flatMap((replicas) => [
      () => ({ replicas }),
      () => ({ scaling: Scaling.onCpu({ maxReplicas: replicas }) }),
    ]),
    holds: [() => ({ replicas: 1 }), () => ({ scaling: Scaling.onCpu({ minReplicas: 1, maxReplicas: 1 }) })],
  },
  oneReplicaOwner: {
    breaks: [
      () => ({ replicas: 3, scaling: Scaling.onCpu({ maxReplicas: 5 }) }),
      () => ({ replicas: 3, scaling: Scaling.fixed(3) }),
    ],
    holds: [() => ({ replicas: 3 }), () => ({ scaling: Scaling.fixed(3) })],
  },
  replicaRange: {
    breaks: [() => ({ scaling: Scaling.onCpu({ minReplicas: 3, maxReplicas: 2 }) })],
    holds: [() => ({ scaling: Scaling.onCpu({ minReplicas: 2, maxReplicas: 2 }) })],
  },
  targetUtilization: {
    breaks: [0, 101, 70.5].map((targetUtilization) => () => ({
      scaling: Scaling.onCpu({ targetUtilization, maxReplicas: 4 }),
    })),
    holds: [1, 100].map((targetUtilization) => () => ({
      scaling: Scaling.onCpu({ targetUtilization, maxReplicas: 4 }),
    })),
  },
  evictablePod: {
    breaks: [
      () => ({ disruptionBudget: DisruptionBudget.maxUnavailable(0) }),
      () => ({ disruptionBudget: DisruptionBudget.minAvailable(2) }),
      () => ({
        disruptionBudget: DisruptionBudget.minAvailable(3),
        scaling: Scaling.onCpu({ minReplicas: 3, maxReplicas: 9 }),
      }),
    ],
    holds: [
      () => ({ disruptionBudget: DisruptionBudget.minAvailable(1) }),
      () => ({ disruptionBudget: DisruptionBudget.none() }),
      () => ({ replicas: 1 }),
    ],
  },
  positiveDuration: {
    breaks: [
      () => ({ latencyBudget: Duration.millis(0) }),
      () => ({ maxLoadTime: Duration.seconds(0) }),
      () => ({ latencyBudget: Duration.days(25), drainTime: Duration.days(26) }),
      () => ({ cache: ResponseCache.inMemory({ maxAge: Duration.millis(0) }) }),
      () => ({ fallback: Fallback.cached({ maxAge: Duration.days(30) }) }),
    ],
    holds: [() => ({ latencyBudget: Duration.millis(1), maxLoadTime: Duration.millis(1) })],
  },
  startupBudget: {
    breaks: [
      () => ({
        maxLoadTime: Duration.minutes(10),
        podPatch: [JsonPatch.replace('/spec/containers/0/startupProbe/failureThreshold', 299)],
      }),
    ],
    holds: [
      () => ({ maxLoadTime: Duration.minutes(10) }),
      () => ({ podPatch: [JsonPatch.replace('/spec/containers/0/startupProbe/failureThreshold', 300)] }),
    ],
  },
  gracePeriod: {
    breaks: [
      () => ({ podPatch: [JsonPatch.replace('/spec/terminationGracePeriodSeconds', 44)] }),
      () => ({ podPatch: [JsonPatch.remove('/spec/terminationGracePeriodSeconds')] }),
      () => ({
        podPatch: [JsonPatch.replace('/spec/containers/0/lifecycle/preStop', { sleep: { seconds: 30 } })],
      }),
    ],
    holds: [
      () => ({ podPatch: [JsonPatch.replace('/spec/terminationGracePeriodSeconds', 45)] }),
      () => ({ latencyBudget: Duration.minutes(5) }),
    ],
  },
  drainTime: {
    breaks: [() => ({ drainTime: Duration.seconds(29) })],
    holds: [
      () => ({ drainTime: Duration.seconds(30) }),
      () => ({ latencyBudget: Duration.millis(100), drainTime: Duration.millis(100) }),
    ],
  },
  bodySize: {
    breaks: [
      () => ({ maxBodySize: Size.kibibytes(0.5) }),
      () => ({ maxBodySize: Size.mebibytes(129) }),
      () => ({ maxBodySize: Size.gibibytes(2), resources: { memory: Size.gibibytes(16) } }),
    ],
    holds: [() => ({ maxBodySize: Size.mebibytes(128) })],
  },
  warmUpFile: {
    breaks: [
      () => ({ warmUp: WarmUp.samples('no/such.json') }),
      ...['{', '[]', '{}', '{"instances": 1}'].map((text) => () => ({ warmUp: WarmUp.samples(written(text)) })),
    ],
    holds: [() => ({ warmUp: WarmUp.samples(written('{"instances": [[1, 2, 3, 4]]}')) })],
  },
  warmUpSample: {
    breaks: ['{"instances": []}', '{"instances": [[1, 2, 3]]}', '{"instances": [["a", 2, 3, 4]]}'].map(
      (text) => () => ({ model: carriedModel(), warmUp: WarmUp.samples(written(text)) }),
    ),
    holds: [
      () => ({ model: carriedModel(), warmUp: WarmUp.samples(written('{"instances": [[1, 2, 3, 4]]}')) }),
      () => ({ model: carriedModel(), warmUp: WarmUp.samples(written('{"inputs": {"features": [[1, 2, 3, 4]]}}')) }),
    ],
  },
  warmUpRuns: {
    breaks: [0, -1, 1.5, 1001].map((runs) => () => ({ warmUp: WarmUp.zeros({ runs }) })),
    holds: [() => ({ warmUp: WarmUp.zeros({ runs: 1000 }) }), () => ({ warmUp: WarmUp.none() })],
  },
  imageForm: {
    breaks: ['', 'My/Image:1', 'image:', 'image@sha256:12', 'a b:1'].map((image) => () => ({ image })),
    holds: ['localhost/app:1', 'r.example.com:5000/a/b_c:1.2@sha256:'.concat(SHA256)].map((image) => () => ({ image })),
  },
  imageTag: {
    breaks: [() => ({ image: 'example.com/runtime:1.2' })],
    holds: [() => ({ image: IMAGE }), () => ({})],
  },
  imageLatest: {
    breaks: [
      ...['runtime', 'runtime:latest', 'r.example.com:5000/runtime'].map((image) => () => ({ image })),
      () => source(ModelSource.image('models/iris', '/m.onnx', { sha256: SHA256 })),
    ],
    holds: [() => ({ image: `runtime:latest@sha256:${SHA256}` })],
  },
  objectName: {
    breaks: ['Iris', '1-iris', 'iris.v1', 'x'.repeat(46)].map((name) => () => ({ metadata: { name } })),
    holds: [() => ({ metadata: { name: 'x'.repeat(45) } })],
  },
  namespace: {
    breaks: [() => ({ metadata: { namespace: 'ML' } })],
    holds: [() => ({ metadata: { namespace: '1-ml' } })],
  },
  label: {
    breaks: [
      () => ({ metadata: { labels: { 'a b': 'c' } } }),
      () => ({ metadata: { labels: { team: 'a b' } } }),
      () => ({ podMetadata: { labels: { 'x/y/z': 'c' } } }),
      () => ({ podMetadata: { annotations: { '-a': 'c' } } }),
      () => ({ nodeSelector: { disk: 's s d' } }),
      () => ({ serviceAccountAnnotations: { 'a b': 'c' } }),
    ],
    holds: [() => ({ metadata: { labels: { 'example.com/team': '' }, annotations: { note: 'any text, really' } } })],
  },
  ownedLabel: {
    breaks: [
      () => ({ metadata: { labels: { 'app.kubernetes.io/name': 'other' } } }),
      () => ({ podMetadata: { labels: { 'app.kubernetes.io/instance': 'other' } } }),
    ],
    holds: [() => ({ podMetadata: { labels: { 'app.kubernetes.io/component': 'scorer' } } })],
  },
  podMetadata: {
    breaks: [() => ({ podMetadata: { name: 'pod' } }), () => ({ podMetadata: { namespace: 'other' } })],
    holds: [() => ({ podMetadata: { labels: { a: 'b' }, annotations: { c: 'd' } } })],
  },
  environmentName: {
    breaks: [
      () => ({ env: { '1A': EnvValue.fromValue('x') } }),
      () => ({ env: { 'A=B': EnvValue.fromValue('x') } }),
      () => ({ env: { A: EnvValue.fromProcess('NO_SUCH_VARIABLE_HERE') } }),
    ],
    holds: [() => ({ env: { 'a.b-C_1': EnvValue.fromValue('') } })],
  },
  environmentOwner: {
    breaks: ['MODEL_SERVING_SANDBOX', 'MODEL_SERVING_ANYTHING'].map((name) => () => ({
      env: { [name]: EnvValue.fromValue('x') },
    })),
    holds: [() => ({ env: { MODEL_SERVING_LOG_LEVEL: EnvValue.fromValue('debug') } })],
  },
  plainSecret: {
    breaks: ['DB_PASSWORD', 'API_KEY', 'token'].map((name) => () => ({ env: { [name]: EnvValue.fromValue('x') } })),
    holds: [() => ({ env: { TOKENIZER: EnvValue.fromValue('x'), KEYBOARD: EnvValue.fromValue('y') } })],
  },
  podPatch: {
    breaks: [
      JsonPatch.remove('/spec/nothing'),
      JsonPatch.replace('/spec/nothing', 1),
      JsonPatch.add('/spec/nothing/below', 1),
      JsonPatch.add('/spec/containers/7', {}),
      JsonPatch.add('spec', 1),
      JsonPatch.test('/spec/serviceAccountName', 'other'),
      JsonPatch.copy('/spec/nothing', '/spec/other'),
      JsonPatch.remove('/spec/containers'),
      JsonPatch.replace('', {}),
    ].map((patch) => () => ({ podPatch: [patch] })),
    holds: [
      () => ({
        podPatch: [
          JsonPatch.add('/spec/schedulerName', 'batch'),
          JsonPatch.add('/spec/containers/-', { name: 'sidecar', image: IMAGE }),
          JsonPatch.remove('/spec/containers/1'),
          JsonPatch.add('/metadata/annotations', { a: 'b' }),
          JsonPatch.replace('/metadata/annotations/a', 'c'),
        ],
      }),
    ],
  },
  scheduling: {
    breaks: [
      () => ({ priorityClassName: 'High Priority' }),
      () => ({ runtimeClassName: '' }),
      () => ({ tolerations: [{ value: 'true' }] }),
      () => ({ tolerations: [{ key: 'a b' }] }),
      () => ({ tolerations: [{ key: 'a', value: 'b c' }] }),
    ],
    holds: [
      () => ({ priorityClassName: 'high', runtimeClassName: 'gvisor', tolerations: [{}, { key: 'nvidia.com/gpu' }] }),
    ],
  },
  serviceAccount: {
    breaks: [() => ({ serviceAccount: account(), serviceAccountAnnotations: { a: 'b' } })],
    holds: [() => ({ serviceAccount: account() }), () => ({ serviceAccountAnnotations: { a: 'b' } })],
  },
  ...PART_CASES,
  networkPeer: {
    breaks: [
      () => ({ clients: [NetworkPeer.cidr('10.0.0.0')] }),
      () => ({ clients: [NetworkPeer.cidr('10.0.0.0/33')] }),
      () => ({ monitors: [NetworkPeer.namespace('Monitoring')] }),
    ],
    holds: [() => ({ clients: [NetworkPeer.cidr('10.0.0.0/8'), NetworkPeer.cidr('fd00::/8')] })],
  },
};

describe.each(Object.entries(CASES))('%s', (name, { breaks, holds }) => {
  const { code, severity } = RULES[name as ProgramRule];

  test.each(breaks.map((declare) => [declare]))(`${code} is broken by %#`, (declare) => {
    expect(reported(declare())[severity]).toContain(code);
  });

  test.each(holds.map((declare) => [declare]))(`${code} holds for %#`, (declare) => {
    const { error, warning } = reported(declare());
    expect([...error, ...warning]).not.toContain(code);
  });
});

describe('uniqueModel', () => {
  const declare = (second: Declaration, secondVersion: string = 'v1') => {
    const chart = newChart();
    new OnlineModel(chart, 'a', { model: remoteModel() });
    new OnlineModel(chart, 'b', { model: remoteModel({ version: secondVersion }), ...second });
    return chart;
  };

  test('MS1004 is broken by the same version twice, and tells both', () => {
    const message = failureOf(declare({}));
    expect(codesIn(message)).toEqual(['MS1004', 'MS1004']);
    expect(message).toContain("[test/a] MS1004 The model 'iris' version 'v1' is also served by 'test/b'.");
  });

  test('MS1004 holds for another version, another namespace, another chart', () => {
    expect(failureOf(declare({}, 'v2'))).toBe('');
    expect(failureOf(declare({ metadata: { namespace: 'other' } }))).toBe('');
    const chart = newChart();
    new OnlineModel(chart, 'a', { model: remoteModel() });
    new OnlineModel(new Chart(chart.node.root, 'second', { namespace: 'ml' }), 'b', { model: remoteModel() });
    expect(failureOf(chart)).toBe('');
  });

  test('MS1004 holds again when one of them is removed', () => {
    const chart = declare({});
    chart.node.tryRemoveChild('a');
    expect(failureOf(chart)).toBe('');
  });
});

function reported(props: Declaration): { error: string[]; warning: string[] } {
  const chart = newChart();
  const online = new OnlineModel(chart, 'model', { model: remoteModel(), ...props });
  const printed = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  const error = codesIn(failureOf(chart));
  printed.mockRestore();
  const warning = online.node.metadata.map(({ data }) => String(data).slice(0, 6));
  return { error, warning };
}

describe('uniqueName', () => {
  const declare = (first: string, second: string, namespace?: string) => {
    const chart = newChart();
    new OnlineModel(chart, 'a', { model: remoteModel(), metadata: { name: first } });
    new OnlineModel(chart, 'b', { model: remoteModel({ version: 'v2' }), metadata: { name: second, namespace } });
    return chart;
  };

  test('MS1713 is broken by the same name twice, and tells both', () => {
    const message = failureOf(declare('same', 'same'));
    expect(codesIn(message)).toEqual(['MS1713', 'MS1713']);
    expect(message).toContain("[test/a] MS1713 The name 'same' is also the name of the objects of 'test/b'.");
  });

  test('MS1713 holds for two names, and for one name in two namespaces', () => {
    expect(failureOf(declare('one', 'two'))).toBe('');
    expect(failureOf(declare('same', 'same', 'elsewhere'))).toBe('');
  });
});
