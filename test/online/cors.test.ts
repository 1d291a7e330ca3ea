import { fixture, startTestPredictor, type TestPredictor } from '../support/predictor';
import { RawConnection } from '../support/raw-http';

const SITE = 'https://app.example.com';
const OTHER = 'https://evil.example.com';
const PATH = '/v1/models/mlp:predict';
const BODY = '{"instances":[[1,2,3,4]]}';

/** Sends a request with headers that fetch does not let a caller set; returns the head of the answer and its body. */
async function talk(server: TestPredictor, method: string, headers: Record<string, string>, body = '') {
  const connection = await RawConnection.open(server.port);
  const lines = Object.entries({ Host: 'a', 'Content-Length': String(body.length), ...headers });
  connection.write(
    `${method} ${PATH} HTTP/1.1\r\n${lines.map((line) => `${line.join(': ')}\r\n`).join('')}\r\n${body}`,
  );
  const [status] = await connection.answers(1);
  connection.destroy();
  const [head, text] = connection.text.split('\r\n\r\n');
  const fields = head
    .split('\r\n')
    .slice(1)
    .map((line) => line.split(': ') as [string, string]);
  return { status, headers: new Headers(fields), text };
}

const PREFLIGHT = { Origin: SITE, 'Access-Control-Request-Method': 'POST' };

describe('CORS', () => {
  let listed: TestPredictor;
  let open: TestPredictor;
  let closed: TestPredictor;

  beforeAll(async () => {
    const models = [fixture('mlp.onnx')];
    listed = await startTestPredictor(models, { cors: { origins: [SITE, 'http://localhost:3000'] } });
    open = await startTestPredictor(models, { cors: { origins: ['*'] } });
    closed = await startTestPredictor(models);
  });

  it('lets a site of the list read answers', async () => {
    const { status, headers } = await talk(listed, 'POST', { Origin: SITE }, BODY);

    expect([status, headers.get('access-control-allow-origin'), headers.get('vary')]).toEqual([200, SITE, 'Origin']);
    expect(headers.get('access-control-expose-headers')?.split(', ')).toEqual(
      expect.arrayContaining([
        'Server-Timing',
        'x-prediction-source',
        'x-feature-source',
        'Retry-After',
        'Inference-Header-Content-Length',
      ]),
    );
    expect(headers.get('access-control-allow-credentials')).toBeNull();
  });

  it('lets it read errors too', async () => {
    const { status, headers } = await talk(listed, 'POST', { Origin: SITE }, '{');
    expect([status, headers.get('access-control-allow-origin')]).toEqual([400, SITE]);
  });

  it('says nothing to other sites, and answers all the same', async () => {
    for (const origin of [OTHER, 'null', `${SITE}.evil.com`, SITE.toUpperCase()]) {
      const { status, headers } = await talk(listed, 'POST', { Origin: origin }, BODY);
      expect([status, headers.get('access-control-allow-origin'), headers.get('vary')]).toEqual([200, null, 'Origin']);
    }
    const { headers } = await talk(listed, 'POST', {}, BODY);
    expect([headers.get('access-control-allow-origin'), headers.get('vary')]).toEqual([null, 'Origin']);
  });

  it('answers the question of a browser', async () => {
    const names = 'content-type, x-request-timeout-ms,ce-id';
    const { status, headers, text } = await talk(listed, 'OPTIONS', {
      ...PREFLIGHT,
      'Access-Control-Request-Headers': names,
    });
    expect([status, text]).toEqual([204, '']);
    expect(headers.get('access-control-allow-origin')).toBe(SITE);
    expect(headers.get('access-control-allow-methods')).toBe('GET, HEAD, POST');
    expect(headers.get('access-control-allow-headers')).toBe(names);
    expect(headers.get('access-control-max-age')).toBe('7200');
    expect(headers.get('vary')).toBe('Origin, Access-Control-Request-Headers');
    expect(headers.get('access-control-allow-credentials')).toBeNull();
  });

  it.each(['a b', 'x;y', 'a,,b', 'ü', 'x'.repeat(2000)])('repeats no names of headers like %p', async (names) => {
    const { status, headers } = await talk(listed, 'OPTIONS', {
      ...PREFLIGHT,
      'Access-Control-Request-Headers': names,
    });
    expect([status, headers.get('access-control-allow-headers')]).toEqual([204, null]);
  });

  it('refuses the question of another site', async () => {
    const { status, headers, text } = await talk(listed, 'OPTIONS', { ...PREFLIGHT, Origin: OTHER });
    expect([status, headers.get('access-control-allow-origin')]).toEqual([403, null]);
    expect(JSON.parse(text).error).toContain(OTHER);
  });

  it('lets any site read answers when it is told to', async () => {
    const { headers } = await talk(open, 'POST', { Origin: OTHER, 'Accept-Encoding': 'gzip, identity;q=0' }, BODY);
    expect([headers.get('access-control-allow-origin'), headers.get('vary')]).toEqual(['*', 'Accept-Encoding']);
    expect((await talk(open, 'OPTIONS', { ...PREFLIGHT, Origin: 'null' })).status).toBe(204);
  });

  it('names both headers that an answer depends on', async () => {
    const { headers } = await talk(listed, 'POST', { Origin: SITE, 'Accept-Encoding': 'gzip, identity;q=0' }, BODY);
    expect(headers.get('vary')).toBe('Origin, Accept-Encoding');
  });

  it('is not there unless it is configured', async () => {
    const { headers } = await talk(closed, 'POST', { Origin: SITE }, BODY);
    expect([headers.get('access-control-allow-origin'), headers.get('vary')]).toEqual([null, null]);
    expect((await talk(closed, 'OPTIONS', PREFLIGHT)).status).toBe(405);
    expect((await talk(listed, 'OPTIONS', {})).status).toBe(405);
  });
});
