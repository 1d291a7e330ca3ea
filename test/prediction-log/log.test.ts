import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv';
import type { ModelConfig, PredictionLogConfig } from '../../lib/contract';
import { isSampled } from '../../runtime/src/prediction-log/sampling';
import { parseTraceparent } from '../../runtime/src/prediction-log/trace-context';
import { startEventReceiver } from '../support/event-receiver';
import { eventually } from '../support/eventually';
import { featuresConfig, seriesValue } from '../support/features';
import { fixture, startTestPredictor } from '../support/predictor';
import { temporaryDirectory } from '../support/temporary';

const DIRECTORY = temporaryDirectory();
const PREDICT = '/v1/models/two-inputs:predict';
const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const BODY = { instances: [{ a: [1, 2], b: [3, 4] }] };

const schema = JSON.parse(readFileSync(join(__dirname, '../../docs/reference/prediction-log.schema.json'), 'utf8'));
const matchesSchema = new Ajv({ allErrors: true, formats: { 'date-time': true }, allowUnionTypes: true }).compile(
  schema,
);

function logged(log: Partial<PredictionLogConfig>, model: Partial<ModelConfig> = {}): ModelConfig {
  const sink = { type: 'file', path: join(DIRECTORY, 'unused'), maxBytes: 1024 * 1024 };
  const predictionLog = { sampleRatio: 1, redact: [], maxQueuedEvents: 1000, sink, ...log };
  return fixture('two-inputs.onnx', { predictionLog, ...model });
}

