import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { CONFIG_MAPS, KubernetesApi } from '../../runtime/src/kubernetes-api';
import { makeAuthority, OPENSSL } from '../support/certificates';
import { mountSecret } from '../support/mounted-secret';
import { describeWith } from '../support/requires';
import { temporaryDirectory } from '../support/temporary';

const directory = temporaryDirectory();
const MOUNT = 'var/run/secrets/kubernetes.io/serviceaccount';

let servers: Server[] = [];

/** Starts a server that knows a certificate of an authority, and answers with the credentials that it was shown. */
async function serve({ certificate, key }: { certificate: string; key: string }, port = 0): Promise<number> {
  const server = createServer({ cert: certificate, key }, (request, response) => {
    response.end(JSON.stringify({ shown: request.headers.authorization, path: request.url }));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  servers.push(server);
  return (server.address() as AddressInfo).port;
}

function stop(): void {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  servers = [];
}

const { env } = process;

afterEach(() => {
  stop();
  process.env = env;
});

describeWith('inside of a cluster', OPENSSL, () => {
  it('the token and the authority are those of the files, as they are at the time of a request', async () => {
    const [first, second] = [makeAuthority(directory, 'first'), makeAuthority(directory, 'second')];
    const port = await serve(first.issue('api'));
    const root = join(directory, 'pod');
    const files = { token: 'token-1\n', 'ca.crt': first.certificate, namespace: 'ml' };
    const mounted = mountSecret(join(root, MOUNT), files);
    process.env = {
      ...env,
      KUBERNETES_SERVICE_HOST: '127.0.0.1',
      KUBERNETES_SERVICE_PORT: String(port),
      // Without `api`: files are below the root, and the API is that of the environment.
      MODEL_SERVING_SANDBOX: JSON.stringify({ root, host: '127.0.0.1', ports: {} }),
    };
    const api = KubernetesApi.fromEnvironment();
    expect(api.namespace).toBe('ml');
    expect(await api.get(CONFIG_MAPS, 'iris')).toEqual({
      shown: 'Bearer token-1',
      path: '/api/v1/namespaces/ml/configmaps/iris',
    });
    mounted.write({ ...files, token: 'token-2' });
    expect(await api.get(CONFIG_MAPS, 'iris')).toMatchObject({ shown: 'Bearer token-2' });
    stop();
    await serve(second.issue('api'), port);
    await expect(api.get(CONFIG_MAPS, 'iris')).rejects.toMatchObject({ status: 0, reason: 'Unreachable' });
    mounted.write({ ...files, 'ca.crt': second.certificate });
    expect(await api.get(CONFIG_MAPS, 'iris')).toMatchObject({ shown: 'Bearer token-1' });
  });
});

it('a process that is in no cluster is told so', () => {
  process.env = { ...env, KUBERNETES_SERVICE_HOST: '' };
  expect(() => KubernetesApi.fromEnvironment()).toThrow(
    'KUBERNETES_SERVICE_HOST: is the address of the Kubernetes API',
  );
  process.env = { ...env, KUBERNETES_SERVICE_HOST: '::1', MODEL_SERVING_SANDBOX: '' };
  expect(() => KubernetesApi.fromEnvironment()).toThrow('Mount the token of a service account into the container.');
});
