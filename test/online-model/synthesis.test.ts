import { mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Chart, Size } from 'cdk8s';
import {
  Authentication,
  FeatureLookup,
  JwtKeys,
  Model,
  ModelSource,
  OnlineModel,
  PredictionLog,
  Scaling,
  Tracing,
} from 'cdk8s-model-serving';
import { EnvValue } from 'cdk8s-plus-28';
import fc from 'fast-check';
import { carriedModel, codesIn, failureOf, type Manifest, newChart, remoteModel, SHA256 } from '../support/manifests';
import { temporaryDirectory } from '../support/temporary';

const directory = temporaryDirectory();
const DNS_LABEL = /^[a-z]([a-z0-9-]*[a-z0-9])?$/;

describe('violations', () => {
  const declare = () => {
    const app = new App({ outdir: mkdtempSync(join(directory, 'out-')) });
    const chart = new Chart(app, 'iris', { namespace: 'ml' });
    new OnlineModel(chart, 'first', {
      model: remoteModel({ name: 'no good' }),
      replicas: 0,
      resources: { memory: Size.mebibytes(64) },
    });
    new OnlineModel(chart, 'second', {
      model: remoteModel({ source: ModelSource.s3('http://bucket', { sha256: 'short' }) }),
      scaling: Scaling.onCpu({ minReplicas: 5, maxReplicas: 2 }),
    });
    new OnlineModel(new Chart(app, 'other'), 'third', { model: remoteModel(), image: 'model-server' });
    return { app, chart };
  };
  const CODES = ['MS1001', 'MS1203', 'MS1301', 'MS1003', 'MS1101', 'MS1303', 'MS1603'];

  test('of all constructs are reported at once by App.synth()', () => {
    const { app } = declare();
    let message = '';
    try {
      app.synth();
    } catch (error) {
      message = (error as Error).message;
    }
    expect(codesIn(message)).toEqual(CODES);
    expect(message).toContain('[other/third] MS1603');
  });

  test('and by Chart.toJson() and Testing.synth()', () => {
    expect(codesIn(failureOf(declare().chart))).toEqual(CODES);
  });

  test('tell what was found, the rule, the fix and where to read on', () => {
    const chart = newChart('iris');
    new OnlineModel(chart, 'model', { model: remoteModel(), replicas: 0 });
    expect(failureOf(chart)).toBe(
      [
        'Validation failed with the following errors:',
        "  [iris/model] MS1301 The number of replicas is '0'.",
        '      Rule: A number of replicas is a whole number of at least 1.',
        '      Fix: Write 1 or more.',
        '      See https://github.com/cdk8s-model-serving/cdk8s-model-serving/blob/main/docs/rules.md#ms1301',
      ].join('\n'),
    );
  });

  test('never show what an address hides', () => {
    const chart = newChart();
    const source = ModelSource.https('ftp://user:hunter2@host/m.onnx?token=hunter3', { sha256: SHA256 });
    new OnlineModel(chart, 'model', { model: remoteModel({ source }) });
    expect(failureOf(chart)).toContain('MS1101');
    expect(failureOf(chart)).not.toMatch(/hunter/);
  });

  test('nor what the addresses around a model hide', () => {
    const chart = newChart();
    const url = 'https://user:hunter2@host.example.com/?token=hunter3';
    new OnlineModel(chart, 'model', {
      model: remoteModel(),
      features: FeatureLookup.redis({ address: 'user:hunter1@redis:6379', entity: 'card', features: ['a'] }),
      predictionLog: PredictionLog.http({ url }),
      tracing: Tracing.otlp({ url }),
      authentication: Authentication.jwt({ issuer: 'a', audience: 'b', keys: JwtKeys.url(url) }),
    });
    expect(codesIn(failureOf(chart))).toEqual(['MS1801', 'MS1834', 'MS1903', 'MS1841']);
    expect(failureOf(chart)).not.toMatch(/hunter/);
  });
});

