import { createHash } from 'node:crypto';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { Duration } from 'cdk8s';
import {
  Authentication,
  JwtAlgorithm,
  JwtKeys,
  ModelAccess,
  type ModelGatewayProps,
  MountedFile,
  RateLimit,
  ServingTls,
} from 'cdk8s-model-serving';
import { ConfigMap, Secret } from 'cdk8s-plus-28';
import { type RunningAgent, startAgent } from '../../runtime/src/gateway';
import { createLogger } from '../../runtime/src/telemetry';
import { makeAuthority, OPENSSL } from '../support/certificates';
import { send as askPort, ENVOY, gatewayFiles, type TestEnvoy, writeFiles } from '../support/envoy';
import { eventually } from '../support/eventually';
import { freePort } from '../support/free-port';
import { addVersion, newGateway, serversOf, startGateway } from '../support/gateways';
import { GrpcClient } from '../support/grpc-client';
import { AUDIENCE, ISSUER, type JwksServer, type SigningKey, signingKey, startJwksServer } from '../support/jwks';
import { newChart } from '../support/manifests';
import { mountSecret } from '../support/mounted-secret';
import { fixture, startTestPredictor } from '../support/predictor';
import { type RecordingServer, startRecordingServer } from '../support/recording-server';
import { describeWith } from '../support/requires';
import { temporaryDirectory } from '../support/temporary';

const directory = temporaryDirectory();
const temporary = temporaryDirectory();
const secret = () => Secret.fromSecretName(newChart(), 'secret', 'credentials');
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const PATH = '/v2/models/echo/infer';

const agents: RunningAgent[] = [];
afterAll(async () => {
  await Promise.all(agents.map((agent) => agent.close()));
});

let keys: SigningKey;
let others: SigningKey;
let model: RecordingServer;
let jwks: JwksServer;
const publishing = startJwksServer();

/** A gateway with two models, and its agent where there are API keys. */
async function secured(name: string, props: ModelGatewayProps): Promise<TestEnvoy> {
  const root = join(directory, name);
  const test = newGateway(props);
  const versions = [addVersion(test, 'echo'), addVersion(test, 'open')];
  const { agent: text, routes } = gatewayFiles(test.chart.toJson());
  const config = JSON.parse(text);
  const port = await freePort();
  if (config.apiKeysPath !== undefined) {
    const apiKeysPath = join(root, config.apiKeysPath);
    writeFiles(apiKeysPath, { checkout: `${sha256('key-of-checkout')}\n`, batch: `${sha256('key-of-batch')}\n` });
    writeFiles(root, { 'base.json': routes });
    mkdirSync(join(root, 'written'), { recursive: true });
    const own = { baseRoutesPath: join(root, 'base.json'), routesPath: join(root, 'written/routes.json') };
    process.env.MODEL_SERVING_HOST = '127.0.0.1';
    agents.push(
      await startAgent(
        { ...config, ...own, apiKeysPath, port, adminPort: 9 },
        { logger: createLogger({ level: 'silent' }) },
      ),
    );
  }
  return startGateway(
    test,
    root,
    versions.map((version) => [version, { http: [model.port], grpc: [model.port] }]),
    { '127.0.0.1:8083': port, [`127.0.0.1:${new URL(jwks.url).port}`]: Number(new URL(jwks.url).port) },
  );
}

const send = (envoy: TestEnvoy, headers: Record<string, string>, path: string = PATH) =>
  envoy.send('POST', path, '{}', headers);
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const jwt = (algorithms?: JwtAlgorithm[]) =>
  Authentication.jwt({ issuer: ISSUER, audience: AUDIENCE, keys: JwtKeys.url(jwks.url), algorithms });

beforeAll(async () => {
  keys = await signingKey('first');
  others = await signingKey('second');
  jwks = await publishing;
  jwks.keys = [keys.publicKey];
  model = await startRecordingServer((_, response) => response.setHeader('content-type', 'application/json').end('{}'));
});

