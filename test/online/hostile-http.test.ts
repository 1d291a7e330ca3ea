import { fixture, startTestPredictor, type TestPredictor } from '../support/predictor';
import { RawConnection } from '../support/raw-http';

const BODY = '{"instances":[[5.1,3.5,1.4,0.2]]}';
const LIMIT = 100_000;

/** A request as text; further headers as lines. */
const request = (headers: string[], body = '', path = '/v1/models/mlp:predict') =>
  [`POST ${path} HTTP/1.1`, 'Host: test', ...headers, '', body].join('\r\n');
const PREDICT = request([`Content-Length: ${BODY.length}`], BODY);

describe('hostile HTTP', () => {
  let server: TestPredictor;

  beforeAll(async () => {
    server = await startTestPredictor(
      [fixture('mlp.onnx'), fixture('slow.onnx')],
      { maxBodyBytes: LIMIT },
      {
        limits: {
          headersMillis: 300,
          requestMillis: 600,
          checkMillis: 50,
          keepAliveMillis: 400,
          receivingBytes: 150_000,
        },
      },
    );
  });
  afterEach(async () => {
    expect((await server.post('/v1/models/mlp:predict', BODY)).status).toBe(200);
  });

  const talk = async (text: string) => {
    const connection = await RawConnection.open(server.port);
    connection.write(text);
    return connection;
  };
  const refusal = async (connection: RawConnection) => {
    const text = await connection.close();
    const [head, body] = text.split('\r\n\r\n');
    expect(head).toMatch(/content-type: application\/json/i);
    expect(head).toMatch(/connection: close/i);
    expect(JSON.parse(body)).toEqual({ error: expect.any(String) });
    return connection.statuses;
  };

  it.each([
    ['no HTTP', 'hello\r\n\r\n'],
    ['HTTP/2 without TLS', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['a header without name', request([': x'])],
    ['a line break in a header name', request(['A\nB: x'])],
    ['two lengths', request(['Content-Length: 5', 'Content-Length: 6'], 'hello')],
    ['length and chunks', request(['Content-Length: 5', 'Transfer-Encoding: chunked'], '0\r\n\r\n')],
    ['a negative length', request(['Content-Length: -5'], 'hello')],
    ['a length that is no number', request(['Content-Length: 0x10'], 'hello')],
    ['an unknown transfer encoding', request(['Transfer-Encoding: chunked, gzip'], '0\r\n\r\n')],
    ['a chunk size that is no number', request(['Transfer-Encoding: chunked'], 'xyz\r\n')],
    ['a chunk longer than its size', request(['Transfer-Encoding: chunked'], '3\r\nhello\r\n0\r\n\r\n')],
    ['no Host', `POST /v1/models/mlp:predict HTTP/1.1\r\nContent-Length: 0\r\n\r\n`],
  ])('answers 400 and closes: %s', async (_what, text) => {
    expect(await refusal(await talk(text))).toEqual([400]);
  });

  it('answers 431 to headers that are too large', async () => {
    expect(await refusal(await talk(request([`X: ${'x'.repeat(20_000)}`])))).toEqual([431]);
    const many = Array.from({ length: 2000 }, (_, index) => `X-${index}: 12345678`);
    expect(await refusal(await talk(request(many)))).toEqual([431]);
  });

  it('answers 431 to a path that is too long', async () => {
    expect(await refusal(await talk(request([], '', `/${'a'.repeat(20_000)}`)))).toEqual([431]);
  });

  it('answers 408 to headers that do not end', async () => {
    expect(await refusal(await talk('POST /v1/models/mlp:predict HTTP/1.1\r\nHost: test\r\nX-'))).toEqual([408]);
  });

  it('answers 408 to a connection that brings nothing', async () => {
    expect(await refusal(await talk(''))).toEqual([408]);
  });

  it('answers 408 to a body that does not end', async () => {
    expect(await refusal(await talk(request(['Content-Length: 1000'], '{"instances":')))).toEqual([408]);
    expect(await refusal(await talk(request(['Transfer-Encoding: chunked'], '5\r\n{"ins\r\n')))).toEqual([408]);
  });

  it('takes a body that comes byte by byte', async () => {
    const connection = await talk(request([`Content-Length: ${BODY.length}`]));
    for (const byte of BODY) {
      connection.write(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await connection.answers(1)).toEqual([200]);
    connection.destroy();
  });

  it('survives clients that leave in the middle of a body', async () => {
    for (let client = 0; client < 20; client += 1) {
      const connection = await talk(request(['Content-Length: 5000'], '{"instances":[[1,'));
      connection.destroy();
    }
    expect(await server.metrics()).toContain('model_serving_requests_in_flight 0');
  });

  it('closes a connection that stays idle', async () => {
    const connection = await talk(PREDICT);
    expect(await connection.answers(1)).toEqual([200]);
    await connection.close();
  });

  it('answers chunked bodies, with extensions and trailers', async () => {
    const half = BODY.length / 2;
    const [a, b] = [BODY.slice(0, half), BODY.slice(half)];
    const size = (text: string) => text.length.toString(16);
    const chunks = `${size(a)};name=value\r\n${a}\r\n${size(b)}\r\n${b}\r\n0\r\nX-Trailer: 1\r\n\r\n`;
    const connection = await talk(request(['Transfer-Encoding: chunked'], chunks));
    expect(await connection.answers(1)).toEqual([200]);
    connection.destroy();
  });

  it('refuses a chunked body that grows too large, and closes', async () => {
    const connection = await talk(request(['Transfer-Encoding: chunked']));
    const chunk = `${(10_000).toString(16)}\r\n${' '.repeat(10_000)}\r\n`;
    for (let sent = 0; sent <= LIMIT + 20_000; sent += 10_000) {
      connection.write(chunk);
    }
    connection.write('0\r\n\r\n');
    expect(await refusal(connection)).toEqual([413]);
  });

  it('refuses an announced body that is too large before it comes, and closes', async () => {
    const connection = await talk(request([`Content-Length: ${LIMIT + 1}`]));
    expect(await connection.answers(1)).toEqual([413]);
    connection.write(' '.repeat(LIMIT + 1));
    expect(await refusal(connection)).toEqual([413]);
  });

  it('reads what follows a refused body only for a while', async () => {
    const connection = await talk(request([`Content-Length: ${1e9}`], 'x'));
    expect(await refusal(connection)).toEqual([413]);
  });

  it('bounds the bodies that it receives at once', async () => {
    const part = request(['Content-Length: 90000'], ' '.repeat(80_000));
    const connections = await Promise.all([talk(part), talk(part)]);

    const refused = await Promise.race(
      connections.map(async (connection) => [await connection.answers(1), connection] as const),
    );
    expect(refused[0]).toEqual([429]);
    expect(refused[1].text).toMatch(/retry-after: 1/i);
    const other = connections.find((connection) => connection !== refused[1]);
    other?.write(BODY.padStart(10_000));
    expect(await other?.answers(1)).toEqual([200]);
  });

  it('asks for a body that waits for permission, unless it is too large', async () => {
    const patient = await talk(request([`Content-Length: ${BODY.length}`, 'Expect: 100-continue']));
    expect(await patient.answers(1)).toEqual([100]);
    patient.write(BODY);
    expect(await patient.answers(2)).toEqual([100, 200]);
    patient.destroy();

    const large = await talk(request([`Content-Length: ${LIMIT + 1}`, 'Expect: 100-continue']));
    expect(await large.answers(1)).toEqual([413]);
    large.destroy();
  });

  it('answers pipelined requests in their order', async () => {
    const bodies = [1, 2, 3, 4].map((value) => `{"instances":[[${value},0,0,0]]}`);
    const predict = (body: string, model: string) =>
      request([`Content-Length: ${body.length}`], body, `/v1/models/${model}:predict`);
    const connection = await talk(
      bodies.map((body, index) => predict(body, index % 2 === 0 ? 'slow' : 'mlp')).join(''),
    );
    expect(await connection.answers(4)).toEqual([200, 200, 200, 200]);
    const answers = connection.text.split(/HTTP\/1\.1 200 OK/).slice(1);
    expect(answers[0]).toContain('{"predictions":[[1,0,0,0]]}');
    expect(answers[2]).toContain('{"predictions":[[3,0,0,0]]}');
    connection.destroy();
  });

  it('never lets an error overtake an answer that is due', async () => {
    const slow = request([`Content-Length: ${BODY.length}`], BODY, '/v1/models/slow:predict');
    const connection = await talk(`${slow}nonsense\r\n\r\n`);
    await connection.close();
    // The first answer on the connection belongs to the first request: its prediction, or nothing.
    expect([[], [200]]).toContainEqual(connection.statuses.slice(0, 1));
  });

  it('keeps a connection after each fault of a request', async () => {
    const bodies = ['', '{', '{"instances":7}', '{"instances":[[1]]}', BODY];
    const connection = await RawConnection.open(server.port);
    for (const [index, body] of bodies.entries()) {
      connection.write(request([`Content-Length: ${body.length}`], body));
      await connection.answers(index + 1);
    }
    expect(connection.statuses).toEqual([400, 400, 400, 400, 200]);
    connection.destroy();
  });

  it('answers HTTP/1.0 without Host', async () => {
    const connection = await talk(
      `POST /v1/models/mlp:predict HTTP/1.0\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`,
    );
    expect(await connection.close()).toMatch(/^HTTP\/1\.1 200 OK/);
  });

  it('reads a target in absolute form and a path with dots as they are', async () => {
    const connection = await talk(request([], '', 'http://test/v2/../../etc/passwd'));
    expect(await connection.answers(1)).toEqual([404]);
    connection.destroy();
  });
});
