import { Size } from 'cdk8s';
import { Fallback, Model, ModelSource, OnlineModel, type S3SourceOptions } from 'cdk8s-model-serving';
import { Secret } from 'cdk8s-plus-28';
import {
  carriedModel,
  configOf,
  IRIS,
  type Manifest,
  newChart,
  only,
  podOf,
  predictorOf,
  SHA256,
  synthesize,
} from '../support/manifests';

const carried = (version: string) => Model.onnx({ name: 'iris', version, source: ModelSource.file(IRIS) });
const downloaded = (version: string, options: Partial<S3SourceOptions> = {}) =>
  Model.onnx({
    name: 'iris',
    version,
    source: ModelSource.s3(`s3://models/${version}.onnx`, { sha256: SHA256, ...options }),
  });
const behind = (model: Model, fallback: Model) => synthesize({ model, fallback: Fallback.model(fallback) });
const store = () => Secret.fromSecretName(newChart(), 'secret', 'store');

test('both models are in the configuration, the served one first', () => {
  const { models } = configOf(behind(carried('v2'), carried('v1')));
  expect(models).toMatchObject([
    {
      version: 'v2',
      path: '/models/iris/v2/model.onnx',
      fallback: { type: 'model', model: { name: 'iris', version: 'v1' } },
    },
    { version: 'v1', path: '/models/iris/v1/model.onnx', warmUp: { runs: 3 } },
  ]);
  expect(models[1]).not.toHaveProperty('fallback');
});

test('two carried models have a ConfigMap each', () => {
  const chart = newChart();
  const model = new OnlineModel(chart, 'model', { model: carried('v2'), fallback: Fallback.model(carried('v1')) });
  const objects: Manifest[] = chart.toJson();
  expect(model.modelConfigMap?.name).toMatch(/-model-[0-9a-f]{8}$/);
  expect(model.fallbackConfigMap?.name).toMatch(/-fallback-[0-9a-f]{8}$/);
  expect(model.fallbackConfigMap?.name.length).toBeLessThanOrEqual(63);
  expect(podOf(objects).volumes).toEqual(
    expect.arrayContaining([
      { name: 'model', configMap: { name: model.modelConfigMap?.name } },
      { name: 'fallback', configMap: { name: model.fallbackConfigMap?.name } },
    ]),
  );
  expect(predictorOf(objects).volumeMounts).toEqual(
    expect.arrayContaining([
      { name: 'model', mountPath: '/models/iris/v2', readOnly: true },
      { name: 'fallback', mountPath: '/models/iris/v1', readOnly: true },
    ]),
  );
});

test('two downloads are one init container, and share the mount of the same credentials', () => {
  const objects = behind(downloaded('v2', { credentials: store() }), downloaded('v1', { credentials: store() }));
  const { initContainers, volumes } = podOf(objects);
  expect(initContainers.map(({ name }: Manifest) => name)).toEqual(['fetch']);
  expect(initContainers[0].volumeMounts.map(({ mountPath }: Manifest) => mountPath).sort()).toEqual([
    '/etc/model-serving',
    '/etc/model-serving-credentials/store',
    '/models/iris/v1',
    '/models/iris/v2',
    '/tmp',
  ]);
  expect(volumes.filter(({ secret }: Manifest) => secret !== undefined)).toHaveLength(1);
  // Both may take their whole time.
  expect(only(objects, 'Deployment').spec.progressDeadlineSeconds).toBe(300 + 120 + 2 * 600);
});

test('credentials of different Secrets are both mounted', () => {
  const other = Secret.fromSecretName(newChart(), 'other', 'other');
  const objects = behind(downloaded('v2', { credentials: store() }), downloaded('v1', { credentials: other }));
  const secrets = podOf(objects).volumes.flatMap(({ secret }: Manifest) => secret?.secretName ?? []);
  expect(secrets).toEqual(['store', 'other']);
  expect(configOf(objects).models.map(({ source }: Manifest) => source.credentialsPath)).toEqual([
    '/etc/model-serving-credentials/store',
    '/etc/model-serving-credentials/other',
  ]);
});

test('two copies out of images have names of their own', () => {
  const image = (version: string) =>
    Model.onnx({
      name: 'iris',
      version,
      source: ModelSource.image(`r.example.com/m@sha256:${SHA256}`, '/m.onnx', { sha256: SHA256 }),
    });
  const names = podOf(behind(image('v2'), image('v1'))).initContainers.map(({ name }: Manifest) => name);
  expect(names).toEqual(['copy-model', 'copy-fallback']);
});

test('memory and disk have room for both', () => {
  const size = { maxSize: Size.mebibytes(512) };
  const objects = behind(downloaded('v2', size), downloaded('v1', size));
  const { limits } = predictorOf(objects).resources;
  expect(limits.memory).toBe(`${128 + 2 * 2 * 512}Mi`);
  // Each is downloaded to a volume, and may be copied to /tmp.
  expect(limits['ephemeral-storage']).toBe(`${256 + 64 + 2 * 2 * 512}Mi`);
});

test('models of unknown size share what the memory can load', () => {
  const sizesOf = (objects: Manifest[]) => configOf(objects).models.map(({ source }: Manifest) => source.maxBytes);
  const [alone] = sizesOf(synthesize({ model: downloaded('v2') }));
  expect(sizesOf(behind(downloaded('v2'), downloaded('v1')))).toEqual([alone / 2, alone / 2]);
  expect(sizesOf(behind(downloaded('v2'), downloaded('v1', { maxSize: Size.mebibytes(64) })))).toEqual([
    alone - 64 * 1024 * 1024,
    64 * 1024 * 1024,
  ]);
});

test('the fallback may be served by another construct too', () => {
  const chart = newChart();
  new OnlineModel(chart, 'v1', { model: carriedModel() });
  new OnlineModel(chart, 'v2', { model: carried('v2'), fallback: Fallback.model(carriedModel()) });
  expect(() => chart.toJson()).not.toThrow();
});

test('what is wrong with the fallback model is told as well', () => {
  const chart = newChart();
  const wrong = Model.onnx({ name: 'no good', version: 'v1', source: ModelSource.file('no/such.onnx') });
  new OnlineModel(chart, 'model', { model: carriedModel(), fallback: Fallback.model(wrong) });
  expect(() => chart.toJson()).toThrow(/MS1001[\s\S]*MS1005/);
});
