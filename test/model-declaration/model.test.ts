import { createHash } from 'node:crypto';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Model, ModelSource, OnlineModel } from 'cdk8s-model-serving';
import { codesIn, failureOf, IRIS, newChart, remoteModel, SHA256 } from '../support/manifests';
import { temporaryDirectory } from '../support/temporary';

const directory = temporaryDirectory();

test('a file tells its digest, its versions and its signature', () => {
  const model = Model.onnx({ name: 'iris', version: 'v1', source: ModelSource.file(IRIS) });
  expect(model).toMatchObject({ name: 'iris', version: 'v1', format: 'onnx', irVersion: 8 });
  expect(model.source.kind).toBe('file');
  expect(model.sha256).toBe(createHash('sha256').update(readFileSync(IRIS)).digest('hex'));
  expect(model.opsets).toEqual({ 'ai.onnx': 17, 'ai.onnx.ml': 3 });
  expect(model.signature).toEqual({
    inputs: [{ name: 'features', datatype: 'FP32', shape: [-1, 4] }],
    outputs: [
      { name: 'label', datatype: 'INT64', shape: [-1] },
      { name: 'probabilities', datatype: 'FP32', shape: [-1, 3] },
    ],
  });
});

test('a file far away tells what was declared', () => {
  expect(remoteModel()).toMatchObject({
    sha256: SHA256,
    signature: undefined,
    irVersion: undefined,
    opsets: undefined,
  });
});

test('nothing throws before synthesis', () => {
  const source = ModelSource.file('/no/such/model.onnx');
  const model = Model.onnx({ name: '', version: '', source });
  expect(model.sha256).toBeUndefined();
  const chart = newChart();
  new OnlineModel(chart, 'model', { model });
  expect(codesIn(failureOf(chart))).toEqual(['MS1001', 'MS1002', 'MS1005']);
});

test('a relative path starts at the working directory, and the message tells where it looked', () => {
  copyFileSync(IRIS, join(directory, 'iris.onnx'));
  const before = process.cwd();
  process.chdir(directory);
  try {
    expect(ModelSource.file('iris.onnx')._binding.violations).toEqual([]);
    const [missing] = ModelSource.file('models/iris.onnx')._binding.violations;
    expect(missing?.found).toContain(`looked at ${join(process.cwd(), 'models/iris.onnx')}`);
  } finally {
    process.chdir(before);
  }
});

test('a file that is too large for a ConfigMap tells its digest and where else it can be', () => {
  const path = join(directory, 'large.onnx');
  const content = Buffer.concat([readFileSync(IRIS), Buffer.alloc(20 * 1024 * 1024)]);
  writeFileSync(path, content);
  const chart = newChart();
  new OnlineModel(chart, 'model', { model: remoteModel({ source: ModelSource.file(path) }) });
  const message = failureOf(chart);
  expect(message).toContain('MS1009');
  expect(message).toContain(createHash('sha256').update(content).digest('hex'));
  for (const alternative of ['ModelSource.s3(', 'ModelSource.persistentVolumeClaimByName(', 'ModelSource.image(']) {
    expect(message).toContain(alternative);
  }
});

test('the largest file that fits gives an object that kubectl can apply', () => {
  const path = join(directory, 'just-fits.onnx');
  const padding = (bytes: number) => {
    // A documentation text of the right length: ModelProto.doc_string.
    const header = Buffer.from([0x32, (bytes & 0x7f) | 0x80, ((bytes >> 7) & 0x7f) | 0x80, bytes >> 14]);
    return Buffer.concat([readFileSync(IRIS), header, Buffer.alloc(bytes, 0x20)]);
  };
  const declare = (bytes: number) => {
    writeFileSync(path, padding(bytes));
    const chart = newChart();
    const online = new OnlineModel(chart, 'model', { model: remoteModel({ source: ModelSource.file(path) }) });
    return { failure: failureOf(chart), object: online.modelConfigMap };
  };
  let [fits, tooLarge] = [100_000, 250_000];
  while (tooLarge - fits > 1) {
    const middle = Math.floor((fits + tooLarge) / 2);
    if (declare(middle).failure === '') {
      fits = middle;
    } else {
      tooLarge = middle;
    }
  }
  const bytes = Buffer.byteLength(JSON.stringify(declare(fits).object?.toJson()));
  expect(bytes).toBeLessThan(262_144);
  expect(bytes).toBeGreaterThan(255_000);
});

test('one value serves in several constructs', () => {
  const model = remoteModel();
  const [first, second] = [newChart('a'), newChart('b')];
  new OnlineModel(first, 'model', { model });
  new OnlineModel(second, 'model', { model });
  expect([failureOf(first), failureOf(second)]).toEqual(['', '']);
});
