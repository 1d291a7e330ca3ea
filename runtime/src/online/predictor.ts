import type { Server as NetServer } from 'node:net';
import { bindHost, type UnusableModel } from '../config';
import { HTTP_PATHS, type ModelConfig, type ServerConfig, type ServingConfig } from '../contract';
import { type Logger, ServingMetrics } from '../telemetry';
import type { Tracing } from '../tracing';
import { openAccess } from './access';
import { DrainTimeoutError } from './drain-timeout';
import { GrpcPort } from './grpc';
import { BodyReader } from './http/body';
import { DOCS_PATHS } from './http/docs-page';
import { Guard } from './http/guard';
import { type Address, close, listen, waitForConnections } from './http/listener';
import { createMetricsServer } from './http/metrics-server';
import { Responder } from './http/responder';
import { createRouter } from './http/router';
import { addRoutes, healthHandlers } from './http/routes';
import { createHttpServer } from './http/server';
import { type ServingLimits, servingLimits } from './limits';
import { createManagementServer, MANAGEMENT_HOST } from './management/management-server';
import { ModelRepository } from './management/model-repository';
import type { ProvidedModel } from './provided-model';
import { ServedModels } from './served-models';
import { Shortcuts } from './shortcuts';

/** Options of {@link startPredictor}. */
export interface PredictorOptions {
  readonly logger: Logger;

  /** A model that cannot be loaded ends the process (`exit`), or is listed as not ready while the others serve (`report`). */
  readonly onLoadFailure: 'exit' | 'report';

  /**
   * Models that were found but cannot even be tried: they are listed as not ready, with their reason.
   *
   * @default - none
   */
  readonly unusable?: readonly UnusableModel[];

  /**
   * What is served beside the models of the configuration, under names of its own.
   *
   * @default - nothing
   */
  readonly provided?: readonly ProvidedModel[];

  /**
   * The models as they are declared now, for those that are loaded over the management port.
   *
   * @default - those of the configuration
   */
  readonly declaredNow?: () => Promise<readonly ModelConfig[]>;

  /**
   * Limits that differ from those of the configuration and the container.
   *
   * @default - none
   */
  readonly limits?: Partial<ServingLimits>;
}

/** Time for writing what the stages still have to write, when the drain has taken all of its own. */
const LEAST_FLUSH_MILLIS = 500;

/** A serving process. */
export interface Predictor {
  /** Where it listens. */
  readonly addresses: {
    readonly http: Address;
    readonly grpc: Address;
    readonly metrics: Address;

    /** Absent when the configuration has no management port. */
    readonly management?: Address;
  };

  /**
   * Settles when every model has been tried: resolves when all are loaded and warm, or reported.
   * Rejects with an error that carries `exitCode` when one cannot be loaded and `onLoadFailure` is `exit`.
   */
  readonly ready: Promise<void>;

  /**
   * Ends the process without losing a request. Readiness becomes 503 and every answer closes its connection; new
   * requests are still answered for a moment, since clients have not noticed yet. Then idle connections and the
   * listeners are closed and what is in flight is finished.
   *
   * @throws DrainTimeoutError when that takes longer than `server.drainTimeoutMillis`; connections are cut then
   */
  drain(): Promise<void>;
}

/**
 * Serves the models of a configuration over V1 and V2 REST and V2 gRPC, and the metrics on a port of their own.
 *
 * Listens at once, so that health checks are answered while models are loading. A port 0 stands for any free port.
 */
