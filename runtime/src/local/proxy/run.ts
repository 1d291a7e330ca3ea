import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import {
  ConfigurationError,
  containerPath,
  currentSandbox,
  type Sandbox,
  serviceHost,
  standInAddress,
} from '../../config';
import { EXIT_CODES } from '../../contract';
import { errorMessage, type Logger } from '../../telemetry';
import { startRouter } from '../router';
import { bootstrapPathOf, localArguments } from './arguments';
import { addressesOf, at, type BootstrapSandbox, inSandbox, type Json, parseBootstrap } from './bootstrap';
import { EndpointFiles } from './endpoint-files';

/** Directory of the files that are made for the proxy, below the root of its container. */
const DIRECTORY = '.proxy';

/**
 * Runs the container of a proxy on this machine: Envoy, or the built-in router.
 *
 * @param args arguments of Envoy, as the manifest has them
 * @param envoy file of Envoy; `undefined` = the built-in router
 * @returns exit code, when Envoy has ended; the router serves until the process ends
 * @throws ConfigurationError
 */
export async function runProxy(args: readonly string[], envoy: string | undefined, logger: Logger): Promise<number> {
  const sandbox = currentSandbox();
  const path = bootstrapPathOf(args);
  if (sandbox === undefined || path === undefined) {
    throw new ConfigurationError('proxy', [
      { path: '', rule: 'is run by model-serving local, with -c FILE', fix: 'Run Envoy itself.' },
    ]);
  }
  const directory = join(sandbox.root, DIRECTORY);
  const endpoints = join(directory, 'endpoints');
  const { bootstrap, hosts } = inSandbox(readBootstrap(path), standInsOf(sandbox, endpoints));
  const files = new EndpointFiles(hosts, logger);
  const ending = new AbortController();
  await files.start(endpoints, ending.signal);
  if (envoy !== undefined) {
    const file = join(directory, 'bootstrap.json');
    mkdirSync(directory, { recursive: true });
    writeFileSync(file, JSON.stringify(bootstrap, undefined, 2));
    return runEnvoy(envoy, localArguments(args, file));
  }
  const end = () => process.exit(EXIT_CODES.ok);
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  await startRouter({ bootstrap, endpointsOf: endpointsOf(bootstrap, files), logger, quit: end });
  return new Promise(() => undefined);
}

function readBootstrap(path: string): Json {
  try {
    return parseBootstrap(readFileSync(containerPath(path), 'utf8'));
  } catch (error) {
    throw new ConfigurationError(`bootstrap ${path}`, [
      { path: '', rule: `is a bootstrap of Envoy (${errorMessage(error)})`, fix: 'Correct it in the ConfigMap.' },
    ]);
  }
}

function standInsOf(sandbox: Sandbox, endpoints: string): BootstrapSandbox {
  const { root, host, ports, namespace = '' } = sandbox;
  return {
    root,
    host,
    endpoints,
    port: (containerPort) => ports[containerPort] ?? containerPort,
    // A host of another network, such as that of an issuer of tokens, has more dots.
    isPods: (name) => serviceHost(name, namespace).split('.').length === 2 && isOfCluster(name),
    server: (address) => standInAddress(address, sandbox),
  };
}

function isOfCluster(host: string): boolean {
  return !host.includes('.') || /\.svc(\.cluster\.local)?\.?$/.test(host);
}

function endpointsOf(bootstrap: Json, files: EndpointFiles) {
  const clusters = at(bootstrap, 'static_resources', 'clusters');
  const fixed = new Map(
    (Array.isArray(clusters) ? clusters : []).map((cluster: Json) => [
      String(cluster.name),
      addressesOf((at(cluster, 'load_assignment') ?? {}) as Json).map(({ address, port_value }) => ({
        host: address,
        port: port_value,
      })),
    ]),
  );
  return (name: string) => [...(fixed.get(name) ?? []), ...files.addresses(name)];
}

/** Runs Envoy to its end; a signal that asks this process to stop asks Envoy. */
function runEnvoy(file: string, args: readonly string[]): Promise<number> {
  const child = spawn(file, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => child.kill('SIGTERM'));
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(signal === null ? (code ?? 1) : 128 + constants.signals[signal]));
  });
}
