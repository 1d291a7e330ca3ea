import { existsSync, realpathSync } from 'node:fs';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { ENVIRONMENT } from '../contract';
import { ConfigurationError } from './error';

/**
 * What stands in for the container when manifests run as processes of one machine: a root directory of its own, an
 * address, free ports in place of the container's, and servers of this machine in place of others.
 */
export interface Sandbox {
  /** Absolute directory that the absolute paths of the container are below. */
  readonly root: string;

  /** Address to listen on. */
  readonly host: string;

  /** Port to listen on in place of each container port. */
  readonly ports: Readonly<Record<string, number>>;

  /** Namespace of the pod: a host without a dot is a Service of it. */
  readonly namespace?: string;

  /** `host:port` to connect to in place of a server, by the server's `name.namespace`, with or without `:port`. */
  readonly servers?: Readonly<Record<string, string>>;

  /** Address (`http://host:port`) of what stands in for the Kubernetes API. */
  readonly api?: string;
}

/** Made when it is needed: in a container it never is. */
const sandboxSchema = () =>
  z.strictObject({
    root: z.string().startsWith('/'),
    host: z.string().refine((host) => isIP(host) !== 0),
    ports: z.record(z.string(), z.int().min(0).max(65_535)),
    namespace: z.string().optional(),
    servers: z.record(z.string(), z.string()).optional(),
    api: z.url({ protocol: /^http$/ }).optional(),
  });

/**
 * The sandbox that this process runs in; `undefined` in a real container.
 *
 * @throws ConfigurationError when the environment variable is not what `model-serving local` writes
 */
export function currentSandbox(): Sandbox | undefined {
  const text = process.env[ENVIRONMENT.sandbox];
  if (text === undefined || text === '') {
    return undefined;
  }
  const parsed = sandboxSchema().safeParse(parse(text));
  if (!parsed.success) {
    throw new ConfigurationError(`environment variable ${ENVIRONMENT.sandbox}`, [
      {
        path: '',
        value: text,
        rule: 'is JSON {"root": absolute directory, "host": IP address, "ports": {"8080": port}}',
        fix: 'Leave the variable to model-serving local, which sets it.',
      },
    ]);
  }
  return parsed.data;
}

/** Where a path of the container is on this machine: the same path, or below the sandbox's root. */
export function containerPath(path: string): string {
  const sandbox = currentSandbox();
  return sandbox === undefined ? path : join(sandbox.root, path);
}

/**
 * Where a path in a volume is on this machine: the same for all pods that mount the volume, whose roots link to it. What of
 * the path is not there stays as it is.
 */
export function volumePath(path: string): string {
  const own = containerPath(path);
  let there = own;
  while (!existsSync(there)) {
    there = dirname(there);
  }
  return join(realpathSync(there), own.slice(there.length));
}

/**
 * Address that servers listen on: what the environment says, else the sandbox's, else every address of the machine
 * (`::`, which takes IPv4 too, or `0.0.0.0` where there is no IPv6).
 */
export function bindHost(): string {
  const declared = process.env[ENVIRONMENT.host];
  if (declared !== undefined && declared !== '') {
    return declared;
  }
  const sandbox = currentSandbox();
  if (sandbox !== undefined) {
    return sandbox.host;
  }
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.some(({ family }) => family === 'IPv6') ? '::' : '0.0.0.0';
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // refused by the schema
  }
}
