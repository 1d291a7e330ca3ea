import { METRICS } from '../../lib/contract';
import { BATCHER_LIMITS, type BatcherLimits } from '../../runtime/src/scheduling';
import { written } from '../support/load';
import { buildOnnx } from '../support/onnx-builder';
import { fixture, startTestPredictor } from '../support/predictor';
import { temporaryDirectory } from '../support/temporary';

const ROW = [1, 2, 3, 4];
const alone = { batching: { maxBatchSize: 1 } };
const batcher = (changes: Partial<BatcherLimits>) => ({
  limits: { batcher: { ...BATCHER_LIMITS, ...changes } },
});

describe('batching', () => {
  const directory = temporaryDirectory();

  it('lets requests that arrive together share runs', async () => {
    const server = await startTestPredictor([fixture('slow.onnx')]);
    await server.connect(60);
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        server.post('/v1/models/slow:predict', { instances: [[index, 0, 0, 0]] }),
      ),
    );
    answers.forEach(({ body }, index) => {
      expect(body.predictions).toEqual([[index, 0, 0, 0]]);
    });
    const runs = /inference_duration_seconds_count\{[^}]*\} (\d+)/.exec(await server.metrics())?.[1];
    expect(Number(runs)).toBeLessThan(30);
  });

  it('keeps requests of different shapes apart', async () => {
    const open = buildOnnx({
      inputs: [{ name: 'x', shape: ['N', 'C'] }],
      outputs: [{ name: 'y', shape: ['N', 'C'] }],
      nodes: [{ type: 'Neg', inputs: ['x'], outputs: ['y'] }],
    });
    const server = await startTestPredictor([written(directory, 'open', open)]);
    await server.connect(100);
    const rows = Array.from({ length: 100 }, (_, index) =>
      Array.from({ length: 1 + (index % 2) }, () =>
        Array.from({ length: index % 5 }, (_, column) => -index - column - 1),
      ),
    );
    const answers = await Promise.all(rows.map((instances) => server.post('/v1/models/open:predict', { instances })));
    answers.forEach(({ body }, index) => {
      expect(body.predictions).toEqual(rows[index].map((row) => row.map((value) => -value)));
    });
  });

  it.each(['v1', 'v2'])('fails the one request that the engine cannot evaluate, by %s', async (protocol) => {
    const server = await startTestPredictor([fixture('gather-fails.onnx')]);
    await server.connect(32);
    for (let round = 0; round < 20; round += 1) {
      const indices = Array.from({ length: 32 }, (_, position) => (position === round ? 4 + round : position % 4));
      const answers = await Promise.all(
        indices.map((index) =>
          protocol === 'v1'
            ? server.post('/v1/models/gather-fails:predict', { instances: [index] })
            : server.post('/v2/models/gather-fails/infer', {
                inputs: [{ name: 'index', datatype: 'INT64', shape: [1], data: [index] }],
              }),
        ),
      );
      answers.forEach(({ status, body }, position) => {
        const index = indices[position];
        if (position === round) {
          expect([status, body.error]).toEqual([400, expect.stringContaining('Gather')]);
        } else {
          expect(status).toBe(200);
          expect(protocol === 'v1' ? body.predictions[0] : body.outputs[0].data).toEqual([index, index + 0.5]);
        }
      });
    }
  });

  it('answers 429 with Retry-After when too many wait, and the others', async () => {
    const limits = { maxQueuedRequests: 4 };
    const server = await startTestPredictor([fixture('slow.onnx', alone)], { limits });
    await server.connect(30);
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => server.post('/v1/models/slow:predict', { instances: [ROW] })),
    );
    const refused = answers.filter(({ status }) => status === 429);
    const answered = answers.filter(({ status }) => status === 200);
    expect(refused.length + answered.length).toBe(30);
    expect(answered.length).toBeGreaterThanOrEqual(4);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0].headers.get('retry-after')).toBe('1');
    expect(refused[0].body.error).toMatch(/waiting/);
    expect((await server.post('/v1/models/slow:predict', { instances: [ROW] })).status).toBe(200);
  });

  it('bounds the rows that wait, but takes a single request of any size', async () => {
    const server = await startTestPredictor([fixture('slow.onnx', alone)], {}, batcher({ queuedRows: 10 }));
    await server.connect(12);
    const many = { instances: Array.from({ length: 500 }, () => ROW) };
    expect((await server.post('/v1/models/slow:predict', many)).body.predictions).toHaveLength(500);
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => server.post('/v1/models/slow:predict', { instances: Array(6).fill(ROW) })),
    );
    const codes = new Set(answers.map(({ status }) => status));
    expect(codes).toEqual(new Set([200, 429]));
  });

  it('refuses what could not be answered within its latency budget, and runs nothing that is late', async () => {
    const server = await startTestPredictor([fixture('slow.onnx', { ...alone, latencyBudgetMillis: 25 })]);
    await server.connect(30);
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => server.post('/v1/models/slow:predict', { instances: [ROW] })),
    );
    const late = answers.filter(({ status }) => status !== 200);
    expect(late.length).toBeGreaterThan(0);
    for (const { status, body, headers } of late) {
      expect([429, 504]).toContain(status);
      expect(body.error).toMatch(status === 429 ? /waiting/ : /time limit/);
      expect(headers.get('retry-after')).toBe(status === 429 ? '1' : null);
    }
    const metrics = await server.metrics();
    const runs = /inference_duration_seconds_count\{[^}]*\} (\d+)/.exec(metrics)?.[1];
    expect(Number(runs)).toBe(answers.length - late.length);
    const shed = [...metrics.matchAll(/requests_shed_total\{[^}]*reason="(?:deadline|expired)"[^}]*\} (\d+)/g)];
    expect(shed.map(([, count]) => Number(count)).reduce((sum, count) => sum + count, 0)).toBe(late.length);
  });

  it('runs requests alone once a model answers other rows than it was given', async () => {
    const type = Buffer.from([8, 1, 16, 1]);
    const limit = Buffer.concat([
      type,
      delimited(8, Buffer.from('limit')),
      delimited(9, Buffer.from(Float32Array.of(-1000).buffer)),
    ]);
    const bytes = buildOnnx({
      inputs: [{ name: 'x', shape: ['N'] }],
      outputs: [{ name: 'y', shape: ['M'] }],
      nodes: [
        { type: 'Greater', inputs: ['x', 'limit'], outputs: ['kept'] },
        { type: 'Compress', inputs: ['x', 'kept'], outputs: ['y'] },
      ],
      extra: [delimited(5, limit)],
    });
    const server = await startTestPredictor([written(directory, 'filter', bytes)]);
    await server.connect(5);
    for (const round of [1, 2]) {
      const numbers = [1, 2, -2000, 3, 4].map((number) => number * round);
      const answers = await Promise.all(
        numbers.map((number) => server.post('/v1/models/filter:predict', { instances: [number] })),
      );
      answers.forEach(({ body }, index) => {
        expect(body.predictions).toEqual(numbers[index] < -1000 ? [] : [numbers[index]]);
      });
    }
  });

  it('runs a model with a fixed batch for each request', async () => {
    const server = await startTestPredictor([fixture('fixed-batch.onnx'), fixture('mlp.onnx')]);
    const rows = Array.from({ length: 64 }, (_, index) => [index / 10, 1, 2, 3]);
    const [fixed, open] = await Promise.all(
      ['fixed-batch', 'mlp'].map((name) =>
        Promise.all(
          rows.map(
            async (row) => (await server.post(`/v1/models/${name}:predict`, { instances: [row] })).body.predictions[0],
          ),
        ),
      ),
    );
    fixed.forEach((prediction: number[], row) => {
      prediction.forEach((value, column) => {
        expect(value).toBeCloseTo(open[row][column], 5);
      });
    });
  });

  it('counts no request as in flight when its client has gone', async () => {
    const server = await startTestPredictor([fixture('slow.onnx', alone)]);
    const gone = Array.from({ length: 10 }, () => {
      const controller = new AbortController();
      const request = fetch(`${server.url}/v1/models/slow:predict`, {
        method: 'POST',
        body: JSON.stringify({ instances: [ROW] }),
        signal: controller.signal,
      });
      setImmediate(() => controller.abort());
      return request.catch(() => undefined);
    });
    await Promise.all(gone);
    expect((await server.post('/v1/models/slow:predict', { instances: [ROW] })).status).toBe(200);
    expect(await server.metrics()).toContain(`${METRICS.inFlight} 0`);
  });
});

function delimited(field: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([field * 8 + 2, content.length]), content]);
}