describe('warnings', () => {
  let printed: jest.SpyInstance;
  beforeEach(() => {
    printed = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  });
  afterEach(() => printed.mockRestore());

  test('are printed once for an app, and kept by every construct', () => {
    const app = new App({ outdir: mkdtempSync(join(directory, 'out-')) });
    const models = ['a', 'b'].map(
      (id) => new OnlineModel(new Chart(app, id), 'model', { model: remoteModel(), image: 'example.com/runtime:1.0' }),
    );
    app.synth();
    app.synth();
    expect(printed.mock.calls).toHaveLength(1);
    expect(printed.mock.calls[0][0]).toMatch(/^warning: \[a\/model] MS1602 The runtime image is .*\n/);
    for (const model of models) {
      expect(model.node.metadata).toEqual([
        expect.objectContaining({ type: 'model-serving:warning', data: expect.stringMatching(/^MS1602 /) }),
      ]);
    }
  });

  test('are never printed for defaults', () => {
    const chart = newChart();
    const model = new OnlineModel(chart, 'model', { model: carriedModel() });
    chart.toJson();
    expect(printed).not.toHaveBeenCalled();
    expect(model.node.metadata).toEqual([]);
  });
});

describe('determinism', () => {
  const write = (env: { [name: string]: EnvValue }, labels: { [key: string]: string }): string => {
    const outdir = mkdtempSync(join(directory, 'out-'));
    const app = new App({ outdir });
    const chart = new Chart(app, 'iris', { namespace: 'ml' });
    new OnlineModel(chart, 'model', { model: carriedModel(), env, metadata: { labels } });
    app.synth();
    return readFileSync(join(outdir, 'iris.k8s.yaml'), 'utf8');
  };
  const [a, b] = [EnvValue.fromValue('1'), EnvValue.fromValue('2')];

  test('the same program gives the same bytes', () => {
    expect(write({ a, b }, {})).toBe(write({ a, b }, {}));
  });

  test('the order in which things are named does not matter', () => {
    expect(write({ a, b }, { x: '1', y: '2' })).toBe(write({ b, a }, { y: '2', x: '1' }));
  });
});

describe('names', () => {
  test('of any model, version and path are valid, short and different', () => {
    const form = fc.stringMatching(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/);
    // The library of constructs itself cannot take the names of an object's own members.
    const ids = fc.string({ minLength: 1, maxLength: 80 }).filter((id) => !(id in {}));
    fc.assert(
      fc.property(form, form, ids, (name, version, id) => {
        const chart = newChart();
        new OnlineModel(chart, id, { model: remoteModel({ name, version }) });
        const other = newChart('other');
        new OnlineModel(other, id, { model: remoteModel({ name, version }) });
        const objects: Manifest[] = chart.toJson();
        for (const { kind, metadata } of objects) {
          expect(metadata.name).toMatch(DNS_LABEL);
          expect(metadata.name.length).toBeLessThanOrEqual(kind === 'ConfigMap' ? 63 : 45);
          for (const value of Object.values<string>(metadata.labels)) {
            expect(value).toMatch(/^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/);
            expect(value.length).toBeLessThanOrEqual(63);
          }
        }
        expect(objects[0].metadata.name).not.toBe(other.toJson()[0].metadata.name);
      }),
      { numRuns: 200 },
    );
  });

  test.each([
    ['iris', 'v1', 'iris-v1'],
    ['Fraud_Detector', '2026.11', 'fraud-detector-2026-11'],
    ['3d', '1', 'm-3d-1'],
    ['x'.repeat(63), 'v1', 'x'.repeat(36)],
  ])('%s %s starts with %3$s', (name, version, readable) => {
    const model = new OnlineModel(newChart(), 'm', { model: remoteModel({ name, version }) });
    expect(model.deployment.name).toMatch(new RegExp(`^${readable}-[0-9a-f]{8}$`));
  });

  test('depend on the construct path alone', () => {
    const name = (replicas: number) =>
      new OnlineModel(newChart(), 'm', { model: remoteModel(), replicas }).deployment.name;
    expect(name(2)).toBe(name(7));
  });
});

test('two versions live side by side, each with pods of its own', () => {
  const chart = newChart();
  const versions = ['v1', 'v2'].map(
    (version) =>
      new OnlineModel(chart, version, {
        model: Model.onnx({ name: 'iris', version, source: carriedModel().source }),
      }),
  );
  const objects: Manifest[] = chart.toJson();
  const names = objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
  expect(new Set(names).size).toBe(names.length);
  const [first, second] = versions.map(({ service, deployment }) => ({
    selector: service.toJson().spec.selector,
    labels: deployment.toJson().spec.template.metadata.labels,
  }));
  expect(first?.labels).toMatchObject(first?.selector);
  expect(second?.labels).not.toMatchObject(first?.selector);
});
