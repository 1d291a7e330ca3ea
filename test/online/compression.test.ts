import { request as httpRequest } from 'node:http';
import { gunzipSync, inflateSync } from 'node:zlib';
import { codingFor } from '../../runtime/src/online/http/accept-encoding';
import { fixture, startTestPredictor, type TestPredictor } from '../support/predictor';

const rowsOf = (count: number) =>
  JSON.stringify({ instances: Array.from({ length: count }, (_, row) => [row, row / 7]) });

describe('coding of answers', () => {
  it.each([
    [undefined, undefined, false],
    ['', undefined, false],
    ['gzip', 'gzip', false],
    ['deflate', 'deflate', false],
    ['x-gzip', 'gzip', false],
    ['GZip, Deflate, br', 'gzip', false],
    ['br', undefined, false],
    ['*', 'gzip', false],
    ['gzip;q=0.5, deflate;q=0.8', 'deflate', false],
    ['gzip;q=0.5, identity', undefined, false],
    ['gzip;q=0.5, identity;q=0.5', 'gzip', false],
    ['gzip;q=0, *', 'deflate', false],
    ['gzip; Q=1.000 , deflate', 'gzip', false],
    ['gzip;q=0', undefined, false],
    ['gzip, identity;q=0', 'gzip', true],
    ['deflate;q=0.001, *;q=0', 'deflate', true],
    ['*;q=0, identity', undefined, false],
    ['gzip;q=2', undefined, false],
    ['gzip;level=9', undefined, false],
    [',,gzip,', 'gzip', false],
  ])('for %p is %p', (header, coding, always) => {
    expect(codingFor(header)).toEqual({ coding, always });
    expect(codingFor(header)).toEqual({ coding, always });
  });

  it.each(['identity;q=0', 'br, identity;q=0', '*;q=0', 'gzip;q=0, deflate;q=0, identity;q=0.0'])(
    'for %p is none',
    (header) => {
      expect(() => codingFor(header)).toThrow('Accept-Encoding');
      expect(() => codingFor(header)).toThrow('Accept-Encoding');
    },
  );
});

describe('compressed answers', () => {
  let server: TestPredictor;

  /** Unlike fetch, this leaves the body as it came. */
  const post = (body: string, headers: Record<string, string>) =>
    new Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; body: Buffer }>((resolve, reject) => {
      const request = httpRequest(
        `${server.url}/v1/models/identity-fp32:predict`,
        { method: 'POST', headers },
        (response) => {
          const pieces: Buffer[] = [];
          response.on('data', (piece: Buffer) => pieces.push(piece));
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(pieces) }),
          );
        },
      );
      request.on('error', reject);
      request.end(body);
    });

  beforeAll(async () => {
    server = await startTestPredictor([fixture('identity-fp32.onnx'), fixture('mlp.onnx')]);
  });

  it.each([
    ['gzip', gunzipSync],
    ['deflate', inflateSync],
  ] as const)('are the same in %s', async (coding, decompress) => {
    const plain = await post(rowsOf(200), {});
    const coded = await post(rowsOf(200), { 'Accept-Encoding': coding });

    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(coded.headers).toMatchObject({
      'content-encoding': coding,
      'content-type': 'application/json',
      'content-length': String(coded.body.length),
      vary: 'Accept-Encoding',
    });
    expect(coded.body.length).toBeLessThan(plain.body.length);
    expect(decompress(coded.body).equals(plain.body)).toBe(true);
  });

  it('are small ones only where nothing else is accepted', async () => {
    expect((await post(rowsOf(2), { 'Accept-Encoding': 'gzip' })).headers['content-encoding']).toBeUndefined();
    const forced = await post(rowsOf(2), { 'Accept-Encoding': 'gzip, identity;q=0' });
    expect(forced.headers['content-encoding']).toBe('gzip');
    expect(JSON.parse(gunzipSync(forced.body).toString()).predictions).toHaveLength(2);
  });

  it('are refused with 406 where no coding is accepted', async () => {
    const { status, body } = await post(rowsOf(2), { 'Accept-Encoding': 'br, identity;q=0' });
    expect([status, JSON.parse(body.toString())]).toEqual([406, { error: expect.stringContaining('gzip, deflate') }]);
  });

  it('are no errors', async () => {
    const wide = JSON.stringify({ instances: [Array(2000).fill(1)] });
    const { status, headers } = await post(wide, { 'Accept-Encoding': 'gzip' });
    expect([status, headers['content-encoding']]).toEqual([400, undefined]);
  });

  it('are counted once, and leave nothing in flight', async () => {
    await Promise.all(Array.from({ length: 32 }, () => post(rowsOf(300), { 'Accept-Encoding': 'gzip' })));
    const metrics = await server.metrics();
    expect(metrics).toContain('model_serving_requests_in_flight 0');
  });
});
