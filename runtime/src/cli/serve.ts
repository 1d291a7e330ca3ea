import { discoverModels, type UnusableModel } from '../config';
import { ENVIRONMENT } from '../contract';
import { keepHeapSmall, startPredictor } from '../online';
import { createLogger, errorMessage, type Logger } from '../telemetry';
import { explainPortFault } from './ports';
import { describeModel, exampleRequest, type ServedModelDescription, tensorText } from './served-model';
import { drainOnSignal } from './signals';
import { table } from './table';

/** Options of `model-serving serve`. */
export interface ServeOptions {
  readonly models: string;
  readonly httpPort: number;
  readonly grpcPort: number;
  readonly metricsPort: number;
  readonly managementPort?: number;
  readonly host?: string;
}

/** Where a server listens. */
interface Address {
  readonly host: string;
  readonly port: number;
}

/** Serves the models of a directory until a signal ends it; a model that cannot be loaded is listed, and the others serve. */
export async function serve({ models: directory, host, managementPort, ...ports }: ServeOptions): Promise<void> {
  const logger = createLogger({ name: 'serve' });
  logger.info({ directory }, 'reading models');
  const { config: discovered, unusable } = await discoverModels(directory, ports);
  const management = managementPort === undefined ? undefined : { port: managementPort };
  const config = { ...discovered, server: { ...discovered.server, management } };
  const declaredNow = async () => (await discoverModels(directory, ports)).config.models;
  if (host !== undefined) {
    process.env[ENVIRONMENT.host] = host;
  }
  const running = await startPredictor(config, { logger, onLoadFailure: 'report', unusable, declaredNow }).catch(
    (error: unknown) => {
      throw explainPortFault(error, [
        { port: ports.httpPort, setting: '--http-port' },
        { port: ports.grpcPort, setting: '--grpc-port' },
        { port: ports.metricsPort, setting: '--metrics-port' },
        ...(managementPort === undefined ? [] : [{ port: managementPort, setting: '--management-port' }]),
      ]);
    },
  );
  drainOnSignal(logger, () => running.drain());
  await running.ready;
  keepHeapSmall();
  const { http, grpc, metrics } = running.addresses;
  const urls = { http: urlOf(http), grpc: targetOf(grpc), metrics: `${urlOf(metrics)}/metrics` };
  const models = await Promise.all(
    config.models.map(({ name, version }) =>
      // The report is for people; the server goes on without it.
      describeModel(urls.http, name, version).catch((error: unknown) =>
        asNotReady({ name, version, reason: errorMessage(error) }),
      ),
    ),
  );
  report([...models, ...unusable.map(asNotReady)], urls, logger);
}

function report(
  models: readonly ServedModelDescription[],
  urls: { http: string; grpc: string; metrics: string },
  logger: Logger,
): void {
  if (!process.stdout.isTTY) {
    for (const { name, version, reason } of models.filter(({ ready }) => !ready)) {
      logger.error({ model: name, version, reason }, 'model is not ready');
    }
    logger.info(
      { ...urls, models: models.filter(({ ready }) => ready).map(({ name, version }) => `${name}/${version}`) },
      'serving',
    );
    return;
  }
  const rows = models.map(({ name, version, ready, reason, inputs, outputs }) => [
    name,
    version,
    ready ? 'ready' : 'not ready',
    ready ? `${inputs.map(tensorText).join(', ')} → ${outputs.map(tensorText).join(', ')}` : (reason ?? ''),
  ]);
  const example = models.find(({ ready }) => ready);
  const text = [
    '',
    table(['MODEL', 'VERSION', 'STATE', 'INPUTS → OUTPUTS'], rows),
    '',
    `V1 and V2   ${urls.http}`,
    `V2 gRPC     ${urls.grpc}`,
    `Metrics     ${urls.metrics}`,
    ...(example === undefined ? [] : ['', 'Try:', exampleRequest(urls.http, example)]),
    '',
    'Ctrl-C drains and ends.',
    '',
  ];
  process.stdout.write(`${text.join('\n')}\n`);
}

function asNotReady({ name, version, reason }: UnusableModel): ServedModelDescription {
  return { name, version, ready: false, reason, inputs: [], outputs: [] };
}

/** A URL that a person on this machine can use. */
function urlOf(address: Address): string {
  return `http://${targetOf(address)}`;
}

/** Host and port, as clients of gRPC take them; an address that stands for all is none to connect to. */
function targetOf({ host, port }: Address): string {
  const name = host === '::' || host === '0.0.0.0' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `${name}:${port}`;
}
