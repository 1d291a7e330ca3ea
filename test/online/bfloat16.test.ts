import { bfloat16OfFloat32, float32OfBfloat16 } from '../../runtime/src/model/bfloat16';
import { FIELDS } from '../../runtime/src/model/onnx-fields';
import { delimitedField, numberField } from '../../runtime/src/model/wire';
import { binaryBody, binaryInput, bytesOf, inferBinary } from '../support/binary-tensors';
import { GrpcClient } from '../support/grpc-client';
import { written } from '../support/load';
import { buildOnnx, intAttribute, type NodeOptions } from '../support/onnx-builder';
import { startTestPredictor, type TestPredictor } from '../support/predictor';
import { temporaryDirectory } from '../support/temporary';

const FLOAT = 1;
const BFLOAT16 = 16;

/** Weights of the iris flowers, rounded to BF16. */
const WEIGHTS = [-0.424, 0.534, -0.111, 0.967, -0.322, -0.646, -2.517, -0.206, 2.724, -1.079, -0.944, 2.024];
const FLOWERS = [
  [5.1, 3.5, 1.4, 0.2],
  [6.2, 2.9, 4.3, 1.3],
  [6.3, 3.3, 6.0, 2.5],
];

const halves = (values: readonly number[]) => bfloat16OfFloat32(Float32Array.from(values));
const rounded = (values: readonly number[]) => Array.from(float32OfBfloat16(halves(values)));

/** The numbers of a tensor of BF16 in its binary form. */
function numbersOf(bytes: Buffer): number[] {
  return Array.from(float32OfBfloat16(new Uint16Array(new Uint8Array(bytes).buffer)));
}

function cast(from: string, to: string, type: number): NodeOptions {
  return { type: 'Cast', inputs: [from], outputs: [to], attributes: [intAttribute('to', type)] };
}

/** Inputs, outputs and weights are BF16, as mixed precision is exported; it computes in FP32. */
const MODEL = buildOnnx({
  inputs: [{ name: 'features', type: BFLOAT16, shape: ['N', 4] }],
  outputs: [{ name: 'probabilities', type: BFLOAT16, shape: ['N', 3] }],
  nodes: [
    cast('features', 'x', FLOAT),
    cast('weights', 'w', FLOAT),
    { type: 'MatMul', inputs: ['x', 'w'], outputs: ['scores'] },
    { type: 'Softmax', inputs: ['scores'], outputs: ['p'] },
    cast('p', 'probabilities', BFLOAT16),
  ],
  extra: [
    delimitedField(
      FIELDS.graph.initializer,
      Buffer.concat([
        numberField(1, 4),
        numberField(1, 3),
        numberField(2, BFLOAT16),
        delimitedField(FIELDS.tensor.name, 'weights'),
        delimitedField(9, bytesOf(halves(WEIGHTS))),
      ]),
    ),
  ],
});

/** What the model computes, with the numbers of JavaScript. */
function expected(flower: readonly number[]): number[] {
  const weights = rounded(WEIGHTS);
  const scores = [0, 1, 2].map((column) =>
    rounded(flower).reduce((sum, value, row) => sum + value * weights[3 * row + column], 0),
  );
  const powers = scores.map((score) => Math.exp(score - Math.max(...scores)));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}

/** Two numbers are the same but for one step of BF16. */
function expectClose(actual: readonly number[], flower: readonly number[]): void {
  expected(flower).forEach((value, index) => {
    expect(Math.abs(actual[index] - value)).toBeLessThanOrEqual(value * 2 ** -8);
  });
  expect(actual).toEqual(rounded(actual));
}

describe('a model of BF16', () => {
  const directory = temporaryDirectory();
  let server: TestPredictor;
  let client: GrpcClient;

  beforeAll(async () => {
    const cache = { maxBytes: 100_000, maxAgeMillis: 60_000 };
    server = await startTestPredictor([
      written(directory, 'iris', MODEL),
      written(directory, 'cached', MODEL, { cache }),
    ]);
    const { host, port } = server.predictor.addresses.grpc;
    client = new GrpcClient(`${host}:${port}`);
  });
  afterAll(() => client.close());

  const infer = async (model: string, flower: readonly number[]) => {
    const input = binaryInput('features', 'BF16', [1, 4], 8);
    const { body, headers } = binaryBody(
      { inputs: [input], parameters: { binary_data_output: true } },
      bytesOf(halves(flower)),
    );
    const { status, json, data } = await inferBinary(server, model, body, headers);
    expect([status, json.outputs]).toMatchObject([200, [{ name: 'probabilities', datatype: 'BF16', shape: [1, 3] }]]);
    return numbersOf(data.probabilities);
  };

  it('says so', async () => {
    expect((await server.get('/v2/models/iris')).body).toMatchObject({
      inputs: [{ name: 'features', datatype: 'BF16', shape: [-1, 4] }],
      outputs: [{ name: 'probabilities', datatype: 'BF16', shape: [-1, 3] }],
    });
  });

  it('answers requests that come together, each with its own rows', async () => {
    const requests = Array.from({ length: 60 }, (_, index) => FLOWERS[index % 3]);
    const answers = await Promise.all(requests.map((flower) => infer('iris', flower)));
    answers.forEach((answer, index) => {
      expectClose(answer, requests[index]);
    });
  });

  it('answers the same from the cache', async () => {
    const first = await infer('cached', FLOWERS[1]);
    expect(await infer('cached', FLOWERS[1])).toEqual(first);
    expectClose(await infer('cached', FLOWERS[2]), FLOWERS[2]);
    expect(await server.metrics()).toMatch(/response-cache[^\n]* 1\n/);
  });

  it('answers a body of bytes alone', async () => {
    const bytes = bytesOf(halves(FLOWERS[2]));
    const { status, data } = await inferBinary(server, 'iris', bytes, { 'Inference-Header-Content-Length': '0' });
    expect(status).toBe(200);
    expectClose(numbersOf(data.probabilities), FLOWERS[2]);
  });

  it('answers over gRPC what it answers over REST', async () => {
    const { code, message } = await client.infer('iris', [{ name: 'features', datatype: 'BF16', shape: [1, 4] }], {
      raw_input_contents: [bytesOf(halves(FLOWERS[0]))],
    });
    expect(code).toBe('OK');
    const [raw] = message.raw_output_contents as Buffer[];
    expect(numbersOf(raw)).toEqual(await infer('iris', FLOWERS[0]));
  });

  it('answers numbers over V1', async () => {
    const { status, body } = await server.post('/v1/models/iris:predict', { instances: FLOWERS });
    expect(status).toBe(200);
    FLOWERS.forEach((flower, row) => {
      expectClose(body.predictions[row].map(Math.fround), flower);
    });
  });
});
