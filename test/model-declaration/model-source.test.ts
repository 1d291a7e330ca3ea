import { Duration, Size } from 'cdk8s';
import { ModelSource, type OnlineModelProps } from 'cdk8s-model-serving';
import { ImagePullPolicy, Secret } from 'cdk8s-plus-28';
import {
  carriedModel,
  configOf,
  type Manifest,
  newChart,
  only,
  podOf,
  predictorOf,
  remoteModel,
  SHA256,
  synthesize,
} from '../support/manifests';

const IMAGE = `registry.example.com/models/iris@sha256:${SHA256}`;

function served(source: ModelSource, props: Partial<OnlineModelProps> = {}) {
  const objects = synthesize({ model: remoteModel({ source }), ...props });
  const { models } = configOf(objects);
  const [, , ...volumes] = podOf(objects).volumes;
  return {
    model: models[0],
    volumes,
    mounts: predictorOf(objects).volumeMounts.slice(2),
    init: podOf(objects).initContainers,
    egress: only(objects, 'NetworkPolicy').spec.egress.slice(1) as Manifest[],
  };
}

test('file: mounted from its ConfigMap, and no way out but DNS', () => {
  const objects = synthesize({ model: carriedModel() });
  const configMap = only(objects, 'ConfigMap', '-model-');
  const [{ path, sha256, source }] = configOf(objects).models;
  expect(path).toBe('/models/iris/v1/model.onnx');
  expect(source).toBeUndefined();
  expect(configMap).toMatchObject({ immutable: true, binaryData: { 'model.onnx': expect.any(String) } });
  expect(configMap.metadata.name).toContain(sha256.slice(0, 8));
  expect(podOf(objects).volumes).toContainEqual({ name: 'model', configMap: { name: configMap.metadata.name } });
  expect(predictorOf(objects).volumeMounts).toContainEqual({
    name: 'model',
    mountPath: '/models/iris/v1',
    readOnly: true,
  });
  expect(podOf(objects)).not.toHaveProperty('initContainers');
  expect(only(objects, 'NetworkPolicy').spec.egress).toHaveLength(1);
});

test('s3: an init container downloads into a volume that the predictor only reads', () => {
  const { model, volumes, mounts, init } = served(ModelSource.s3('s3://models/iris.onnx', { sha256: SHA256 }));
  expect(model).toMatchObject({
    path: '/models/iris/v1/model.onnx',
    source: {
      type: 's3',
      uri: 's3://models/iris.onnx',
      maxBytes: 192 * 2 ** 20,
      timeoutMillis: 600_000,
      allowPrivate: false,
    },
  });
  expect(Object.keys(model.source)).toHaveLength(5);
  expect(volumes).toEqual([{ name: 'model', emptyDir: { sizeLimit: '192Mi' } }]);
  expect(mounts).toEqual([{ name: 'model', mountPath: '/models/iris/v1', readOnly: true }]);
  expect(init).toHaveLength(1);
  expect(init[0]).toMatchObject({
    name: 'fetch',
    args: ['fetch', '--config', '/etc/model-serving/config.json'],
    volumeMounts: [
      { name: 'model', mountPath: '/models/iris/v1' },
      { name: 'config', mountPath: '/etc/model-serving', readOnly: true },
      { name: 'tmp', mountPath: '/tmp' },
    ],
  });
  expect(init[0]).not.toHaveProperty('ports');
});

