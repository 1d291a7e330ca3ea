import { podAddresses } from '../../runtime/src/kubernetes-api';
import { type ApiServer, startApiServer } from '../../runtime/src/local/api-server';

const { env } = process;
let server: ApiServer | undefined;

afterEach(async () => {
  process.env = env;
  await server?.close();
  server = undefined;
});

/** Fails as the resolver of the system does. */
const failing = (code: string) => () => Promise.reject(Object.assign(new Error(`getaddrinfo ${code} pods`), { code }));

it('are those of the name, IPv4 and IPv6, each once and in a stable order', async () => {
  const resolve = async () => ['fd00::2', '10.0.0.2', '10.0.0.1', '10.0.0.2'].map((address) => ({ address }));
  expect(await podAddresses('iris-pods.ml.svc', 8080, { resolve })).toEqual([
    { host: '10.0.0.1', port: 8080 },
    { host: '10.0.0.2', port: 8080 },
    { host: 'fd00::2', port: 8080 },
  ]);
});

it('are those that the resolver of the system knows', async () => {
  const hosts = (await podAddresses('localhost', 1)).map(({ host }) => host);
  expect(hosts).toContain('127.0.0.1');
});

it('are none when the name does not exist; a resolver that does not know is another thing', async () => {
  expect(await podAddresses('pods', 1, { resolve: failing('ENOTFOUND') })).toEqual([]);
  await expect(podAddresses('pods', 1, { resolve: failing('EAI_AGAIN') })).rejects.toMatchObject({
    status: 0,
    reason: 'Unreachable',
  });
  const never = () => new Promise<never>(() => undefined);
  await expect(podAddresses('pods', 1, { resolve: never, timeoutMillis: 5 })).rejects.toMatchObject({
    reason: 'Timeout',
  });
  const reason = new Error('enough');
  const signal = AbortSignal.abort(reason);
  await expect(podAddresses('pods', 1, { resolve: never, signal })).rejects.toBe(reason);
});

it('are in a sandbox those that its API names', async () => {
  server = await startApiServer({
    host: '127.0.0.1',
    port: 0,
    namespace: 'ml',
    podsOf: (host, port) => (host === 'iris-pods.ml.svc' ? [{ host: '127.0.0.1', port: port + 1000 }] : []),
  });
  const sandbox = { root: '/', host: '127.0.0.1', ports: {} };
  process.env = { ...env, MODEL_SERVING_SANDBOX: JSON.stringify({ ...sandbox, api: server.url }) };
  expect(await podAddresses('iris-pods.ml.svc', 8080)).toEqual([{ host: '127.0.0.1', port: 9080 }]);
  expect(await podAddresses('none', 8080)).toEqual([]);
  process.env = { ...env, MODEL_SERVING_SANDBOX: JSON.stringify(sandbox) };
  await expect(podAddresses('iris-pods.ml.svc', 8080)).rejects.toThrow('the sandbox names no API');
});
