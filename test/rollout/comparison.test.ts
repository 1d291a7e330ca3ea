import { Comparison, type ComparisonOutcome } from '../../runtime/src/rollout/comparison';
import { type Answer, compareAnswers, scoreOf } from '../../runtime/src/rollout/comparison/compare-answers';
import { binaryBody, binaryInput, binaryTexts, bytesOf, LENGTH_HEADER } from '../support/binary-tensors';
import { rolloutConfig } from './support';

function answer(value: object, changes: Partial<Answer> = {}): Answer {
  const body = Buffer.from(JSON.stringify(value));
  return { status: 200, contentType: 'application/json', body, millis: 1, ...changes };
}

const v1 = (...predictions: unknown[]) => answer({ predictions });
const v2 = (version: string, data: unknown[]) =>
  answer({
    model_name: 'iris',
    model_version: version,
    outputs: [{ name: 'y', datatype: 'FP32', shape: [data.length], data }],
  });
/** A binary answer of V2 with outputs in this form. */
const binary = (version: string, ...outputs: [string, number[], Uint8Array][]) => {
  const json = outputs.map(([datatype, shape, bytes], index) =>
    binaryInput(`y${index}`, datatype, shape, bytes.length),
  );
  const { body, headers } = binaryBody(
    { model_version: version, outputs: json },
    ...outputs.map(([, , bytes]) => bytes),
  );
  const headerLength = Number(headers[LENGTH_HEADER]);
  return { status: 200, contentType: 'application/octet-stream', headerLength, body, millis: 1 };
};
const floats = (...values: number[]): [string, number[], Uint8Array] => [
  'FP32',
  [values.length],
  bytesOf(Float32Array.from(values)),
];
const labels = (...values: bigint[]): [string, number[], Uint8Array] => [
  'INT64',
  [values.length],
  bytesOf(BigInt64Array.from(values)),
];
const texts = (...values: string[]): [string, number[], Uint8Array] => [
  'BYTES',
  [values.length],
  binaryTexts(...values),
];
/** FP16 of 1 and of 1 + 2⁻¹⁰, and one far away. */
const HALF = { one: 0x3c00, next: 0x3c01, two: 0x4000 };
const halves = (...bits: number[]): [string, number[], Uint8Array] => [
  'FP16',
  [bits.length],
  bytesOf(Uint16Array.from(bits)),
];

describe('compareAnswers', () => {
  it.each([
    ['equal labels', v1('setosa', 1), v1('setosa', 1), 'agreement'],
    ['other labels', v1('setosa'), v1('virginica'), 'disagreement'],
    ['numbers within the tolerance', v1([0.1, 0.9]), v1([0.1005, 0.8995]), 'agreement'],
    ['numbers beyond the tolerance', v1([0.1]), v1([0.2]), 'disagreement'],
    ['another length', v1(1), v1(1, 2), 'disagreement'],
    ['an array for an object', v1([1]), v1({ 0: 1 }), 'disagreement'],
    ['versions of V2 with the same outputs', v2('v1', [1, 2]), v2('v2', [1, 2]), 'agreement'],
    ['versions of V2 with other outputs', v2('v1', [1, 2]), v2('v2', [1, 3]), 'disagreement'],
    ['binary tensors within the tolerance', binary('v1', floats(1, 2)), binary('v2', floats(1.0005, 2)), 'agreement'],
    ['binary tensors beyond the tolerance', binary('v1', floats(1, 2)), binary('v2', floats(1, 2.1)), 'disagreement'],
    [
      'binary tensors that are not finite',
      binary('v1', floats(Number.NaN)),
      binary('v2', floats(Number.NaN)),
      'agreement',
    ],
    ['one binary number that is not finite', binary('v1', floats(Number.NaN)), binary('v2', floats(1)), 'disagreement'],
    ['equal labels in binary', binary('v1', labels(1n, 2n)), binary('v2', labels(1n, 2n)), 'agreement'],
    ['other labels in binary', binary('v1', labels(1n, 2n)), binary('v2', labels(1n, 3n)), 'disagreement'],
    ['equal texts in binary', binary('v1', texts('setosa', '')), binary('v2', texts('setosa', '')), 'agreement'],
    ['other texts in binary', binary('v1', texts('setosa')), binary('v2', texts('virginica')), 'disagreement'],
    ['halves within the tolerance', binary('v1', halves(HALF.one)), binary('v2', halves(HALF.next)), 'agreement'],
    ['halves beyond the tolerance', binary('v1', halves(HALF.one)), binary('v2', halves(HALF.two)), 'disagreement'],
    ['the second of two', binary('v1', floats(1), labels(1n)), binary('v2', floats(1), labels(2n)), 'disagreement'],
    ['another shape', binary('v1', floats(1, 2)), binary('v2', floats(1)), 'disagreement'],
    ['fewer bytes than its shape', binary('v1', floats(1)), binary('v2', ['FP32', [2], floats(1)[2]]), 'skipped'],
    ['a datatype of nobody', binary('v1', floats(1)), binary('v2', ['FP4', [1], floats(1)[2]]), 'skipped'],
    ['a failure of one', v1(1), answer({ error: 'x' }, { status: 500 }), 'failed'],
    ['a wrong request', answer({}, { status: 400 }), answer({}, { status: 422 }), 'skipped'],
    ['no JSON', v1(1), answer({}, { body: Buffer.from('<html>') }), 'skipped'],
    ['no prediction', answer({ hello: 1 }), answer({ hello: 1 }), 'skipped'],
  ])('%s', (_, stable, candidate, likeness) => {
    expect(compareAnswers(stable, candidate, 0.001)).toBe(likeness);
  });

  it('takes the first number of a prediction for its score, and no shape', () => {
    expect(scoreOf(v1([0.25, 0.75]))).toBe(0.25);
    expect(scoreOf(v2('v1', [7]))).toBe(7);
    expect(scoreOf(binary('v1', floats(0.5, 7)))).toBe(0.5);
    expect(scoreOf(v1('setosa'))).toBeUndefined();
  });
});

