import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { App, Chart, Yaml } from 'cdk8s';
import {
  Authentication,
  Fallback,
  JwtKeys,
  Model,
  ModelSource,
  MountedFile,
  OnlineModel,
  PredictionLog,
  ServingTls,
} from 'cdk8s-model-serving';
import { Secret } from 'cdk8s-plus-28';
import { type EventReceiver, startEventReceiver } from '../support/event-receiver';
import { eventually } from '../support/eventually';
import { AUDIENCE, ISSUER, type SigningKey, signingKey, startJwksServer } from '../support/jwks';
import { type RunningManifests, runManifests } from '../support/local-run';
import { IRIS } from '../support/manifests';
import { describeWith } from '../support/requires';
import { temporaryDirectory } from '../support/temporary';
import { secret } from '../support/workload';

const OPENSSL = { what: 'openssl', present: spawnSync('openssl', ['version']).status === 0 };
const ROWS = { instances: [[5.1, 3.5, 1.4, 0.2]] };

const directory = temporaryDirectory();

interface Answer {
  readonly status: number;
  readonly text: string;
}

/*
 * What was declared works in the process that it was declared for: probes ask over TLS, keys of tokens and receivers of
 * events are Services, a second model lies beside the first.
 */
describeWith('a secured declaration, run on this machine', OPENSSL, () => {
  let running: RunningManifests;
  let key: SigningKey;
  let receiver: EventReceiver;
  const started = startJwksServer();

  beforeAll(async () => {
    key = await signingKey('one');
    receiver = await startEventReceiver();
    const keys = await started;
    keys.keys = [key.publicKey];
    const folder = join(directory, 'dist');
    mkdirSync(folder);
    writeFileSync(join(folder, 'manifests.yaml'), Yaml.stringify(...declare(), certificate()));
    running = await runManifests(
      folder,
      '--service',
      `login.auth:8080=${new URL(keys.url).host}`,
      '--service',
      `events=${new URL(receiver.url).host}`,
    );
  }, 60_000);

  afterAll(async () => {
    expect(await running.stop()).toBe(0);
  });

  test('answers over HTTPS alone, to those who have a token', async () => {
    expect(running.url('iris', 'https')).toMatch(/^https:/);
    expect((await ask(running.url('iris', 'https'))).status).toBe(401);
    const answer = await ask(running.url('iris', 'https'), { token: await key.sign() });
    expect(answer).toMatchObject({ status: 200, text: expect.stringContaining('"predictions"') });
    await expect(fetch(running.url('iris', 'https').replace('https', 'http'))).rejects.toThrow();
  });

  test('speaks HTTP/2 over TLS on the port of gRPC', async () => {
    const { hostname, port } = new URL(running.url('iris', 'grpc'));
    const protocol = await new Promise((resolve, reject) => {
      const socket = connect(
        { host: hostname, port: Number(port), ALPNProtocols: ['h2'], rejectUnauthorized: false },
        () => {
          resolve(socket.alpnProtocol);
          socket.destroy();
        },
      );
      socket.on('error', reject);
    });
    expect(protocol).toBe('h2');
  });

  test('sends the events of predictions to the Service that is declared', async () => {
    await ask(running.url('iris', 'https'), { token: await key.sign() });
    await eventually('an event arrives', () => receiver.batches.length > 0);
  });

  test('becomes ready where clients must have a certificate, and answers those alone', async () => {
    const path = '/v1/models/mutual:predict';
    const [cert, key] = ['tls.crt', 'tls.key'].map((name) => readFileSync(join(directory, name), 'utf8'));
    expect(await ask(running.url('mutual', 'https'), { path, cert, key })).toMatchObject({ status: 200 });
    await expect(ask(running.url('mutual', 'https'), { path })).rejects.toThrow();
  });

  test('has both models', async () => {
    const metrics = await (await fetch(`${running.url('iris', 'metrics')}/metrics`)).text();
    for (const version of ['v1', 'v2']) {
      expect(metrics).toMatch(new RegExp(`model_serving_model_ready\\{.*version="${version}".*\\} 1`));
    }
  });
});

function declare(): object[] {
  const chart = new Chart(new App(), 'secured', { namespace: 'ml' });
  const iris = (version: string) => Model.onnx({ name: 'iris', version, source: ModelSource.file(IRIS) });
  new OnlineModel(chart, 'iris', {
    model: iris('v2'),
    replicas: 1,
    fallback: Fallback.model(iris('v1')),
    tls: ServingTls.secret(Secret.fromSecretName(chart, 'tls', 'iris-tls')),
    authentication: Authentication.jwt({
      issuer: ISSUER,
      audience: AUDIENCE,
      keys: JwtKeys.url('http://login.auth:8080/keys'),
    }),
    predictionLog: PredictionLog.http({ url: 'http://events:8080/predictions' }),
  });
  const serving = Secret.fromSecretName(chart, 'mutual-tls', 'iris-tls');
  new OnlineModel(chart, 'mutual', {
    model: Model.onnx({ name: 'mutual', version: 'v1', source: ModelSource.file(IRIS) }),
    replicas: 1,
    tls: ServingTls.secret(serving, { clientCa: MountedFile.fromSecret(serving, 'tls.crt') }),
  });
  return chart.toJson();
}

function certificate(): object {
  const [crt, pem] = ['tls.crt', 'tls.key'].map((name) => join(directory, name));
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', ...subject, '-keyout', pem, '-out', crt],
    { stdio: 'ignore' },
  );
  return secret('iris-tls', { 'tls.crt': readFileSync(crt, 'utf8'), 'tls.key': readFileSync(pem, 'utf8') });
}

interface Caller {
  readonly token?: string;
  readonly path?: string;
  readonly cert?: string;
  readonly key?: string;
}

function ask(
  base: string,
  { token, path = '/v1/models/iris/versions/v2:predict', ...identity }: Caller = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = request(
      `${base}${path}`,
      {
        method: 'POST',
        rejectUnauthorized: false,
        ...identity,
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      },
      (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => {
          text += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
        response.on('error', reject);
      },
    );
    call.on('error', reject);
    call.end(JSON.stringify(ROWS));
  });
}