test('every option of a download reaches the runtime', () => {
  const { model, volumes } = served(
    ModelSource.s3('s3://models/iris.tar.gz', {
      sha256: SHA256,
      endpoint: 'http://minio.storage:9000',
      region: 'eu-central-1',
      credentials: Secret.fromSecretName(newChart(), 'secret', 'minio'),
      archiveMember: 'iris/model.onnx',
      archiveSha256: SHA256,
      maxSize: Size.mebibytes(50),
      timeout: Duration.minutes(3),
    }),
  );
  expect(model.source).toEqual({
    type: 's3',
    uri: 's3://models/iris.tar.gz',
    endpoint: 'http://minio.storage:9000',
    region: 'eu-central-1',
    credentialsPath: '/etc/model-serving-credentials/minio',
    archiveMember: 'iris/model.onnx',
    archiveSha256: SHA256,
    maxBytes: 50 * 2 ** 20,
    timeoutMillis: 180_000,
    allowPrivate: true,
  });
  // The archive and what is unpacked from it.
  expect(volumes[0]).toEqual({ name: 'model', emptyDir: { sizeLimit: '100Mi' } });
});

test('credentials are files of the container that downloads, and nobody else', () => {
  const credentials = Secret.fromSecretName(newChart(), 'secret', 'minio');
  const objects = synthesize({
    model: remoteModel({ source: ModelSource.gcs('gs://models/iris.onnx', { sha256: SHA256, credentials }) }),
  });
  const mount = { name: 'model-credentials', mountPath: '/etc/model-serving-credentials/minio', readOnly: true };
  expect(podOf(objects).volumes).toContainEqual({
    name: 'model-credentials',
    secret: { secretName: 'minio', defaultMode: 0o440 },
  });
  expect(podOf(objects).initContainers[0].volumeMounts).toContainEqual(mount);
  expect(predictorOf(objects).volumeMounts).not.toContainEqual(mount);
  expect(JSON.stringify(objects)).not.toContain('secretKeyRef');
});

test('persistentVolumeClaim: read where it is', () => {
  const { model, volumes, mounts, init, egress } = served(
    ModelSource.persistentVolumeClaimByName('models', 'iris/v1.onnx', { sha256: SHA256 }),
  );
  expect(model.path).toBe('/models/iris/v1/iris/v1.onnx');
  expect(volumes).toEqual([{ name: 'model', persistentVolumeClaim: { claimName: 'models', readOnly: true } }]);
  expect(mounts).toEqual([{ name: 'model', mountPath: '/models/iris/v1', readOnly: true }]);
  expect([init, egress]).toEqual([undefined, []]);
});

test('image: copied out of it', () => {
  const { model, volumes, mounts, init } = served(
    ModelSource.image(IMAGE, '/data/model.onnx', { sha256: SHA256, pullPolicy: ImagePullPolicy.ALWAYS }),
  );
  expect(model.path).toBe('/models/iris/v1/model.onnx');
  expect(volumes).toEqual([{ name: 'model', emptyDir: { sizeLimit: '192Mi' } }]);
  expect(mounts).toEqual([{ name: 'model', mountPath: '/models/iris/v1', readOnly: true }]);
  expect(init[0]).toMatchObject({
    name: 'copy-model',
    image: IMAGE,
    imagePullPolicy: 'Always',
    command: ['cp', '/data/model.onnx', '/models/iris/v1/model.onnx'],
    volumeMounts: [{ name: 'model', mountPath: '/models/iris/v1' }],
  });
});

test('image: mounted as a volume', () => {
  const { model, volumes, mounts, init } = served(
    ModelSource.image(IMAGE, '/data/model.onnx', { sha256: SHA256, imageVolume: true }),
  );
  expect(model.path).toBe('/models/iris/v1/data/model.onnx');
  expect(volumes).toEqual([{ name: 'model', image: { reference: IMAGE, pullPolicy: 'IfNotPresent' } }]);
  expect(mounts).toEqual([{ name: 'model', mountPath: '/models/iris/v1', readOnly: true }]);
  expect(init).toBeUndefined();
});

