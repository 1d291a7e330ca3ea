import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXAMPLES, fixture, startTestPredictor, type TestPredictor } from '../support/predictor';

interface Expected {
  instances: number[][];
  predictions: Record<string, { label: number[]; probabilities: number[][] }>;
}

const TOLERANCE = 1e-6;
const VERSIONS = ['v1', 'v2'];
const expected: Expected = JSON.parse(readFileSync(join(EXAMPLES, 'iris/predictions.json'), 'utf8'));

describe('the iris example', () => {
  let server: TestPredictor;

  beforeAll(async () => {
    server = await startTestPredictor(
      VERSIONS.map((version) => fixture(join(EXAMPLES, `iris/models/iris-${version}.onnx`), { name: 'iris', version })),
    );
  });

  it.each(VERSIONS)("answers Python's predictions of %s by V1", async (version) => {
    const { body } = await server.post(`/v1/models/iris/versions/${version}:predict`, {
      instances: expected.instances,
    });

    const { label, probabilities } = expected.predictions[version];
    expect(body.predictions.map((prediction: { label: number }) => prediction.label)).toEqual(label);
    expectClose(
      body.predictions.flatMap((prediction: { probabilities: number[] }) => prediction.probabilities),
      probabilities.flat(),
    );
  });

  it.each(VERSIONS)("answers Python's predictions of %s by V2", async (version) => {
    const { body } = await server.post(`/v2/models/iris/versions/${version}/infer`, {
      inputs: [{ name: 'features', datatype: 'FP32', shape: [expected.instances.length, 4], data: expected.instances }],
    });

    const { label, probabilities } = expected.predictions[version];
    const [labels, numbers] = body.outputs;
    expect(labels).toEqual({ name: 'label', datatype: 'INT64', shape: [label.length], data: label });
    expect(numbers.shape).toEqual([label.length, 3]);
    expectClose(numbers.data, probabilities.flat());
  });

  it('answers a row by itself as it answers it among others', async () => {
    for (const [row, instance] of expected.instances.entries()) {
      const { body } = await server.post('/v1/models/iris:predict', { instances: [instance] });
      expectClose(body.predictions[0].probabilities, expected.predictions.v2.probabilities[row]);
    }
  });
});

function expectClose(actual: number[], wanted: number[]): void {
  expect(actual).toHaveLength(wanted.length);
  const largest = Math.max(...actual.map((value, index) => Math.abs(value - wanted[index])));
  expect(largest).toBeLessThanOrEqual(TOLERANCE);
}
