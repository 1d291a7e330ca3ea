import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { packModels } from '../support/conformance';
import { startTestPredictor, type TestPredictor } from '../support/predictor';
import { PYTHON, PYTHON_SETUP_MILLIS, PythonEnvironment } from '../support/python-environment';
import { describeWith } from '../support/requires';
import { temporaryDirectory } from '../support/temporary';

const SEED = 20_261_122;

/** Of each operation, in each phase that makes them up. */
const EXAMPLES = 30;

/** Numbers and rows, several inputs, text: what the schemas of the others are made of. */
const MODELS = ['iris', 'simple', 'identity_bytes'];

const RUN_MILLIS = 240_000;

/** The report of a run, as far as it is looked at. */
interface Report {
  readonly complete: boolean;
  readonly operations: { readonly selected: number; readonly tested: number; readonly errored: number };
  readonly phases: Readonly<Record<string, { readonly status: string }>>;
  readonly test_cases: { readonly generated: number };
  readonly failures: readonly { readonly title: string; readonly operations: readonly string[] }[];
  readonly errors: readonly unknown[];
}

describeWith('schemathesis against /openapi.json', PYTHON, () => {
  const root = temporaryDirectory();
  let server: TestPredictor;
  let report: Report;
  let output: string;

  beforeAll(async () => {
    const environment = new PythonEnvironment(join(__dirname, 'requirements-schemathesis.txt'));
    await environment.prepare();
    server = await startTestPredictor(packModels().filter(({ name }) => MODELS.includes(name)));
    const path = join(root, 'report.json');
    const options = { checks: 'all', 'max-examples': EXAMPLES, seed: SEED, report: 'json', 'report-json-path': path };
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const env = {
      SCHEMATHESIS_HOOKS: 'schemathesis_hooks',
      PYTHONPATH: resolve(__dirname, 'python'),
    };
    const { stdout, stderr } = await environment.run(
      'schemathesis',
      ['run', `${server.url}/openapi.json`, '--continue-on-failure', ...args],
      // Its notes of earlier runs, which would change this one, stay in a directory of this one.
      { env, cwd: root },
    );
    output = stdout + stderr;
    report = JSON.parse(readFileSync(path, 'utf8'));
  }, PYTHON_SETUP_MILLIS + RUN_MILLIS);

  it('tries every operation, in every phase, with many requests', () => {
    expect(report).toMatchObject({ complete: true, errors: [], operations: { errored: 0 } });
    expect(report.operations.tested).toBe(report.operations.selected);
    expect(report.operations.selected).toBeGreaterThan(30);
    expect(Object.keys(report.phases).sort()).toEqual(['coverage', 'examples', 'fuzzing', 'stateful']);
    expect(report.test_cases.generated).toBeGreaterThan(1500);
  });

  it('finds no 5xx, no answer against its schema, and no request that is taken or refused against its schema', () => {
    expect([report.failures, report.failures.length === 0 ? '' : output]).toEqual([[], '']);
    expect(Object.values(report.phases).map(({ status }) => status)).toEqual(
      Object.keys(report.phases).map(() => 'success'),
    );
  });

  it('leaves the server well', async () => {
    const answer = await server.post('/v1/models/iris:predict', { instances: [[5.1, 3.5, 1.4, 0.2]] });
    expect([answer.status, answer.body.predictions[0].label]).toEqual([200, 0]);
    expect(await server.metrics()).toContain('model_serving_requests_in_flight 0');
  });
});
