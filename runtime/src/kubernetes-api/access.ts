import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import { ConfigurationError, containerPath, currentSandbox } from '../config';
import { errorMessage } from '../telemetry';

/** Where a kubelet mounts what a pod needs to ask the API. */
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** What a server is told, and known by. */
export interface Credentials {
  /** Bearer token. Absent = none is sent. */
  readonly token?: string;

  /** Certificates of authorities, in PEM. Absent = those that Node knows. */
  readonly ca?: string;
}

/** How to reach an API. */
export interface ApiAccess {
  readonly url: URL;
  readonly namespace: string;

  /** Asked before every request: tokens are renewed every hour, and authorities change. */
  readonly credentials: () => Promise<Credentials>;
}

/**
 * The API of the cluster that this process runs in, or the one of `model-serving local`.
 *
 * @throws ConfigurationError when the pod is not told where it is
 */
export function accessFromEnvironment(): ApiAccess {
  const sandbox = currentSandbox();
  if (sandbox?.api !== undefined) {
    return { url: new URL(sandbox.api), namespace: sandbox.namespace ?? 'default', credentials: async () => ({}) };
  }
  const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '443' } = process.env;
  if (host === '') {
    throw new ConfigurationError('environment', [
      {
        path: 'KUBERNETES_SERVICE_HOST',
        rule: 'is the address of the Kubernetes API',
        fix: 'Run the process in a pod: a kubelet sets it.',
      },
    ]);
  }
  return {
    url: new URL(`https://${isIPv6(host) ? `[${host}]` : host}:${port}`),
    namespace: readNamespace(),
    credentials: readCredentials,
  };
}

async function readCredentials(): Promise<Credentials> {
  const read = async (name: string) => (await readFile(containerPath(`${SERVICE_ACCOUNT}/${name}`), 'utf8')).trim();
  const [token, ca] = await Promise.all([read('token'), read('ca.crt')]);
  return { token, ca };
}

function readNamespace(): string {
  const path = containerPath(`${SERVICE_ACCOUNT}/namespace`);
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new ConfigurationError('service account', [
      {
        path,
        rule: `can be read (${errorMessage(error)})`,
        fix: 'Mount the token of a service account into the container.',
      },
    ]);
  }
}
