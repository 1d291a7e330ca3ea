import { METRICS } from '../../lib/contract';
import { fixture, startTestPredictor } from '../support/predictor';

const ROW = [1, 2, 3, 4];
const alone = { batching: { maxBatchSize: 1 } };

describe('a model that takes long', () => {
  it('leaves health and other models responsive while it runs', async () => {
    const server = await startTestPredictor([fixture('slow.onnx', alone), fixture('mlp.onnx')]);
    await server.connect(30);
    const order: string[] = [];
    const slow = Array.from({ length: 20 }, async () => {
      const { status } = await server.post('/v1/models/slow:predict', { instances: [ROW] });
      order.push(`slow ${status}`);
    });
    await Promise.race(slow);
    const quick = [
      server.get('/v2/health/live').then(({ status }) => order.push(`live ${status}`)),
      server.get('/v2/health/ready').then(({ status }) => order.push(`ready ${status}`)),
      server.post('/v1/models/mlp:predict', { instances: [ROW] }).then(({ status }) => order.push(`mlp ${status}`)),
    ];
    await Promise.all([...quick, ...slow]);
    for (const answer of ['live 200', 'ready 200', 'mlp 200']) {
      expect(order.slice(0, -1)).toContain(answer);
      // Several slow ones were still to come: the quick one waited for one run at most.
      expect(order.slice(order.indexOf(answer)).filter((other) => other === 'slow 200').length).toBeGreaterThan(3);
    }
  });

  it('is placed in a worker thread, and says so', async () => {
    const server = await startTestPredictor([fixture('slow.onnx'), fixture('mlp.onnx')]);
    const metrics = await server.metrics();
    expect(metrics).toContain(`${METRICS.placement}{model="slow",version="1",placement="worker"} 1`);
    expect(metrics).toContain(`${METRICS.placement}{model="slow",version="1",placement="inline"} 0`);
    expect(metrics).toContain(`${METRICS.workerDeaths}{model="slow",version="1"} 0`);
  });

  it('answers a request with many rows as one, although it is run in parts', async () => {
    const server = await startTestPredictor([fixture('mlp.onnx')]);
    const rows = Array.from({ length: 20_000 }, (_, index) => [index / 10_000, 1, 2, 3]);
    const { body } = await server.post('/v1/models/mlp:predict', { instances: rows });
    expect(body.predictions).toHaveLength(rows.length);
    for (const index of [0, 1, 1023, 1024, 9999, 19_999]) {
      const one = await server.post('/v1/models/mlp:predict', { instances: [rows[index]] });
      one.body.predictions[0].forEach((value: number, column: number) => {
        expect(body.predictions[index][column]).toBeCloseTo(value, 5);
      });
    }
  });
});

describe('the response cache', () => {
  it('answers equal requests over both protocols, and says so', async () => {
    const cache = { maxBytes: 100_000, maxAgeMillis: 60_000 };
    const server = await startTestPredictor([fixture('mlp.onnx', { cache }), fixture('mlp.onnx', { name: 'plain' })]);
    const v1 = await server.post('/v1/models/mlp:predict', { instances: [ROW] });
    const v2 = await server.post('/v2/models/mlp/infer', {
      inputs: [{ name: 'input', datatype: 'FP32', shape: [1, 4], data: ROW }],
    });
    const plain = await server.post('/v1/models/plain:predict', { instances: [ROW] });
    expect(v1.body).toEqual(plain.body);
    expect(v2.body.outputs[0].data).toEqual(v1.body.predictions[0]);
    expect([v1, v2, plain].map(({ headers }) => headers.get('x-prediction-source'))).toEqual([
      null,
      'response-cache',
      null,
    ]);
    const metrics = await server.metrics();
    expect(metrics).toContain(`${METRICS.predictions}{model="mlp",version="1",source="response-cache"} 1`);
    expect(metrics).toContain(`${METRICS.predictions}{model="mlp",version="1",source="own"} 1`);
  });
});
