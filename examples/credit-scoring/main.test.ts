import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../../test/support/eventually';
import { forSnapshot, manifestsOf, synthesize } from '../../test/support/example';
import { type RunningManifests, runManifests } from '../../test/support/local-run';
import type { Manifest } from '../../test/support/manifests';
import python from './predictions.json';

let manifests: string;
let objects: Manifest[];

beforeAll(() => {
  manifests = synthesize('credit-scoring');
  objects = manifestsOf(manifests);
});

afterAll(() => {
  rmSync(manifests, { recursive: true, force: true });
});

test('synthesizes the same manifests as before', () => {
  expect(forSnapshot(objects)).toMatchSnapshot();
});

test('the table has the applications that Python answered for', () => {
  const [header = '', ...lines] = readFileSync(join(__dirname, 'warehouse/applications/2026-11-22.csv'), 'utf8')
    .trimEnd()
    .split('\n');
  const features = header.split(',').slice(2);
  expect(features).toEqual(Object.keys(python.instances[0] ?? {}));
  const rows = lines.map((line) => line.split(',').slice(-features.length).map(Number));
  expect(rows).toEqual(python.instances.map((instance) => Object.values(instance)));
});

test('both constructs have the same model: one digest, one file', () => {
  const configs = objects
    .filter(({ kind, data }) => kind === 'ConfigMap' && data?.['config.json'])
    .map(({ data }) => JSON.parse(data['config.json']));
  const models = configs.flatMap(({ models: [{ name, version, sha256 }] }) => [{ name, version, sha256 }]);
  expect(models).toHaveLength(2);
  expect(models[0]).toEqual(models[1]);
});

test('every input of the model is a column of its own name', () => {
  const job = objects.find(
    ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.startsWith('risk-report-config-'),
  );
  const { features } = JSON.parse(job.data['config.json']);
  expect(features).toEqual(Object.keys(python.instances[0] ?? {}).map((name) => ({ input: name, columns: [name] })));
});

describe('its manifests, run on this machine', () => {
  const warehouse = mkdtempSync(join(tmpdir(), 'warehouse-'));
  let running: RunningManifests;

  /** Label and probability of each application, as the report has them. */
  let report: number[][];

  beforeAll(async () => {
    cpSync(join(__dirname, 'warehouse/applications'), join(warehouse, 'applications'), { recursive: true });
    running = await runManifests(
      manifests,
      ...['--volume', `warehouse=${warehouse}`],
      // Half past eleven in Berlin.
      ...['--run', 'risk-report@2026-11-22T22:30Z'],
    );
    await eventually('the run is complete', () => running.complete());
    report = readReport(warehouse);
  }, 60_000);

  afterAll(async () => {
    expect(await running.stop()).toBe(0);
    rmSync(warehouse, { recursive: true, force: true });
  });

  test("the report has every application, with what Python's onnxruntime says of it", () => {
    expect(report.map(([label]) => label)).toEqual(python.predictions.label);
    const differences = report.map(([, probability = 0], index) =>
      Math.abs(probability - (python.predictions.probabilities[index]?.[1] ?? 0)),
    );
    expect(Math.max(...differences)).toBeLessThanOrEqual(1e-6);
  });

  test('a clerk gets the same number for the same application, bit by bit', async () => {
    const response = await fetch(`${running.url('credit-scorer')}/v1/models/credit-scorer:predict`, {
      method: 'POST',
      body: JSON.stringify({ instances: python.instances }),
    });
    const { predictions } = (await response.json()) as { predictions: { label: number; probabilities: number[] }[] };
    expect(report.map(([label, probability = 0]) => [label, Math.fround(probability)])).toEqual(
      predictions.map(({ label, probabilities }) => [label, Math.fround(probabilities[1] ?? 0)]),
    );
  });
});

/** The report of the only run, when it is complete: the parts that its record lists. */
function readReport(warehouse: string): number[][] {
  const folder = join(warehouse, 'risk-report/run=risk-report-29923110');
  const { sinks } = JSON.parse(readFileSync(join(folder, '_SUCCESS.json'), 'utf8'));
  const parts: string[] = sinks[0].parts.map(({ key }: { key: string }) => readFileSync(join(folder, key), 'utf8'));
  return parts.flatMap((part) =>
    part
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => line.split(',').slice(-2).map(Number)),
  );
}