export async function startPredictor(config: ServingConfig, options: PredictorOptions): Promise<Predictor> {
  const { logger, onLoadFailure } = options;
  const { server } = config;
  const limits: ServingLimits = { ...servingLimits(server), ...options.limits };
  const responder = new Responder();
  const metrics = new ServingMetrics();
  const context = { responder, metrics, logger, bodies: new BodyReader(limits) };
  const tracing = openTracing(server, logger);
  const { unusable = [], provided = [] } = options;
  const models = new ServedModels({ config, unusable, provided, limits, context, tracing });
  const isReady = () => models.registry.ready && !responder.closing;

  const router = createRouter((router) =>
    addRoutes({ router, models, responder, bodies: context.bodies, logger, server, isReady }),
  );
  const shortcuts = new Shortcuts(models, healthHandlers(responder, isReady));
  const access = await openAccess(server, logger, metrics.registry);
  const { authenticator, tls } = access;
  const guard = authenticator && new Guard({ authenticator, responder, openPaths: openPaths(server) });
  const http = createHttpServer(router, (request) => shortcuts.find(request), responder, limits, {
    guard,
    tls,
    cors: server.cors,
  });
  const metricsServer = createMetricsServer({ registry: metrics.registry, limits, isReady });
  const host = bindHost();
  const grpc = new GrpcPort({ models, metrics, logger, limits, isReady, authenticator, tls });
  const repository = new ModelRepository({
    models,
    declaredNow: options.declaredNow ?? (() => Promise.resolve(config.models)),
    started: () => ready,
    logger,
  });
  const management =
    server.management &&
    createManagementServer({
      repository,
      versions: () => models.registry.all,
      bodies: context.bodies,
      responder,
      limits,
      logger,
    });
  const [httpAddress, grpcAddress, metricsAddress, managementAddress] = await listenAll([
    [http, server.httpPort, host],
    [grpc.server, server.grpcPort, host],
    [metricsServer, server.metricsPort, host],
    ...(management === undefined ? [] : ([[management, server.management?.port ?? 0, MANAGEMENT_HOST]] as const)),
  ]);
  const addresses = {
    http: httpAddress,
    grpc: grpcAddress,
    metrics: metricsAddress,
    ...(management === undefined ? {} : { management: managementAddress }),
  };
  logger.info(addresses, 'listening');

  const ready = models.load(onLoadFailure, () => {
    shortcuts.rebuild();
    grpc.refresh();
  });
  // Whoever awaits it sees the failure; without anyone it must not end the process.
  ready.catch(() => undefined);
  let draining: Promise<void> | undefined;
  return {
    addresses,
    ready,
    drain: () => {
      draining ??= drain();
      return draining;
    },
  };

  async function drainHttp(deadline: number): Promise<boolean> {
    await waitForConnections(http, limits.lastRequestsMillis);
    return close(http, deadline - performance.now());
  }

  async function drain(): Promise<void> {
    const deadline = performance.now() + server.drainTimeoutMillis;
    responder.closing = true;
    models.stopLoading();
    const [httpFinished, grpcFinished] = await Promise.all([drainHttp(deadline), grpc.drain(deadline)]);
    await close(metricsServer, 0);
    await (management && close(management, 0));
    await models.idle();
    await ready.catch(() => undefined);
    const flushMillis = () => Math.max(LEAST_FLUSH_MILLIS, deadline - performance.now());
    await models.close(flushMillis());
    await tracing?.close(flushMillis());
    access.close();
    if (!httpFinished || !grpcFinished) {
      throw new DrainTimeoutError(server.drainTimeoutMillis);
    }
  }
}

type Port = readonly [server: NetServer, port: number, host: string];

async function listenAll(ports: readonly Port[]): Promise<Address[]> {
  const addresses: Address[] = [];
  try {
    for (const [server, port, host] of ports) {
      addresses.push(await listen(server, port, host));
    }
  } catch (error) {
    for (const [server] of ports.slice(0, addresses.length)) {
      server.close();
    }
    throw error;
  }
  return addresses;
}

/** Its program is loaded only when it is configured. */
function openTracing({ tracing }: ServerConfig, logger: Logger): Tracing | undefined {
  if (tracing === undefined) {
    return undefined;
  }
  const { startTracing } = require('../tracing') as typeof import('../tracing');
  return startTracing(tracing, logger);
}

/** What everybody may ask for when authentication is configured: nothing of it tells about the models. */
function openPaths({ docs = true }: ServerConfig): string[] {
  return [HTTP_PATHS.live, HTTP_PATHS.ready, ...(docs ? DOCS_PATHS : [])];
}
