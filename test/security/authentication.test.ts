import { join } from 'node:path';
import { METRICS } from '../../lib/contract';
import { eventually } from '../support/eventually';
import { GrpcClient } from '../support/grpc-client';
import { jwtConfig, type SigningKey, signingKey, startJwksServer } from '../support/jwks';
import { mountSecret } from '../support/mounted-secret';
import { fixture, startTestPredictor, type TestPredictor } from '../support/predictor';
import { RawConnection } from '../support/raw-http';
import { sha256 } from '../support/serving-config';
import { temporaryDirectory } from '../support/temporary';

const KEY = 'c0rrect-h0rse';
const BODY = JSON.stringify({ instances: [[5.1, 3.5, 1.4, 0.2]] });
const PREDICT = '/v1/models/mlp:predict';
const directory = temporaryDirectory();
const jwksServer = startJwksServer();

describe('authentication on the REST port', () => {
  const secret = mountSecret(join(directory, 'keys'), { checkout: sha256(KEY) });
  let server: TestPredictor;
  let signer: SigningKey;

  beforeAll(async () => {
    const jwks = await jwksServer;
    signer = await signingKey('first');
    jwks.keys = [signer.publicKey];
    const authentication = { apiKeys: { path: secret.path }, jwt: jwtConfig({ jwksUri: jwks.url }) };
    server = await startTestPredictor([fixture('mlp.onnx')], { authentication });
  });

  const predict = (headers: Record<string, string>) => server.send('POST', PREDICT, BODY, headers);

  it('refuses what carries no credentials, says how to send them, and keeps the connection', async () => {
    const answer = await predict({});
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer /);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(answer.headers.get('connection')).toBe('keep-alive');
    expect(answer.body.error).toContain('x-api-key');
  });

  it.each([
    ['x-api-key', { 'x-api-key': KEY }],
    ['Authorization', { authorization: `Bearer ${KEY}` }],
    ['a scheme in lower case', { authorization: `bearer ${KEY}` }],
    ['a good key beside a bad one', { 'x-api-key': 'wrong', authorization: `Bearer ${KEY}` }],
  ])('accepts a key in %s', async (_name, headers) => {
    expect((await predict(headers as Record<string, string>)).status).toBe(200);
  });

  it.each([
    ['an unknown key', { 'x-api-key': 'wrong' }],
    ['an empty key', { 'x-api-key': '' }],
    ['an unknown token', { authorization: 'Bearer wrong' }],
    ['another scheme', { authorization: `Basic ${KEY}` }],
    ['the digest of a key', { 'x-api-key': sha256(KEY) }],
    ['a key in the query', {}],
  ])('refuses %s, and repeats nothing of it', async (_name, headers) => {
    const answer = await server.send('POST', `${PREDICT}?api_key=${KEY}`, BODY, headers as Record<string, string>);
    expect(answer.status).toBe(401);
    expect(answer.text).not.toMatch(/wrong|c0rrect/);
  });

  it('accepts a token the first time and the next, and refuses one that has expired', async () => {
    const authorization = `Bearer ${await signer.sign()}`;
    expect((await predict({ authorization })).status).toBe(200);
    expect((await predict({ authorization })).status).toBe(200);
    const expired = await predict({ authorization: `Bearer ${await signer.sign({ exp: 1 })}` });
    expect(expired.status).toBe(401);
    expect(expired.headers.get('www-authenticate')).toContain('error="invalid_token"');
    expect(expired.body.error).toContain('expired');
    expect((await predict({ 'x-api-key': KEY, authorization: `Bearer ${await signer.sign({ exp: 1 })}` })).status).toBe(
      200,
    );
  });

  it('answers requests of one connection in their order, when the token of the first is being verified', async () => {
    const connection = await RawConnection.open(server.port);
    const head = (headers: string) =>
      `POST ${PREDICT} HTTP/1.1\r\nHost: x\r\nContent-Length: ${BODY.length}\r\n${headers}\r\n\r\n${BODY}`;
    const token = await signer.sign({ jti: 'pipelined' });
    connection.write(head(`Authorization: Bearer ${token}`) + head('x-api-key: wrong') + head(`x-api-key: ${KEY}`));
    expect(await connection.answers(3)).toEqual([200, 401, 200]);
    connection.destroy();
  });

  it('asks for credentials everywhere but for health and the page', async () => {
    for (const path of ['/', '/v1/models', '/v1/models/mlp', '/v2', '/v2/models', '/v2/models/mlp', '/openapi.json']) {
      expect([path, (await server.get(path)).status]).toEqual([path, 401]);
    }
    for (const path of ['/v2/models/mlp/ready', '/nowhere', '/v2/health/live/x', '//v2/health/live', '/v2/health']) {
      expect([path, (await server.get(path)).status]).toEqual([path, 401]);
    }
    for (const path of ['/v2/health/live', '/v2/health/ready', '/v2/health/ready/', '/v2/health/live?x=1', '/docs']) {
      expect([path, (await server.get(path)).status]).toEqual([path, 200]);
    }
    expect((await server.send('OPTIONS', PREDICT)).status).toBe(401);
    const preflight = { origin: 'https://app.example', 'access-control-request-method': 'POST' };
    expect((await server.send('OPTIONS', PREDICT, undefined, preflight)).status).not.toBe(401);
  });

  it('refuses before the body has arrived', async () => {
    const connection = await RawConnection.open(server.port);
    connection.write(`POST ${PREDICT} HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n`);
    expect(await connection.answers(1)).toEqual([401]);
    connection.write('x'.repeat(900_000));
    expect(await connection.close()).toContain('Connection: close');
  });

  it('does not ask for a body that it refuses', async () => {
    const connection = await RawConnection.open(server.port);
    const request = `POST ${PREDICT} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\nExpect: 100-continue\r\n`;
    connection.write(`${request}\r\n`);
    expect(await connection.answers(1)).toEqual([401]);
    connection.destroy();
    const accepted = await RawConnection.open(server.port);
    accepted.write(`${request}x-api-key: ${KEY}\r\n\r\n`);
    await eventually('it asks for the body', () => accepted.statuses[0] === 100);
    accepted.destroy();
  });

  it('asks for the same credentials over gRPC', async () => {
    const client = new GrpcClient(`127.0.0.1:${server.predictor.addresses.grpc.port}`);
    const metadata = async (headers: Record<string, string>) =>
      (await client.call('ModelMetadata', { name: 'mlp' }, headers)).code;
    expect(await metadata({})).toBe('UNAUTHENTICATED');
    expect(await metadata({ 'x-api-key': 'wrong' })).toBe('UNAUTHENTICATED');
    expect(await metadata({ 'x-api-key': KEY })).toBe('OK');
    const authorization = `Bearer ${await signer.sign({ jti: 'grpc' })}`;
    expect(await metadata({ authorization })).toBe('OK');
    expect(await metadata({ authorization })).toBe('OK');
    expect((await client.call('ServerReady', {})).code).toBe('OK');
    expect((await client.call('Check', {})).code).toBe('OK');
    client.close();
  });

  it('counts results by closed labels', async () => {
    const lines = (await server.metrics()).split('\n').filter((line) => line.startsWith(METRICS.authentications));
    const counts = Object.fromEntries(
      lines.map((line) => [/result="(.*)"/.exec(line)?.[1], Number(line.split(' ')[1])]),
    );
    expect(Object.keys(counts).sort()).toEqual(
      ['api-key', 'expired', 'invalid', 'jwt', 'missing', 'overloaded', 'unavailable'].sort(),
    );
    expect(counts).toMatchObject({ expired: 1, unavailable: 0, overloaded: 0, jwt: 5 });
  });

  it('takes a new key without a restart', async () => {
    secret.write({ checkout: sha256('changed') });
    await eventually('the new key counts', async () => (await predict({ 'x-api-key': 'changed' })).status === 200);
    expect((await predict({ 'x-api-key': KEY })).status).toBe(401);
  });
});

describe('tokens alone', () => {
  it('cannot be verified while there are no keys: 503, and health stays open', async () => {
    const jwt = jwtConfig({ jwksUri: 'http://127.0.0.1:1/keys' });
    const server = await startTestPredictor([fixture('mlp.onnx')], { authentication: { jwt } });
    const token = await (await signingKey('first')).sign();
    const answer = await server.send('POST', PREDICT, BODY, { authorization: `Bearer ${token}` });
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('1');
    expect((await server.send('POST', PREDICT, BODY, { 'x-api-key': 'a' })).status).toBe(401);
    expect((await server.get('/v2/health/ready')).status).toBe(200);
  });
});
