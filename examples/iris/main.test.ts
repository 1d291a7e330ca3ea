import { rmSync } from 'node:fs';
import { forSnapshot, manifestsOf, synthesize } from '../../test/support/example';
import { type RunningManifests, runManifests } from '../../test/support/local-run';
import { largestDifference, predict, rowsOf } from '../../test/support/prediction';
import python from './predictions.json';

const TOLERANCE = 1e-6;
const VERSIONS = ['v1', 'v2'] as const;

interface V1Answer {
  readonly predictions: { readonly label: number; readonly probabilities: number[] }[];
}

interface V2Answer {
  readonly outputs: { readonly name: string; readonly data: number[] }[];
}

let manifests: string;

beforeAll(() => {
  manifests = synthesize('iris');
});

afterAll(() => {
  rmSync(manifests, { recursive: true, force: true });
});

test('synthesizes the same manifests as before', () => {
  expect(forSnapshot(manifestsOf(manifests))).toMatchSnapshot();
});

describe('its manifests, run on this machine', () => {
  let running: RunningManifests;

  beforeAll(async () => {
    running = await runManifests(manifests);
  });

  afterAll(async () => {
    expect(await running.stop()).toBe(0);
  });

  test.each(VERSIONS)("%s answers all flowers over V1 as Python's onnxruntime does", async (version) => {
    const { predictions } = await predict<V1Answer>(
      `${running.url(`iris-classifier-${version}`)}/v1/models/iris-classifier:predict`,
      { instances: python.instances },
    );

    const expected = python.predictions[version];
    expect(predictions.map(({ label }) => label)).toEqual(expected.label);
    expect(
      largestDifference(
        predictions.map(({ probabilities }) => probabilities),
        expected.probabilities,
      ),
    ).toBeLessThanOrEqual(TOLERANCE);
  });

  test.each(VERSIONS)("%s answers all flowers over V2 as Python's onnxruntime does", async (version) => {
    const { outputs } = await predict<V2Answer>(
      `${running.url(`iris-classifier-${version}`)}/v2/models/iris-classifier/versions/${version}/infer`,
      {
        inputs: [
          { name: 'features', shape: [python.instances.length, 4], datatype: 'FP32', data: python.instances.flat() },
        ],
      },
    );

    const data = (name: string) => outputs.find((output) => output.name === name)?.data ?? [];
    const expected = python.predictions[version];
    expect(data('label')).toEqual(expected.label);
    expect(largestDifference(rowsOf(data('probabilities'), 3), expected.probabilities)).toBeLessThanOrEqual(TOLERANCE);
  });
});
