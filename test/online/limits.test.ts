import { eventually } from '../support/eventually';
import { fixture, startTestPredictor, type TestPredictor } from '../support/predictor';
import { RawConnection } from '../support/raw-http';

const LIMITS = {
  maxHeaderBytes: 2048,
  maxConnections: 4,
  maxJsonDepth: 5,
  maxElements: 4000,
  maxResponseBytes: 4096,
};

describe('limits of the configuration', () => {
  let server: TestPredictor;
  const names = ['identity-fp32', 'identity-string', 'rank3', 'iris-zipmap', 'scalar-input'];

  beforeAll(async () => {
    server = await startTestPredictor(
      names.map((name) => fixture(`${name}.onnx`)),
      { limits: LIMITS },
    );
  });
  afterEach(async () => {
    expect((await server.post('/v1/models/scalar-input:predict', { instances: [1] })).status).toBe(200);
  });

  const rows = (count: number) => Array.from({ length: count }, (_, row) => [row, 0.25]);
  const v1 = (model: string, instances: unknown) => server.post(`/v1/models/${model}:predict`, { instances });
  const v2 = (model: string, shape: number[], data: unknown, rest: object = {}) =>
    server.post(`/v2/models/${model}/infer`, {
      inputs: [{ name: 'input', datatype: 'FP32', shape, data }],
      ...rest,
    });

  it('bound the headers', async () => {
    const { status } = await server.send('GET', '/v2', undefined, { 'x-filler': 'x'.repeat(1000) });
    expect(status).toBe(200);
    const connection = await RawConnection.open(server.port);
    connection.write(`GET /v2 HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(2500)}\r\n\r\n`);
    const text = await connection.close();
    expect(text).toMatch(/^HTTP\/1\.1 431 /);
    expect(text).toContain('larger than 2048 bytes (server.limits.maxHeaderBytes)');
  });

  it('bound the nesting', async () => {
    const input = { name: 'input', datatype: 'FP32', shape: [1, 2, 3] };
    const data = [
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
    ];
    expect((await v1('rank3', data)).status).toBe(200);
    const flat = await server.post('/v2/models/rank3/infer', { inputs: [{ ...input, data: data.flat(2) }] });
    expect(flat.status).toBe(200);
    const nested = await server.post('/v2/models/rank3/infer', { inputs: [{ ...input, data }] });
    expect([nested.status, nested.body.error]).toEqual([
      400,
      expect.stringContaining('5 (server.limits.maxJsonDepth)'),
    ]);
    expect((await server.post('/v2/models/rank3/infer', `${'['.repeat(6)}`)).body.error).toContain('maxJsonDepth');
  });

  it.each([
    ['V1', async (count: number) => v1('identity-fp32', rows(count))],
    [
      'V1 with names',
      async (count: number) =>
        v1(
          'identity-fp32',
          rows(count).map((input) => ({ input })),
        ),
    ],
    ['V2', async (count: number) => v2('identity-fp32', [count, 2], rows(count).flat())],
    ['V2, nested', async (count: number) => v2('identity-fp32', [count, 2], rows(count))],
    [
      'V2, binary',
      async (count: number) => {
        const input = {
          name: 'input',
          datatype: 'FP32',
          shape: [count, 2],
          parameters: { binary_data_size: count * 8 },
        };
        const head = Buffer.from(JSON.stringify({ inputs: [input] }));
        return server.send('POST', '/v2/models/identity-fp32/infer', Buffer.concat([head, Buffer.alloc(count * 8)]), {
          'Inference-Header-Content-Length': String(head.length),
        });
      },
    ],
  ])('bound the elements: %s', async (_what, send) => {
    const over = await send(2001);
    expect([over.status, over.body.error]).toEqual([
      400,
      expect.stringMatching(/4002 elements.*the limit is 4000 \(server\.limits\.maxElements\)/),
    ]);
    // As many as are allowed are read; their answer is larger than another limit.
    expect((await send(2000)).body.error).toContain('maxResponseBytes');
  });

  it.each([
    ['V1', 'JSON', async (count: number) => v1('identity-fp32', rows(count))],
    ['V2', 'JSON', async (count: number) => v2('identity-fp32', [count, 2], rows(count))],
    [
      'V2',
      'binary data',
      async (count: number) =>
        v2('identity-fp32', [count, 2], rows(count), { parameters: { binary_data_output: true } }),
    ],
    ['V1', 'names of classes', async (count: number) => v1('iris-zipmap', Array(count).fill([1, 2, 3, 4]))],
    [
      'V1',
      'long texts',
      async (count: number) => v1('identity-string', Array(Math.ceil(count / 100)).fill(['ü'.repeat(800), ''])),
    ],
  ])('bound the answer: %s, %s', async (_protocol, _form, send) => {
    expect((await send(20)).status).toBe(200);
    const { status, body, headers } = await send(600);
    expect([status, body.error]).toEqual([400, expect.stringContaining('(server.limits.maxResponseBytes)')]);
    expect(headers.get('connection')).toBe('keep-alive');
  });

  it('bound the answer before compression', async () => {
    const same = JSON.stringify({ instances: Array(1000).fill([0, 0]) });
    const { status } = await server.send('POST', '/v1/models/identity-fp32:predict', same, {
      'Accept-Encoding': 'gzip',
    });
    expect(status).toBe(400);
  });

  it('bound the connections', async () => {
    const other = await startTestPredictor([fixture('scalar-input.onnx')], { limits: { maxConnections: 3 } });
    const ask = 'GET /v2/health/live HTTP/1.1\r\nHost: a\r\n\r\n';
    const open = async () => {
      const connection = await RawConnection.open(other.port);
      connection.write(ask);
      return connection;
    };
    const taken = [await open(), await open(), await open()];
    for (const connection of taken) {
      expect(await connection.answers(1)).toEqual([200]);
    }
    const surplus = await open();
    const text = await surplus.close();
    expect(text).toMatch(/^HTTP\/1\.1 429 /);
    expect(text).toMatch(/retry-after: 1/i);
    expect(text).toContain('3 (server.limits.maxConnections)');

    taken[0].write(ask);
    expect(await taken[0].answers(2)).toEqual([200, 200]);
    taken[1].destroy();
    await eventually('room for a connection', async () => {
      const next = await open();
      const [status] = await next.answers(1);
      next.destroy();
      return status === 200;
    });
    for (const connection of taken) {
      connection.destroy();
    }
  });
});
