import { rmSync } from 'node:fs';
import { forSnapshot, manifestsOf, synthesize } from '../../test/support/example';
import { type RunningManifests, runManifests } from '../../test/support/local-run';
import { largestDifference, predict, rowsOf } from '../../test/support/prediction';
import python from './predictions.json';
import warmUp from './warm-up.json';

const TOLERANCE = 1e-6;

interface V1Answer {
  readonly predictions: { readonly label: number; readonly probabilities: number[] }[];
}

interface V2Answer {
  readonly outputs: { readonly name: string; readonly data: number[] }[];
}

type Transaction = (typeof python.instances)[number];

let manifests: string;

beforeAll(() => {
  manifests = synthesize('fraud-detection');
});

afterAll(() => {
  rmSync(manifests, { recursive: true, force: true });
});

test('synthesizes the same manifests as before', () => {
  expect(forSnapshot(manifestsOf(manifests))).toMatchSnapshot();
});

describe('its manifests, run on this machine', () => {
  let running: RunningManifests;
  let model: string;

  beforeAll(async () => {
    running = await runManifests(manifests);
    model = running.url('fraud-detector');
  });

  afterAll(async () => {
    expect(await running.stop()).toBe(0);
  });

  test("answers transactions over V1 as Python's onnxruntime does", async () => {
    const { predictions } = await predict<V1Answer>(`${model}/v1/models/fraud-detector:predict`, {
      instances: python.instances,
    });

    expect(predictions.map(({ label }) => label)).toEqual(python.predictions.label);
    expect(
      largestDifference(
        predictions.map(({ probabilities }) => probabilities),
        python.predictions.probabilities,
      ),
    ).toBeLessThanOrEqual(TOLERANCE);
  });

  test("answers transactions over V2 as Python's onnxruntime does, one input for each feature", async () => {
    const features = Object.keys(python.instances[0]) as (keyof Transaction)[];
    const { outputs } = await predict<V2Answer>(`${model}/v2/models/fraud-detector/infer`, {
      inputs: features.map((name) => ({
        name,
        shape: [python.instances.length, 1],
        datatype: 'FP32',
        data: python.instances.map((transaction) => transaction[name]),
      })),
      outputs: [{ name: 'probabilities' }],
    });

    expect(outputs.map(({ name }) => name)).toEqual(['probabilities']);
    expect(largestDifference(rowsOf(outputs[0].data, 2), python.predictions.probabilities)).toBeLessThanOrEqual(
      TOLERANCE,
    );
  });

  test('answers the request that warms it up', async () => {
    const { predictions } = await predict<V1Answer>(`${model}/v1/models/fraud-detector:predict`, warmUp);

    expect(predictions).toHaveLength(warmUp.instances.length);
  });

  test('names the feature that a transaction lacks', async () => {
    const { amount: _, ...incomplete } = python.instances[0];
    const response = await fetch(`${model}/v1/models/fraud-detector:predict`, {
      method: 'POST',
      body: JSON.stringify({ instances: [incomplete] }),
    });

    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ error: expect.stringContaining("'amount'") });
  });
});