describeWith('API keys', ENVOY, () => {
  let envoy: TestEnvoy;
  beforeAll(async () => {
    envoy = await secured('keys', {
      authentication: Authentication.apiKeys(secret()),
      access: { echo: ModelAccess.clients(['checkout']) },
      rateLimit: RateLimit.perClient(20, Duration.hours(1)),
    });
  });

  test.each([
    ['no key', {}],
    ['an unknown key', { 'x-api-key': 'guess' }],
    ['the hash of a key', { 'x-api-key': sha256('key-of-checkout') }],
    ['the name of a client', { 'x-client': 'checkout' }],
  ])('%s: 401 with JSON, and the model hears nothing', async (_name, headers) => {
    const before = model.received.length;
    const answer = await send(envoy, headers as Record<string, string>);
    expect([answer.status, Object.keys(answer.body)]).toEqual([401, ['error']]);
    expect(answer.headers['www-authenticate']).toMatch(/^Bearer/);
    expect(model.received).toHaveLength(before);
  });

  test('the model gets the name of the client, and not the key', async () => {
    for (const headers of [{ 'x-api-key': 'key-of-checkout' }, bearer('key-of-checkout')]) {
      expect((await send(envoy, headers)).status).toBe(200);
      const got = model.received.at(-1)?.headers ?? {};
      expect([got['x-client'], got['x-api-key'], got.authorization]).toEqual(['checkout', undefined, undefined]);
    }
  });

  test('a client that may not use the model: 403; another model is open to it', async () => {
    const answer = await send(envoy, { 'x-api-key': 'key-of-batch' });
    expect([answer.status, Object.keys(answer.body)]).toEqual([403, ['error']]);
    expect((await send(envoy, { 'x-api-key': 'key-of-batch' }, '/v2/models/open/infer')).status).toBe(200);
  });

  test('health is open, what tells about models is not', async () => {
    expect((await envoy.send('GET', '/v2/health/ready')).status).toBe(200);
    expect((await envoy.send('GET', '/v2/models/echo')).status).toBe(401);
  });

  test('the metrics of the agent are at the port for metrics, and nothing else of it', async () => {
    const at = (method: string, path: string) => askPort(envoy.metricsPort, method, path);
    const metrics = await at('GET', '/metrics');
    expect([metrics.status, metrics.text]).toEqual([200, expect.stringContaining('model_serving_gateway_')]);
    for (const [method, path] of [
      ['POST', '/metrics'],
      ['GET', '/status'],
      ['GET', '/drain'],
      ['POST', '/rollouts/iris/abort'],
      ['GET', '/metrics/../drain'],
    ] as const) {
      expect([path, (await at(method, path)).status]).toEqual([path, 404]);
    }
  });

  test('gRPC without a key is UNAUTHENTICATED', async () => {
    const client = new GrpcClient(`127.0.0.1:${envoy.port}`);
    try {
      expect((await client.infer('echo', [], {}, { 'x-model-name': 'echo' })).code).toBe('UNAUTHENTICATED');
    } finally {
      client.close();
    }
  });

  test('the limit counts clients by name', async () => {
    const statuses: number[] = [];
    for (let index = 0; index < 25; index += 1) {
      statuses.push((await send(envoy, { 'x-api-key': 'key-of-checkout' })).status);
    }
    expect(statuses.at(-1)).toBe(429);
    expect((await send(envoy, { 'x-api-key': 'key-of-batch' }, '/v2/models/open/infer')).status).toBe(200);
  });
});

