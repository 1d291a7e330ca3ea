import type { FallbackConfig, ModelConfig } from '../../lib/contract';
import { createLogger } from '../../runtime/src/telemetry';
import { featuresConfig, seriesValue } from '../support/features';
import { freePort } from '../support/free-port';
import { fixture, listenTestPredictor, startTestPredictor } from '../support/predictor';

const PREDICT = '/v1/models/two-inputs:predict';
const PREDICTION: FallbackConfig = { type: 'prediction', prediction: { sum: [0, 0], difference: [9, 9] } };

/** A model whose feature store is not there, without defaults. */
async function unavailable(fallback: FallbackConfig): Promise<ModelConfig> {
  const address = `127.0.0.1:${await freePort()}`;
  const features = featuresConfig({
    address,
    features: [
      { name: 'b0', input: 'b', column: 0 },
      { name: 'b1', input: 'b', column: 1 },
    ],
  });
  return fixture('two-inputs.onnx', { features, fallback });
}

/** Reason why the predictor does not start. */
async function failure(...models: ModelConfig[]): Promise<unknown> {
  const { predictor } = await listenTestPredictor(models, {}, { logger: createLogger({ level: 'silent' }) });
  return predictor.ready.then(
    () => undefined,
    (error: unknown) => error,
  );
}

it('answers with the declared prediction when features are missing, and says so', async () => {
  const { post, metrics } = await startTestPredictor([await unavailable(PREDICTION)]);
  const instances = [
    { a: [1, 2], card: 'one' },
    { a: [3, 4], card: 'two' },
  ];
  const answer = await post(PREDICT, { instances });
  expect(answer.status).toBe(200);
  expect(answer.body.predictions).toEqual([
    { sum: [0, 0], difference: [9, 9] },
    { sum: [0, 0], difference: [9, 9] },
  ]);
  expect(answer.headers.get('x-prediction-source')).toBe('default');
  const labels = { source: 'default', reason: 'unavailable' };
  expect(seriesValue(await metrics(), 'model_serving_fallback_answers_total', labels)).toBe(1);

  const wrong = await post(PREDICT, { instances: [{ a: ['x', 2], card: 'one' }] });
  expect(wrong.status).toBe(400);
});

it('answers within the latency budget while the model is busy', async () => {
  const fallback = { type: 'prediction', prediction: { output: [0, 0, 0, 0] } };
  const slow = fixture('slow.onnx', { latencyBudgetMillis: 60, fallback });
  const { post, connect } = await startTestPredictor([slow]);
  await connect(40);
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, index) =>
      post('/v1/models/slow:predict', { inputs: [Array.from({ length: 4 }, () => index + 1)] }),
    ),
  );
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  for (const [index, { headers, body }] of answers.entries()) {
    const own = headers.get('x-prediction-source') === null;
    expect(body.predictions[0][0]).toBe(own ? index + 1 : 0);
  }
});

it('answers with another model, which is loaded after it as well', async () => {
  const reference = { name: 'stand-in', version: '1' };
  const copy = { ...fixture('two-inputs.onnx'), name: 'stand-in' };
  const model = { type: 'model', model: reference };
  const address = `127.0.0.1:${await freePort()}`;
  const standIn = {
    ...copy,
    features: featuresConfig({
      address,
      features: [
        { name: 'b0', input: 'b', column: 0, defaultValue: 1 },
        { name: 'b1', input: 'b', column: 1, defaultValue: 2 },
      ],
    }),
  };
  const { post } = await startTestPredictor([await unavailable(model), standIn]);
  const answer = await post(PREDICT, { instances: [{ a: [1, 1], card: 'x' }] });
  expect(answer.body.predictions[0].sum).toEqual([2, 3]);
  expect(answer.headers.get('x-prediction-source')).toBe('model');
});

it('ends with 43 when a stage does not fit the model', async () => {
  const ends43 = (message: RegExp) => ({ exitCode: 43, message: expect.stringMatching(message) });
  const fallback = { type: 'prediction', prediction: { sum: [0], difference: [9, 9] } };
  expect(await failure(fixture('two-inputs.onnx', { fallback }))).toMatchObject(
    ends43(/fallback: .*'sum' must be nested lists of the shape \[2\].*FP32 \[-1, 2\]/),
  );
  const model = { type: 'model', model: { name: 'mlp', version: '1' } };
  expect(await failure(fixture('two-inputs.onnx', { fallback: model }), fixture('mlp.onnx'))).toMatchObject(
    ends43(/two-inputs.onnx: fallback: it needs the input 'input'/),
  );
  const lookup = (overrides: object) =>
    fixture('two-inputs.onnx', {
      features: {
        ...featuresConfig({ address: '127.0.0.1:1', features: [{ name: 'x', input: 'b', column: 0 }] }),
        ...overrides,
      },
    });
  for (const [overrides, message] of [
    [
      { features: [{ name: 'x', input: 'c' }] },
      /feature 'x' is for the input 'c', but the model's inputs are 'a', 'b'/,
    ],
    [{ features: [{ name: 'x', input: 'b' }] }, /'b' \[-1, 2\], which has not one element a row/],
    [{ features: [{ name: 'x', input: 'b', column: 2 }] }, /column 2 .* columns are 0 to 1/],
    [
      { features: [{ name: 'x', input: 'b', column: 0, defaultValue: 'no' }] },
      /default of feature 'x' must be a number/,
    ],
    [{ entity: 'b' }, /the entity 'b' is an input that is looked up/],
    [{ entity: 'a' }, /the entity 'a' is the model's input FP32 \[-1, 2\]/],
  ] as const) {
    expect(await failure(lookup(overrides))).toMatchObject(ends43(message));
  }
  const predictionLog = {
    sampleRatio: 1,
    redact: ['c'],
    maxQueuedEvents: 10,
    sink: { type: 'file', path: '/tmp/never', maxBytes: 1024 },
  };
  expect(await failure(fixture('two-inputs.onnx', { predictionLog }))).toMatchObject(
    ends43(/predictionLog: 'c' is to be redacted, but is no input or output; there are a, b, sum, difference/),
  );
});
