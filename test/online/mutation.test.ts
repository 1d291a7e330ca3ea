import { mutate, seededRandom } from '../support/mutation';
import { type Answer, fixture, startTestPredictor, type TestPredictor } from '../support/predictor';

const REQUESTS = 3000;
const AT_ONCE = 32;
const SEED = 20_261_122;

const row = [5.1, 3.5, 1.4, 0.2];
const v2 = (name: string, datatype: string, shape: number[], data: unknown[]) => ({
  id: 'a',
  parameters: { priority: 1 },
  inputs: [{ name, datatype, shape, data }],
  outputs: [{ name: 'output' }],
});

const SEEDS: [path: string, body: unknown][] = [
  ['/v1/models/mlp:predict', { instances: [row, row] }],
  ['/v1/models/mlp:predict', { inputs: [row] }],
  ['/v1/models/two-inputs:predict', { instances: [{ a: [1, 2], b: [3, 4] }] }],
  ['/v1/models/two-inputs:predict', { inputs: { a: [[1, 2]], b: [[3, 4]] } }],
  ['/v1/models/mixed-columns:predict', { instances: [{ age: 25, income: [31_000], city: 'Zürich' }] }],
  ['/v1/models/gather-fails:predict', { instances: [0, 1, 2, 3] }],
  ['/v1/models/identity-bool:predict', { instances: [[true, false]] }],
  ['/v2/models/mlp/infer', v2('input', 'FP32', [2, 4], [row, row])],
  ['/v2/models/rank3/infer', v2('input', 'FP32', [1, 2, 3], [1, 2, 3, 4, 5, 6])],
  ['/v2/models/identity-int64/infer', v2('input', 'INT64', [1, 2], [1, 2])],
  ['/v2/models/identity-uint64/infer', v2('input', 'UINT64', [1, 2], [1, 2])],
  ['/v2/models/identity-string/infer', v2('input', 'BYTES', [1, 2], ['a', 'ü"\\'])],
  ['/v2/models/fixed-batch/infer', v2('input', 'FP32', [1, 4], row)],
];

describe('mutated bodies', () => {
  let server: TestPredictor;

  beforeAll(async () => {
    const names = new Set(SEEDS.map(([path]) => /models\/([\w-]+)/.exec(path)?.[1]));
    server = await startTestPredictor([...names].map((name) => fixture(`${name}.onnx`)));
    await server.connect(AT_ONCE);
  });

  it(`leave the server answering: ${REQUESTS} of them, none with 5xx`, async () => {
    const random = seededRandom(SEED);
    const codes = new Map<number, number>();
    for (let sent = 0; sent < REQUESTS; sent += AT_ONCE) {
      const batch = Array.from({ length: AT_ONCE }, () => {
        const [path, body] = SEEDS[Math.floor(random() * SEEDS.length)];
        return { path, body: mutate(Buffer.from(JSON.stringify(body)), random) };
      });
      const answers = await Promise.all(batch.map(({ path, body }) => server.send('POST', path, body)));
      for (const answer of answers) {
        expectSound(answer);
        codes.set(answer.status, (codes.get(answer.status) ?? 0) + 1);
      }
    }
    // Some mutations leave a request valid, most do not.
    expect(codes.get(200)).toBeGreaterThan(REQUESTS / 50);
    expect(codes.get(400)).toBeGreaterThan(REQUESTS / 5);
    for (const [path, body] of SEEDS) {
      expect((await server.post(path, body)).status).toBe(200);
    }
    expect(await server.metrics()).toContain('model_serving_requests_in_flight 0');
    expect(Object.keys(Object.prototype)).toEqual([]);
  }, 60_000);
});

function expectSound({ status, body, headers }: Answer): void {
  expect([200, 400, 413]).toContain(status);
  expect(headers.get('content-type')).toBe('application/json');
  if (status !== 200) {
    expect(body).toEqual({ error: expect.any(String) });
  }
}
