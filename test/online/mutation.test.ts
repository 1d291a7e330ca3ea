import { binaryBody, binaryInput, binaryTexts, bytesOf } from '../support/binary-tensors';
import { mutate, seededRandom } from '../support/mutation';
import { type Answer, fixture, startTestPredictor, type TestPredictor } from '../support/predictor';

const REQUESTS = 5000;
const AT_ONCE = 32;
const SEED = 20_261_122;

const row = [5.1, 3.5, 1.4, 0.2];
const v2 = (name: string, datatype: string, shape: number[], data: unknown[]) => ({
  id: 'a',
  parameters: { priority: 1 },
  inputs: [{ name, datatype, shape, data }],
  outputs: [{ name: 'output' }],
});

type Seed = [path: string, body: unknown, headers?: Record<string, string>];

/** A request whose tensors are binary data behind the JSON. */
function binarySeed(model: string, datatype: string, shape: number[], bytes: Buffer): Seed {
  const { body, headers } = binaryBody(
    {
      inputs: [binaryInput('input', datatype, shape, bytes.length)],
      outputs: [{ name: 'output', parameters: { binary_data: true } }],
    },
    bytes,
  );
  return [`/v2/models/${model}/infer`, body, headers];
}

const SEEDS: Seed[] = [
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
  ['/v2/models/mlp/infer', v2('input', 'FP32', [30, 4], Array(30).fill(row))],
  ['/v1/models/mlp:predict', { specversion: '1.0', id: '1', source: '/x', type: 'y', data: { instances: [row] } }],
  binarySeed('mlp', 'FP32', [2, 4], bytesOf(Float32Array.from([...row, ...row]))),
  binarySeed('identity-fp16', 'FP16', [1, 2], bytesOf(new Uint16Array([15_360, 0]))),
  binarySeed('identity-bf16', 'BF16', [1, 2], bytesOf(new Uint16Array([16_256, 0]))),
  binarySeed('identity-int64', 'INT64', [1, 2], bytesOf(new BigInt64Array([1n, -1n]))),
  binarySeed('identity-bool', 'BOOL', [2, 2], Buffer.from([0, 1, 1, 0])),
  binarySeed('identity-string', 'BYTES', [2, 2], binaryTexts('a', '', 'Zürich', '\u{1F600}')),
  ['/v2/models/mlp/infer', bytesOf(Float32Array.from(row)), { 'Inference-Header-Content-Length': '0' }],
];

/** Most mutations move the end of the JSON; the header says so for every other of them. */
function lengthOf(body: Buffer, headers: Record<string, string>, random: () => number): Record<string, string> {
  const end = body.lastIndexOf('}') + 1;
  const length = random() < 0.5 ? headers['Inference-Header-Content-Length'] : String(end);
  return { ...headers, 'Inference-Header-Content-Length': length };
}

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
        const [path, seed, headers = {}] = SEEDS[Math.floor(random() * SEEDS.length)];
        const body = mutate(bodyOf(seed), random);
        const isBinary = Buffer.isBuffer(seed) && seed[0] === '{'.charCodeAt(0);
        return { path, body, headers: isBinary ? lengthOf(body, headers, random) : headers };
      });
      const answers = await Promise.all(
        batch.map(({ path, body, headers }) => server.send('POST', path, body, headers)),
      );
      for (const answer of answers) {
        expectSound(answer);
        codes.set(answer.status, (codes.get(answer.status) ?? 0) + 1);
      }
    }
    // Some mutations leave a request valid, most do not.
    expect(codes.get(200)).toBeGreaterThan(REQUESTS / 50);
    expect(codes.get(400)).toBeGreaterThan(REQUESTS / 5);
    for (const [path, body, headers] of SEEDS) {
      expect([path, (await server.send('POST', path, bodyOf(body), headers)).status]).toEqual([path, 200]);
    }
    expect(await server.metrics()).toContain('model_serving_requests_in_flight 0');
    expect(Object.keys(Object.prototype)).toEqual([]);
  }, 60_000);
});

function bodyOf(seed: unknown): Buffer {
  return Buffer.isBuffer(seed) ? seed : Buffer.from(JSON.stringify(seed));
}

function expectSound({ status, body, headers }: Answer): void {
  expect([200, 400, 413]).toContain(status);
  expect(headers.get('content-type')).toMatch(
    status === 200 ? /^application\/(json|octet-stream|cloudevents\+json)$/ : /^application\/json$/,
  );
  if (status !== 200) {
    expect(body).toEqual({ error: expect.any(String) });
  }
}
