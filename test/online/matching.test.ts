import fc from 'fast-check';
import { type Answer, fixture, startTestPredictor, type TestPredictor } from '../support/predictor';

const CONNECTIONS = 128;
const RUNS = 25;

/** A request, and whether an answer is the one to it. */
interface Exchange {
  model: string;
  v1: unknown;
  v2: unknown;
  matches(answer: Answer, protocol: 'v1' | 'v2'): boolean;
}

const number = fc.integer({ min: -1_000_000, max: 1_000_000 });
const text = fc.string({ unit: 'grapheme', maxLength: 12 }).filter((value) => !value.includes('\0'));
const rows = <T>(row: fc.Arbitrary<T>) => fc.array(row, { maxLength: 5 });
const pair = <T>(element: fc.Arbitrary<T>) => fc.tuple(element, element);

const tensor = (name: string, datatype: string, shape: number[], data: unknown[]) => ({ name, datatype, shape, data });
const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

/** An exchange whose answer is known: predictions by V1, data of each output by V2. */
function exchange(model: string, v1: unknown, v2: unknown[], predictions: unknown[], outputs: unknown[][]): Exchange {
  return {
    model,
    v1,
    v2: { id: JSON.stringify(v1), inputs: v2 },
    matches: ({ status, body }, protocol) =>
      status === 200 &&
      (protocol === 'v1'
        ? same(body.predictions, predictions)
        : body.id === JSON.stringify(v1) &&
          same(
            body.outputs.map(({ data }: { data: unknown[] }) => data),
            outputs,
          )),
  };
}

const doubled = rows(number).map((values) => {
  const twice = values.map((value) => value * 2);
  return exchange('scalar-input', { instances: values }, [tensor('input', 'FP32', [values.length], values)], twice, [
    twice,
  ]);
});
const echoed = (model: string, datatype: string, element: fc.Arbitrary<unknown>) =>
  rows(pair(element)).map((values) => {
    const input = tensor('input', datatype, [values.length, 2], values);
    return exchange(model, { instances: values }, [input], values, [values.flat()]);
  });
const summed = rows(fc.tuple(pair(number), pair(number))).map((values) => {
  const [a, b] = [0, 1].map((side) => values.map((row) => row[side]));
  const combine = (operate: (x: number, y: number) => number) =>
    values.map(([x, y]) => x.map((value, at) => operate(value, y[at])));
  const [sum, difference] = [combine((x, y) => x + y), combine((x, y) => x - y)];
  return exchange(
    'two-inputs',
    { instances: values.map(([x, y]) => ({ a: x, b: y })) },
    [tensor('a', 'FP32', [values.length, 2], a), tensor('b', 'FP32', [values.length, 2], b)],
    values.map((_, row) => ({ sum: sum[row], difference: difference[row] })),
    [sum.flat(), difference.flat()],
  );
});
const gathered = rows(fc.integer({ min: -4, max: 3 })).map((indices) => {
  const found = indices.map((index) => [(index + 4) % 4, ((index + 4) % 4) + 0.5]);
  return exchange(
    'gather-fails',
    { instances: indices },
    [tensor('index', 'INT64', [indices.length], indices)],
    found,
    [found.flat()],
  );
});
const failing = fc.integer({ min: 4, max: 1000 }).map(
  (index): Exchange => ({
    model: 'gather-fails',
    v1: { instances: [0, index] },
    v2: { inputs: [tensor('index', 'INT64', [2], [0, index])] },
    matches: ({ status, body }) => status === 400 && body.error.includes('Gather'),
  }),
);
const malformed = fc.constantFrom('mlp', 'two-inputs', 'fixed-batch').map(
  (model): Exchange => ({
    model,
    v1: { instances: [[1]] },
    v2: { inputs: [] },
    matches: ({ status }) => status === 400,
  }),
);

const any: fc.Arbitrary<Exchange> = fc.oneof(
  doubled,
  summed,
  gathered,
  { arbitrary: failing, weight: 1 },
  { arbitrary: malformed, weight: 1 },
  echoed('identity-fp32', 'FP32', number),
  echoed('identity-fp64', 'FP64', fc.double({ noNaN: true, noDefaultInfinity: true })),
  echoed('identity-int64', 'INT64', fc.maxSafeInteger()),
  echoed('identity-bool', 'BOOL', fc.boolean()),
  echoed('identity-string', 'BYTES', text),
);

describe('answers', () => {
  let server: TestPredictor;

  beforeAll(async () => {
    const names = ['scalar-input', 'two-inputs', 'gather-fails', 'mlp', 'fixed-batch'];
    const identities = ['fp32', 'fp64', 'int64', 'bool', 'string'].map((type) => `identity-${type}`);
    server = await startTestPredictor([...names, ...identities].map((name) => fixture(`${name}.onnx`)));
    await server.connect(CONNECTIONS);
  });

  it('go to whoever asked, among thousands of requests of all kinds at once', async () => {
    let sent = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(any, fc.constantFrom('v1' as const, 'v2' as const)), {
          minLength: CONNECTIONS,
          maxLength: 2 * CONNECTIONS,
        }),
        async (exchanges) => {
          const answers = await Promise.all(
            exchanges.map(([{ model, v1, v2 }, protocol]) =>
              protocol === 'v1'
                ? server.post(`/v1/models/${model}:predict`, v1)
                : server.post(`/v2/models/${model}/infer`, v2),
            ),
          );
          sent += answers.length;
          const wrong = exchanges.flatMap(([wanted, protocol], index) =>
            wanted.matches(answers[index], protocol) ? [] : [{ wanted, protocol, got: answers[index].text }],
          );
          expect(wrong).toEqual([]);
        },
      ),
      { numRuns: RUNS, endOnFailure: true },
    );
    expect(sent).toBeGreaterThanOrEqual(RUNS * CONNECTIONS);
    expect(await server.metrics()).toContain('model_serving_requests_in_flight 0');
  });
});