describe('limits follow the memory', () => {
  test('more memory loads a larger model', () => {
    const { model } = served(ModelSource.s3('s3://b/k', { sha256: SHA256 }), {
      resources: { memory: Size.gibibytes(2) },
    });
    expect(model.source.maxBytes).toBe(960 * 2 ** 20);
  });

  test('never more than 2 GiB without saying so', () => {
    const { model } = served(ModelSource.s3('s3://b/k', { sha256: SHA256 }), {
      resources: { memory: Size.gibibytes(64) },
    });
    expect(model.source.maxBytes).toBe(2 ** 31);
  });

  test('a larger model gets more memory, and room on the disk', () => {
    const source = ModelSource.https('https://a.example.com/k', { sha256: SHA256, maxSize: Size.gibibytes(1) });
    const { requests, limits } = predictorOf(synthesize({ model: remoteModel({ source }) })).resources;
    expect(limits.memory).toBe('2176Mi');
    expect(requests['ephemeral-storage']).toBe('1280Mi');
    expect(limits['ephemeral-storage']).toBe(`${256 + 1024 + 64 + 1024}Mi`);
  });
});

describe('egress is what the source needs', () => {
  const EXTERNAL = [
    { ipBlock: { cidr: '0.0.0.0/0', except: ['169.254.0.0/16'] } },
    { ipBlock: { cidr: '::/0', except: ['fe80::/10'] } },
  ];
  const credentials = Secret.fromSecretName(newChart(), 'secret', 'keys');
  const options = { sha256: SHA256, credentials };

  test.each<[string, ModelSource, Manifest[]]>([
    ['Amazon S3', ModelSource.s3('s3://b/k', options), [{ to: EXTERNAL, ports: [{ port: 443, protocol: 'TCP' }] }]],
    [
      'Google Cloud Storage',
      ModelSource.gcs('gs://b/k', options),
      [{ to: EXTERNAL, ports: [{ port: 443, protocol: 'TCP' }] }],
    ],
    [
      'Azure',
      ModelSource.azureBlob('https://a.blob.core.windows.net/c/b', options),
      [{ to: EXTERNAL, ports: [{ port: 443, protocol: 'TCP' }] }],
    ],
    [
      'a web server on its own port',
      ModelSource.https('https://models.example.com:8443/m.onnx', options),
      [{ to: EXTERNAL, ports: [{ port: 8443, protocol: 'TCP' }] }],
    ],
    [
      'a Service',
      ModelSource.s3('s3://b/k', { ...options, endpoint: 'http://minio.storage.svc:9000' }),
      [{ to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'storage' } } }] }],
    ],
    [
      'a Service of the same namespace',
      ModelSource.https('http://models/m.onnx', options),
      [{ to: [{ podSelector: {} }] }],
    ],
    [
      'an address',
      ModelSource.s3('s3://b/k', { ...options, endpoint: 'http://10.1.2.3:9000' }),
      [{ to: [{ ipBlock: { cidr: '10.1.2.3/32' } }], ports: [{ port: 9000, protocol: 'TCP' }] }],
    ],
  ])('%s', (_name, source, expected) => {
    expect(served(source).egress).toEqual(expected);
  });

  test('without credentials the metadata service that gives pods an identity', () => {
    const identity = (source: ModelSource) => served(source).egress.slice(1);
    expect(identity(ModelSource.s3('s3://b/k', { sha256: SHA256 }))).toEqual([
      {
        to: [{ ipBlock: { cidr: '169.254.170.23/32' } }, { ipBlock: { cidr: 'fd00:ec2::23/128' } }],
        ports: [{ port: 80, protocol: 'TCP' }],
      },
    ]);
    expect(identity(ModelSource.gcs('gs://b/k', { sha256: SHA256 }))).toEqual([
      { to: [{ ipBlock: { cidr: '169.254.169.254/32' } }], ports: [{ port: 80, protocol: 'TCP' }] },
      { to: [{ ipBlock: { cidr: '169.254.169.252/32' } }], ports: [{ port: 988, protocol: 'TCP' }] },
    ]);
    expect(identity(ModelSource.gcs('gs://b/k', { sha256: SHA256, endpoint: 'http://fake-gcs:4443' }))).toEqual([]);
  });
});