describeWith('tokens', ENVOY, () => {
  let envoy: TestEnvoy;
  beforeAll(async () => {
    envoy = await secured('tokens', {
      authentication: jwt(),
      access: {
        echo: ModelAccess.anyOf([ModelAccess.claim('groups', ['analysts']), ModelAccess.scope('predict')]),
      },
    });
  });

  test('a good token passes, the model gets its subject, and not the token', async () => {
    expect((await send(envoy, bearer(await keys.sign({ groups: ['x', 'analysts'] })))).status).toBe(200);
    const got = model.received.at(-1)?.headers ?? {};
    expect([got['x-client'], got.authorization]).toEqual(['checkout', undefined]);
  });

  test.each([
    ['none', async () => ({})],
    ['no token', async () => bearer('key')],
    ['another key', async () => bearer(await others.sign({ scope: 'predict' }))],
    ['another issuer', async () => bearer(await keys.sign({ iss: 'https://other.example', scope: 'predict' }))],
    ['another audience', async () => bearer(await keys.sign({ aud: 'other', scope: 'predict' }))],
    ['one that is over', async () => bearer(await keys.sign({ exp: 1_000_000, scope: 'predict' }))],
  ])('%s: 401', async (_name, headers) => {
    const answer = await send(envoy, await headers());
    expect([answer.status, Object.keys(answer.body)]).toEqual([401, ['error']]);
  });

  test.each([
    [{ groups: 'analysts' }, 200],
    [{ scope: 'read predict write' }, 200],
    [{ scope: 'predictions' }, 403],
    [{ groups: ['analyst'] }, 403],
    [{}, 403],
  ])('with the claims %j: %i', async (claims, status) => {
    expect((await send(envoy, bearer(await keys.sign(claims)))).status).toBe(status);
    expect((await send(envoy, bearer(await keys.sign(claims)), '/v2/models/open/infer')).status).toBe(200);
  });

  test('an algorithm that is not declared: 403', async () => {
    const strict = await secured('algorithms', { authentication: jwt([JwtAlgorithm.ES256]) });
    expect((await send(strict, bearer(await keys.sign()))).status).toBe(403);
  });
});

describeWith('tokens with keys from a file', ENVOY, () => {
  test('pass', async () => {
    mountSecret(join(directory, 'file/etc/model-serving-credentials/jwks'), {
      'jwks.json': JSON.stringify({ keys: [keys.publicKey] }),
    });
    const file = MountedFile.fromConfigMap(ConfigMap.fromConfigMapName(newChart(), 'jwks', 'jwks'), 'jwks.json');
    const envoy = await secured('file', {
      authentication: Authentication.jwt({ issuer: ISSUER, audience: AUDIENCE, keys: JwtKeys.file(file) }),
    });
    expect((await send(envoy, bearer(await keys.sign()))).status).toBe(200);
    expect((await send(envoy, bearer(await others.sign()))).status).toBe(401);
  });
});

describeWith('keys or tokens', ENVOY, () => {
  test('one of them is enough, and the subject of a token is no client', async () => {
    const envoy = await secured('both', {
      authentication: Authentication.anyOf([Authentication.apiKeys(secret()), jwt()]),
      access: { echo: ModelAccess.clients(['checkout']) },
    });
    const open = '/v2/models/open/infer';
    expect((await send(envoy, { 'x-api-key': 'key-of-checkout' })).status).toBe(200);
    expect((await send(envoy, bearer('key-of-checkout'))).status).toBe(200);
    expect((await send(envoy, bearer(await keys.sign()), open)).status).toBe(200);
    expect((await send(envoy, bearer(await keys.sign()))).status).toBe(403);
    expect((await send(envoy, bearer(await others.sign()), open)).status).toBe(401);
    expect((await send(envoy, {}, open)).status).toBe(401);
    // A token may stand beside a key.
    expect((await send(envoy, { ...bearer(await others.sign()), 'x-api-key': 'key-of-batch' }, open)).status).toBe(200);
  });
});

const tls = { what: `${ENVOY.what} and ${OPENSSL.what}`, present: ENVOY.present && OPENSSL.present };