const linesOf = (path: string) =>
  existsSync(path)
    ? readFileSync(path, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
    : [];
// biome-ignore lint/suspicious/noExplicitAny: events of any form
const eventsOf = (path: string): any[] => linesOf(path).map((line) => JSON.parse(line));

function expectValid(event: unknown): void {
  const valid = matchesSchema(event);
  expect(valid ? [] : matchesSchema.errors).toEqual([]);
}

describe('the prediction log in a file', () => {
  it('has an event for each request and its answer', async () => {
    const path = join(DIRECTORY, 'all.ndjson');
    const { send, post, predictor, metrics } = await startTestPredictor([
      logged({ sink: { type: 'file', path, maxBytes: 1024 * 1024 } }),
    ]);
    const headers = { traceparent: TRACEPARENT, 'x-request-id': 'request-7' };
    await send('POST', PREDICT, JSON.stringify(BODY), headers);
    await post('/v2/models/two-inputs/infer', {
      inputs: ['a', 'b'].map((name) => ({ name, datatype: 'FP32', shape: [2, 2], data: [1, 2, 3, 4] })),
    });
    await post(PREDICT, '{"instances":[');
    const events = await eventually('events are written', () => eventsOf(path).length === 2 && eventsOf(path));
    for (const event of events) {
      expectValid(event);
    }
    expect(events[0]).toMatchObject({
      specversion: '1.0',
      type: 'io.github.cdk8s-model-serving.prediction.v1',
      source: '/models/two-inputs/versions/1',
      traceparent: TRACEPARENT,
      data: {
        model: { name: 'two-inputs', version: '1' },
        requestId: 'request-7',
        traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
        spanId: '00f067aa0ba902b7',
        rows: 1,
        status: 200,
        source: 'own',
        error: null,
        inputs: [
          { name: 'a', datatype: 'FP32', shape: [1, 2], data: [1, 2] },
          { name: 'b', datatype: 'FP32', shape: [1, 2], data: [3, 4] },
        ],
        outputs: [
          { name: 'sum', datatype: 'FP32', shape: [1, 2], data: [4, 6] },
          { name: 'difference', datatype: 'FP32', shape: [1, 2], data: [-2, -2] },
        ],
      },
    });
    expect(events[0].data.seconds.total).toBeGreaterThan(0);
    expect(events[1].data.rows).toBe(2);
    expect(events[1].id).not.toBe(events[0].id);
    expect(seriesValue(await metrics(), 'model_serving_prediction_log_events_total', { outcome: 'written' })).toBe(2);
    await predictor.drain();
    expect(linesOf(path)).toHaveLength(2);
  });

  it('has the own rows of requests that share a run', async () => {
    const path = join(DIRECTORY, 'shared.ndjson');
    const { post, predictor, connect } = await startTestPredictor([
      logged({ sink: { type: 'file', path, maxBytes: 1024 * 1024 } }),
    ]);
    await connect(20);
    await Promise.all(
      Array.from({ length: 100 }, (_, index) => post(PREDICT, { instances: [{ a: [index, 0], b: [1000, 0] }] })),
    );
    await predictor.drain();
    const events = eventsOf(path);
    expect(events).toHaveLength(100);
    for (const { data } of events) {
      expect(data.outputs[0].data).toEqual([data.inputs[0].data[0] + 1000, 0]);
    }
  });

  it('leaves redacted values out, everywhere, and keeps their names', async () => {
    const path = join(DIRECTORY, 'redacted.ndjson');
    const features = featuresConfig({
      address: '127.0.0.1:1',
      features: [{ name: 'b0', input: 'b', column: 0, defaultValue: 424242 }],
    });
    const { post, predictor } = await startTestPredictor([
      logged(
        { redact: ['card', 'b', 'sum', 'difference'], sink: { type: 'file', path, maxBytes: 1024 * 1024 } },
        { features },
      ),
    ]);
    await post(PREDICT, { instances: [{ a: [1, 2], b: [7], card: 'secret' }] });
    await predictor.drain();
    const [event] = eventsOf(path);
    expectValid(event);
    expect(event.data.inputs).toEqual([
      { name: 'a', datatype: 'FP32', shape: [1, 2], data: [1, 2] },
      { name: 'b', data: null },
      { name: 'card', data: null },
    ]);
    expect(event.data.modelInputs).toEqual([{ name: 'b', data: null }]);
    expect(event.data.outputs).toEqual([
      { name: 'sum', data: null },
      { name: 'difference', data: null },
    ]);
    const text = readFileSync(path, 'utf8');
    expect(text).not.toContain('secret');
    expect(text).not.toContain('4242');
  });

  it('has what was looked up, the fallback, and errors', async () => {
    const path = join(DIRECTORY, 'sources.ndjson');
    const features = featuresConfig({
      address: '127.0.0.1:1',
      features: [
        { name: 'b0', input: 'b', column: 0, defaultValue: 5 },
        { name: 'b1', input: 'b', column: 1, defaultValue: 6 },
      ],
    });
    const required = { ...features, features: features.features.map((each) => ({ ...each, defaultValue: undefined })) };
    const sink = (name: string) => ({ type: 'file', path: `${path}${name}`, maxBytes: 1024 * 1024 });
    const prediction = { type: 'prediction', prediction: { sum: [0, 0], difference: [0, 0] } };
    const models = [
      { ...logged({ sink: sink('defaults') }, { features }), name: 'defaults' },
      { ...logged({ sink: sink('fallback') }, { features: required, fallback: prediction }), name: 'fallback' },
      { ...logged({ sink: sink('fails') }, { features: required }), name: 'fails' },
    ];
    const { post, predictor } = await startTestPredictor(models);
    for (const { name } of models) {
      await post(`/v1/models/${name}:predict`, { instances: [{ a: [1, 2], card: 'x' }] });
    }
    await predictor.drain();
    const [defaults, fallback, fails] = models.map(({ name }) => eventsOf(`${path}${name}`)[0]);
    for (const event of [defaults, fallback, fails]) {
      expectValid(event);
    }
    expect(defaults.data).toMatchObject({
      source: 'own',
      featureSource: 'default',
      modelInputs: [{ name: 'b', data: [5, 6] }],
    });
    expect(fallback.data).toMatchObject({ source: 'default', status: 200, featureSource: null });
    expect(fails.data).toMatchObject({ source: null, status: 503, outputs: [] });
    expect(fails.data.error).toContain("'b0'");
  });

  it('is set aside when it is full, with no event lost or cut', async () => {
    const path = join(DIRECTORY, 'rotated.ndjson');
    const maxBytes = 20_000;
    const { post, predictor } = await startTestPredictor([logged({ sink: { type: 'file', path, maxBytes } })]);
    for (let index = 0; index < 30; index += 1) {
      await post(PREDICT, { instances: [{ a: [index, 0], b: [0, 0] }] });
    }
    await predictor.drain();
    const values = [...eventsOf(`${path}.1`), ...eventsOf(path)].map(({ data }) => data.inputs[0].data[0]);
    expect(values).toEqual(Array.from({ length: 30 }, (_, index) => index));
    expect(statSync(path).size).toBeLessThanOrEqual(maxBytes);
    expect(statSync(`${path}.1`).size).toBeLessThanOrEqual(maxBytes);
  });

  it('goes on after a line that a killed process left unfinished', async () => {
    const path = join(DIRECTORY, 'torn.ndjson');
    writeFileSync(path, '{"specversion":"1.0","id":"torn');
    const { post, predictor } = await startTestPredictor([
      logged({ sink: { type: 'file', path, maxBytes: 1024 * 1024 } }),
    ]);
    await post(PREDICT, BODY);
    await predictor.drain();
    const [torn, event] = linesOf(path);
    expect(torn).toBe('{"specversion":"1.0","id":"torn');
    expectValid(JSON.parse(event));
  });

  it('does not keep a model from serving when it cannot be written', async () => {
    const path = join(DIRECTORY, 'no', 'such', 'directory');
    const { post, metrics } = await startTestPredictor([logged({ sink: { type: 'file', path, maxBytes: 1024 } })]);
    expect((await post(PREDICT, BODY)).status).toBe(200);
    await eventually('the loss is counted', async () => {
      return seriesValue(await metrics(), 'model_serving_prediction_log_events_total', { outcome: 'failed' }) === 1;
    });
  });

  it('does not keep a model from serving when the disk is full', async () => {
    const sink = { type: 'file', path: '/dev/full', maxBytes: 1024 * 1024 };
    const { post, metrics } = await startTestPredictor([logged({ sink })]);
    expect((await post(PREDICT, BODY)).status).toBe(200);
    await eventually('the loss is counted', async () => {
      return seriesValue(await metrics(), 'model_serving_prediction_log_events_total', { outcome: 'failed' }) === 1;
    });
    expect((await post(PREDICT, BODY)).status).toBe(200);
  });

  it('leaves the values of large tensors out', async () => {
    const path = join(DIRECTORY, 'large.ndjson');
    const { post, predictor } = await startTestPredictor([
      logged({ sink: { type: 'file', path, maxBytes: 1024 * 1024 } }),
    ]);
    const rows = Array.from({ length: 6000 }, () => ({ a: [1, 2], b: [3, 4] }));
    expect((await post(PREDICT, { instances: rows })).status).toBe(200);
    await predictor.drain();
    const [event] = eventsOf(path);
    expectValid(event);
    expect(event.data.inputs[0]).toEqual({ name: 'a', datatype: 'FP32', shape: [6000, 2], data: null });
  });
});

describe('the prediction log over HTTP', () => {
  it('sends batches of CloudEvents with an authorization', async () => {
    const receiver = await startEventReceiver();
    const authorizationPath = join(DIRECTORY, 'authorization');
    writeFileSync(authorizationPath, 'Bearer one\n');
    const { post, predictor } = await startTestPredictor([
      logged({ sink: { type: 'http', url: receiver.url, authorizationPath } }),
    ]);
    for (let index = 0; index < 5; index += 1) {
      await post(PREDICT, BODY);
    }
    await predictor.drain();
    const events = receiver.batches.flatMap((batch) => batch.events);
    expect(events).toHaveLength(5);
    for (const event of events) {
      expectValid(event);
    }
    expect(receiver.batches.length).toBeLessThan(5);
    expect(receiver.batches[0].headers).toMatchObject({
      'content-type': 'application/cloudevents-batch+json',
      authorization: 'Bearer one',
    });
  });

  it('tries again, with the same events, and gives up what is refused', async () => {
    const receiver = await startEventReceiver();
    const { post, metrics } = await startTestPredictor([logged({ sink: { type: 'http', url: receiver.url } })]);
    const count = async (outcome: string) =>
      seriesValue(await metrics(), 'model_serving_prediction_log_events_total', { outcome });
    receiver.status = 503;
    await post(PREDICT, BODY);
    await eventually('the first attempt', () => receiver.batches.length === 1);
    receiver.status = 0;
    await eventually('the second attempt', () => receiver.batches.length === 2);
    receiver.status = 202;
    await eventually('the event is written', async () => (await count('written')) === 1);
    const ids = receiver.batches.map(({ events }) => events[0].id);
    expect(new Set(ids).size).toBe(1);

    receiver.status = 400;
    await post(PREDICT, BODY);
    await eventually('the event is given up', async () => (await count('failed')) === 1);
    expect(receiver.batches).toHaveLength(4);
    receiver.status = 302;
    await post(PREDICT, BODY);
    await eventually('no redirect is followed', async () => (await count('failed')) === 2);
  });

  it('lets events wait while the receiver keeps failing, and sends them when it is back', async () => {
    const receiver = await startEventReceiver();
    receiver.status = 500;
    const { post, metrics } = await startTestPredictor([logged({ sink: { type: 'http', url: receiver.url } })]);
    const breaker = async (state: string) =>
      seriesValue(await metrics(), 'model_serving_circuit_breaker_state', { dependency: 'prediction-log', state });
    await post(PREDICT, BODY);
    await eventually('the first batch is tried', () => receiver.batches.length >= 1);
    await post(PREDICT, BODY);
    await eventually('the breaker opens', async () => (await breaker('open')) === 1);
    await post(PREDICT, { instances: [{ a: [77, 0], b: [0, 0] }] });
    receiver.status = 200;
    await eventually('the breaker closes', async () => (await breaker('closed')) === 1);
    await eventually('what waited arrives', () =>
      receiver.batches.some(
        ({ status, events }) => status === 200 && events.some(({ data }) => data.inputs[0].data[0] === 77),
      ),
    );
  });

  it('never delays a prediction: what does not fit is dropped and counted', async () => {
    const receiver = await startEventReceiver();
    receiver.silent = true;
    const { post, metrics, predictor } = await startTestPredictor(
      [logged({ maxQueuedEvents: 10, sink: { type: 'http', url: receiver.url } })],
      { drainTimeoutMillis: 1000 },
    );
    await post(PREDICT, BODY);
    await eventually('the first batch hangs', () => receiver.batches.length === 1);
    for (let index = 0; index < 30; index += 1) {
      expect((await post(PREDICT, BODY)).status).toBe(200);
    }
    const text = await metrics();
    expect(seriesValue(text, 'model_serving_prediction_log_events_total', { outcome: 'dropped' })).toBe(20);
    expect(seriesValue(text, 'model_serving_prediction_log_queued_events')).toBe(10);
    // The drain ends although the receiver does not answer.
    await predictor.drain();
  });
});

describe('sampling', () => {
  it('takes the declared share, at random without trace', () => {
    const numbers = [0, 0.5, 0.74, 0.75, 0.99];
    expect(numbers.map((number) => isSampled(0.25, undefined, () => number))).toEqual([
      false,
      false,
      false,
      true,
      true,
    ]);
    expect(isSampled(1, undefined, () => 0)).toBe(true);
  });

  it('decides by the trace alone where there is one', () => {
    const trace = (low: string) => `00-0123456789abcdef01${low}-00f067aa0ba902b7-00`;
    const never = () => Number.NaN;
    expect(isSampled(0.5, trace('7ffffffffffff0'), never)).toBe(false);
    expect(isSampled(0.5, trace('80000000000000'), never)).toBe(true);
    expect(isSampled(0.01, trace('fd70a3d70a3d70'), never)).toBe(true);
    expect(isSampled(0.01, trace('fd000000000000'), never)).toBe(false);
    expect(isSampled(1e-9, trace('ffffffffffffff'), never)).toBe(true);
  });

  it.each([
    undefined,
    '',
    '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7',
    '00-00000000000000000000000000000000-00f067aa0ba902b7-01',
    '00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01',
    'ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    '00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01',
    '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01x',
  ])('takes %j for no trace', (traceparent) => {
    expect(parseTraceparent(traceparent)).toBeUndefined();
  });

  it('reads later versions of the header', () => {
    expect(parseTraceparent(`cc-${TRACEPARENT.slice(3)}-more`)?.spanId).toBe('00f067aa0ba902b7');
  });
});
