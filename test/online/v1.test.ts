import { join } from 'node:path';
import { EXAMPLES, fixture, startTestPredictor, type TestPredictor } from '../support/predictor';

const ROW = [5.1, 3.5, 1.4, 0.2];

describe('V1', () => {
  let server: TestPredictor;
  const predict = async (model: string, body: unknown) => {
    const { status, body: answer } = await server.post(`/v1/models/${model}:predict`, body);
    return status === 200 ? answer.predictions : answer;
  };

  beforeAll(async () => {
    server = await startTestPredictor([
      ...['mlp', 'two-inputs', 'scalar-input', 'rank3', 'mixed-columns', 'iris-zipmap', 'iris-zipmap-strings'].map(
        (name) => fixture(`${name}.onnx`),
      ),
      ...[
        'identity-fp16',
        'identity-bf16',
        'identity-fp32',
        'identity-fp64',
        'identity-int64',
        'identity-uint64',
        'identity-bool',
        'identity-string',
        'fixed-batch',
      ].map((name) => fixture(`${name}.onnx`)),
      fixture(join(EXAMPLES, 'fraud-detection/models/fraud-detector.onnx'), { name: 'fraud' }),
    ]);
  });

  it('answers one prediction a row', async () => {
    const [one] = await predict('mlp', { instances: [ROW] });
    expect(one).toHaveLength(3);
    expect(await predict('mlp', { instances: [ROW, ROW, ROW] })).toEqual([one, one, one]);
    expect(await predict('mlp', { instances: [] })).toEqual([]);
  });

  it('takes rows as scalars, lists and nested lists, as the rank asks', async () => {
    expect(await predict('scalar-input', { instances: [1, -2, 0.5] })).toEqual([2, -4, 1]);
    expect(
      await predict('rank3', {
        instances: [
          [
            [1, 2, 3],
            [4, 5, 6],
          ],
        ],
      }),
    ).toEqual([[6, 15]]);
  });

  it('takes whole columns as "inputs" and answers rows', async () => {
    expect(await predict('scalar-input', { inputs: [1, 2] })).toEqual([2, 4]);
    expect(await predict('scalar-input', { inputs: { input: [1, 2] } })).toEqual([2, 4]);
    expect(await predict('two-inputs', { inputs: { a: [[1, 2]], b: [[3, 5]] } })).toEqual([
      { sum: [4, 7], difference: [-2, -3] },
    ]);
  });

  it('takes an object a row for several inputs, and for one', async () => {
    expect(await predict('two-inputs', { instances: [{ b: [3, 5], a: [1, 2] }] })).toEqual([
      { sum: [4, 7], difference: [-2, -3] },
    ]);
    expect(await predict('scalar-input', { instances: [{ input: 3 }, { input: 4 }] })).toEqual([6, 8]);
  });

  it('takes a scalar where a row has one element', async () => {
    const listed = { age: [52], income: [48_500], city: ['Paris'] };
    const plain = { age: 52, income: 48_500, city: 'Paris' };
    const [prediction] = await predict('mixed-columns', { instances: [listed] });
    expect(prediction).toEqual({ label: expect.any(Number), probabilities: [expect.any(Number), expect.any(Number)] });
    expect(await predict('mixed-columns', { instances: [plain] })).toEqual([prediction]);
    expect(await predict('mixed-columns', { inputs: { age: [52], income: [48_500], city: ['Paris'] } })).toEqual([
      prediction,
    ]);
  });

  it('says where a column breaks the rule', async () => {
    const row = { age: 1, income: 2, city: 'Paris' };
    const wrong = { instances: [row, { ...row, age: 'old' }] };
    expect((await predict('mixed-columns', wrong)).error).toMatch(/Input 'age': instances\[1\]\.age must be a number/);
    const mixed = { instances: [row, { ...row, age: [1] }] };
    expect((await predict('mixed-columns', mixed)).error).toMatch(
      /Input 'age': instances\[0\]\.age must be a list of 1/,
    );
  });

  it('answers the example of a model with a column an input', async () => {
    const names = ['amount', 'hour', 'merchant_risk', 'distance_from_home_km', 'card_present', 'card_age_days'];
    const instance = Object.fromEntries([...names, 'amount_avg_7d', 'tx_count_1h'].map((name) => [name, 1]));
    const [{ label, probabilities }] = await predict('fraud', { instances: [instance] });
    expect([0, 1]).toContain(label);
    expect(probabilities[0] + probabilities[1]).toBeCloseTo(1, 5);
  });

  it('answers probabilities by class for a model with ZipMap', async () => {
    const [{ output_label: number, output_probability: byNumber }] = await predict('iris-zipmap', { instances: [ROW] });
    expect(number).toBe(0);
    expect(Object.keys(byNumber)).toEqual(['0', '1', '2']);
    const [{ output_label: name, output_probability: byName }] = await predict('iris-zipmap-strings', {
      instances: [ROW],
    });
    expect(name).toBe('setosa');
    expect(Object.keys(byName)).toEqual(['setosa', 'versicolor', 'virginica']);
    expect(byName.setosa).toBeCloseTo(byNumber['0'], 6);
  });

  it('takes integers for FP32, and whole numbers written with a fraction for integers', async () => {
    expect(await predict('scalar-input', '{"instances":[5, 5.0, 5e0]}')).toEqual([10, 10, 10]);
    expect(await predict('identity-int64', '{"instances":[[5.0,-5e1]]}')).toEqual([[5, -50]]);
  });

  it.each(['fp16', 'bf16', 'fp32', 'fp64'])('takes what is not finite as answers write it: %s', async (type) => {
    const instances = [
      ['NaN', 'Infinity'],
      ['-Infinity', 1.5],
    ];
    expect(await predict(`identity-${type}`, { instances })).toEqual(instances);
    expect(await predict(`identity-${type}`, { inputs: instances })).toEqual(instances);
  });

  it('rounds numbers to FP16', async () => {
    expect(await predict('identity-fp16', { instances: [[2049, 65_519.9]] })).toEqual([[2048, 65_504]]);
    expect(await predict('identity-fp16', { inputs: { input: [[0.1, -2051]] } })).toEqual([[0.099976, -2052]]);
  });

  it('rounds numbers to BF16, and answers them as FP32 would be', async () => {
    expect(await predict('identity-bf16', { instances: [[257, 3.3961e38]] })).toEqual([[256, 3.3895314e38]]);
    expect(await predict('identity-bf16', { inputs: { input: [[0.1, -259]] } })).toEqual([[0.100097656, -260]]);
  });

  it('keeps integers beyond 2^53', async () => {
    const text = async (model: string, digits: string) =>
      (await server.post(`/v1/models/${model}:predict`, `{"instances":[[${digits}]]}`)).text;
    for (const digits of ['9007199254740993,-9223372036854775808', '9223372036854775807,0']) {
      expect(await text('identity-int64', digits)).toBe(`{"predictions":[[${digits}]]}`);
    }
    expect(await text('identity-uint64', '18446744073709551615,9007199254740993')).toBe(
      '{"predictions":[[18446744073709551615,9007199254740993]]}',
    );
  });

  it('takes booleans and strings', async () => {
    expect(await predict('identity-bool', { instances: [[true, false]] })).toEqual([[true, false]]);
    const strings = ['Zürich "☕"', '\u2028\\/\n'];
    expect(await predict('identity-string', { instances: [strings] })).toEqual([strings]);
  });

  it('takes the one row of a model with a fixed batch', async () => {
    const [prediction] = await predict('fixed-batch', { instances: [ROW] });
    expect(await predict('mlp', { instances: [ROW] })).toEqual([prediction]);
  });

  it('ignores other keys of the body, __proto__ included', async () => {
    const body = `{"signature_name":"x","__proto__":{"instances":[1]},"instances":[[1,2,3,4]]}`;
    expect(await predict('mlp', body)).toHaveLength(1);
    expect(await predict('mlp', '{"__proto__":{"instances":[[1,2,3,4]]}}')).toEqual({
      error: expect.stringContaining('neither'),
    });
  });
});