describeWith('TLS', tls, () => {
  test('a renewed certificate counts without a restart, and clients need one of their authority', async () => {
    const certificates = join(directory, 'certificates');
    mkdirSync(certificates);
    const authority = makeAuthority(certificates, 'authority');
    const stranger = makeAuthority(certificates, 'stranger');
    const mounted = join(directory, 'tls/etc/model-serving-credentials');
    const issued = (name: string) => {
      const { certificate, key } = authority.issue(name);
      return { 'tls.crt': certificate, 'tls.key': key };
    };
    writeFiles(join(mounted, 'tls'), issued('first'));
    writeFiles(join(mounted, 'client-ca'), { 'ca.crt': authority.certificate });
    const envoy = await secured('tls', {
      tls: ServingTls.secret(secret(), { clientCa: MountedFile.fromSecret(secret(), 'ca.crt') }),
    });
    const ask = (client: { certificate: string; key: string } | undefined) =>
      new Promise<string>((resolve, reject) => {
        const options = { ca: authority.certificate, cert: client?.certificate, key: client?.key, agent: false };
        request(`https://127.0.0.1:${envoy.port}/v2/health/live`, options, (response) => {
          const socket = response.socket as TLSSocket;
          resolve(`${response.statusCode} ${String(socket.getPeerCertificate().subject?.CN)}`);
          response.resume();
        })
          .on('error', reject)
          .end();
      });
    expect(await ask(authority.issue('client'))).toBe('200 first');
    await expect(ask(undefined)).rejects.toThrow();
    await expect(ask(stranger.issue('spy'))).rejects.toThrow();
    // As the kubelet does it: new files, then one that is moved.
    writeFiles(join(mounted, 'tls'), issued('second'));
    writeFileSync(join(mounted, 'tls/moving'), '');
    renameSync(join(mounted, 'tls/moving'), join(mounted, 'tls/moved'));
    await eventually(
      'the new certificate is shown',
      async () => (await ask(authority.issue('client'))) === '200 second',
    );
  });

  test('a model with TLS is reached when its certificate names it, and shown a certificate where it asks', async () => {
    const authority = makeAuthority(temporary, 'models');
    const next = makeAuthority(temporary, 'next');
    const pem = (file: string) => MountedFile.fromSecret(secret(), file);
    const test = newGateway({ upstreamCa: pem('ca.crt'), upstreamCertificate: secret() });
    const tls = ServingTls.secret(secret(), { clientCa: pem('ca.crt') });
    const [named, other, renewed] = ['echo', 'other', 'renewed'].map((name) => addVersion(test, name, 'v1', { tls }));
    const root = join(directory, 'upstream');
    const mounted = join(root, 'etc/model-serving-credentials');
    const client = authority.issue('gateway');
    const authorities = mountSecret(join(mounted, 'upstream-ca'), { 'ca.crt': authority.certificate });
    writeFiles(mounted, {
      'upstream-tls/tls.crt': client.certificate,
      'upstream-tls/tls.key': client.key,
    });
    const serve = async (name: string, host: string, issuer = authority) => {
      const { certificate, key } = issuer.issue(name, host);
      writeFiles(temporary, { [`${name}.pem`]: certificate, [`${name}.key`]: key, 'ca.pem': authority.certificate });
      return startTestPredictor([fixture('identity-fp32.onnx', { name, version: 'v1' })], {
        tls: {
          certificatePath: join(temporary, `${name}.pem`),
          keyPath: join(temporary, `${name}.key`),
          clientCaPath: join(temporary, 'ca.pem'),
        },
      });
    };
    const envoy = await startGateway(test, root, [
      [named, serversOf(await serve('echo', new URL(named.url).host))],
      [other, serversOf(await serve('other', 'somebody.else'))],
      [renewed, serversOf(await serve('renewed', new URL(renewed.url).host, next))],
    ]);
    expect((await envoy.send('GET', '/v2/models/echo')).body).toMatchObject({ name: 'echo' });
    const grpc = new GrpcClient(`127.0.0.1:${envoy.port}`);
    try {
      const { code } = await grpc.call('ModelReady', { name: 'echo' }, { 'x-model-name': 'echo' });
      expect(code).toBe('OK');
    } finally {
      grpc.close();
    }
    expect((await envoy.send('GET', '/v2/models/other')).status).toBe(503);
    expect((await envoy.send('GET', '/v2/models/renewed')).status).toBe(503);
    authorities.write({ 'ca.crt': `${authority.certificate}${next.certificate}` });
    await eventually(
      'the new authority counts without a restart',
      async () => (await envoy.send('GET', '/v2/models/renewed')).status === 200,
    );
    expect((await envoy.send('GET', '/v2/models/echo')).status).toBe(200);
  });
});