describe('Comparison', () => {
  const request = { method: 'POST', path: '/v1/models/iris:predict', headers: {}, body: Buffer.from('{}') };
  const turn = () => new Promise(setImmediate);

  it('asks both versions with the same body, marked as a shadow, and counts what they say of each other', async () => {
    const asked: [string, string | undefined][] = [];
    const outcomes: ComparisonOutcome[] = [];
    const comparison = new Comparison({
      config: rolloutConfig(),
      onOutcome: (outcome) => outcomes.push(outcome),
      ask: async (base, { headers }) => {
        asked.push([base, headers['x-shadow']]);
        return asked.length > 2 && base.includes('v2') ? v1(2) : v1(1);
      },
    });
    comparison.add(request);
    comparison.add(request);
    await turn();
    expect(asked[0]).toEqual(['http://iris-v1.ml.svc', '1']);
    expect(outcomes).toEqual(['agreements', 'disagreements']);
    expect(comparison.take()).toMatchObject({ agreements: 1, disagreements: 1 });
    expect(comparison.take()).toMatchObject({ agreements: 0, disagreements: 0 });
    expect(comparison.report().map(({ test, n }) => [test, n])).toContainEqual(['latency shift', 2]);
  });

  it('drops what does not fit, and asks for few at once', async () => {
    let open = 0;
    let most = 0;
    const ends: (() => void)[] = [];
    const comparison = new Comparison({
      config: rolloutConfig(),
      onOutcome: () => undefined,
      ask: async () => {
        open += 1;
        most = Math.max(most, open);
        await new Promise<void>((resolve) => ends.push(resolve));
        open -= 1;
        return v1(1);
      },
    });
    for (let count = 0; count < 300; count += 1) {
      comparison.add(request);
    }
    expect(comparison.take()).toMatchObject({ dropped: 300 - 256 - 8 });
    for (let count = 0; count < 100; count += 1) {
      for (const end of ends.splice(0)) {
        end();
      }
      await turn();
    }
    expect(comparison.take()).toMatchObject({ agreements: 264 });
    expect(most).toBe(16);
  });

  it('counts an answer that does not come as a failure', async () => {
    const ask = async () => {
      throw new Error('connect ECONNREFUSED');
    };
    const comparison = new Comparison({ config: rolloutConfig(), onOutcome: () => undefined, ask });
    comparison.add(request);
    await turn();
    expect(comparison.take()).toMatchObject({ failures: 1, agreements: 0 });
  });
});
