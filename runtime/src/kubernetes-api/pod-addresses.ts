import { lookup } from 'node:dns/promises';
import { currentSandbox } from '../config';
import { errorCode, errorMessage } from '../telemetry';
import type { ApiAccess } from './access';
import { ApiConnection, noAnswer, unreachable } from './connection';
import { within } from './within';

/** Where a port of a pod listens. */
export interface PodAddress {
  /** IP address. */
  readonly host: string;
  readonly port: number;
}

/** Options of {@link podAddresses}. */
export interface PodAddressOptions {
  /** Longest time, in milliseconds. @default 5000 */
  readonly timeoutMillis?: number;

  readonly signal?: AbortSignal;

  /** Finds the addresses of a host. @default - the resolver of the system, which knows the search domains of the pod */
  readonly resolve?: (host: string) => Promise<readonly { readonly address: string }[]>;
}

/** Path that answers, in a sandbox, what DNS does in a cluster. */
export const PODS_PATH = '/model-serving/pods';

const TIMEOUT_MILLIS = 5000;

/**
 * The pods behind a headless Service, in a stable order; none when the name does not exist, as that of a Service without
 * pods does not.
 *
 * @param host name of the Service: `iris-pods.ml.svc`
 * @throws ApiError when the resolver does not know, or does not answer: that does not mean that there are none
 */
export async function podAddresses(
  host: string,
  containerPort: number,
  { timeoutMillis = TIMEOUT_MILLIS, signal, resolve = systemResolver }: PodAddressOptions = {},
): Promise<PodAddress[]> {
  const sandbox = currentSandbox();
  if (sandbox !== undefined) {
    return sandboxPods(sandbox.api, host, containerPort, { timeoutMillis, signal });
  }
  const request = { method: 'GET', path: `addresses of ${host}` } as const;
  try {
    const found = await within(
      { signal, millis: timeoutMillis, timeout: () => noAnswer(request, timeoutMillis) },
      (ending) => Promise.race([resolve(host), aborted(ending)]),
    );
    return [...new Set(found.map(({ address }) => address))]
      .sort()
      .map((address) => ({ host: address, port: containerPort }));
  } catch (error) {
    if (errorCode(error) === 'ENOTFOUND') {
      return [];
    }
    throw errorCode(error) === undefined ? error : unreachable(request, errorMessage(error), error);
  }
}

function systemResolver(host: string) {
  return lookup(host, { all: true });
}

async function sandboxPods(
  api: string | undefined,
  host: string,
  port: number,
  options: { readonly timeoutMillis: number; readonly signal?: AbortSignal },
): Promise<PodAddress[]> {
  if (api === undefined) {
    throw new Error(`The pods of ${host} are not known here: the sandbox names no API.`);
  }
  const connection = sandboxConnections.get(api) ?? new ApiConnection(openAccess(api));
  sandboxConnections.set(api, connection);
  const path = `${PODS_PATH}?host=${encodeURIComponent(host)}&port=${port}`;
  return (await connection.send({ method: 'GET', path }, options)) as PodAddress[];
}

/** Kept, as they are asked every few seconds: by address, of which there is one. */
const sandboxConnections = new Map<string, ApiConnection>();

function openAccess(api: string): ApiAccess {
  return { url: new URL(api), namespace: '', credentials: async () => ({}) };
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.throwIfAborted();
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
