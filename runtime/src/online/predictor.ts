import type { IncomingMessage, RequestListener, Server } from 'node:http';
import { bindHost, type UnusableModel } from '../config';
import type { ServingConfig } from '../contract';
import { type Logger, ServingMetrics } from '../telemetry';
import { DrainTimeoutError } from './drain-timeout';
import { BodyReader } from './http/body';
import { type Address, close, listen, waitForConnections } from './http/listener';
import { createMetricsServer } from './http/metrics-server';
import { Responder } from './http/responder';
import { addRoutes } from './http/routes';
import { createApp, createHttpServer } from './http/server';
import { type ServingLimits, servingLimits } from './limits';
import { ServedModels } from './served-models';

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
   * Limits that differ from those of the configuration and the container.
   *
   * @default - none
   */
  readonly limits?: Partial<ServingLimits>;
}

/** A serving process. */
export interface Predictor {
  /** Where it listens. */
  readonly addresses: { readonly http: Address; readonly metrics: Address };

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
 * Serves the models of a configuration over V1 and V2 REST, and the metrics on a port of their own.
 *
 * Listens at once, so that health checks are answered while models are loading. A port 0 stands for any free port. The
 * gRPC port of the configuration is not opened.
 */
export async function startPredictor(config: ServingConfig, options: PredictorOptions): Promise<Predictor> {
  const { logger, onLoadFailure } = options;
  const { server } = config;
  const limits: ServingLimits = { ...servingLimits(server), ...options.limits };
  const responder = new Responder();
  const metrics = new ServingMetrics();
  const context = { responder, metrics, logger, bodies: new BodyReader(limits) };
  const models = new ServedModels({ config, unusable: options.unusable ?? [], limits, context });
  const isReady = () => models.registry.ready && !responder.closing;

  const app = createApp();
  addRoutes({ app, models, responder, logger, isReady });
  const shortcuts = new Shortcuts(models);
  const http = createHttpServer(app, (request) => shortcuts.find(request), responder, limits);
  const metricsServer = createMetricsServer(metrics.registry, limits);
  const host = bindHost();
  const addresses = await listenAll([http, server.httpPort], [metricsServer, server.metricsPort], host);
  logger.info({ http: addresses.http, metrics: addresses.metrics }, 'listening');

  const ready = models.load(onLoadFailure, () => shortcuts.rebuild());
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

  async function drain(): Promise<void> {
    const deadline = performance.now() + server.drainTimeoutMillis;
    responder.closing = true;
    models.stopLoading();
    await waitForConnections(http, limits.lastRequestsMillis);
    const finished = await close(http, deadline - performance.now());
    await close(metricsServer, 0);
    await models.idle();
    await ready.catch(() => undefined);
    await models.close();
    if (!finished) {
      throw new DrainTimeoutError(server.drainTimeoutMillis);
    }
  }
}

async function listenAll(
  [http, httpPort]: [Server, number],
  [metrics, metricsPort]: [Server, number],
  host: string,
): Promise<Predictor['addresses']> {
  const address = await listen(http, httpPort, host);
  try {
    return { http: address, metrics: await listen(metrics, metricsPort, host) };
  } catch (error) {
    http.close();
    throw error;
  }
}

/** Predictions by their URL, so that the most frequent requests need no routing. */
class Shortcuts {
  private byUrl = new Map<string, RequestListener>();

  constructor(private readonly models: ServedModels) {}

  find({ method, url }: IncomingMessage): RequestListener | undefined {
    return method === 'POST' && url !== undefined ? this.byUrl.get(url) : undefined;
  }

  /** Makes the table anew, after a model became ready. */
  rebuild(): void {
    const byUrl = new Map<string, RequestListener>();
    const { registry } = this.models;
    for (const { name, version } of registry.all) {
      this.add(byUrl, name, version);
      this.add(byUrl, name, undefined);
    }
    this.byUrl = byUrl;
  }

  private add(byUrl: Map<string, RequestListener>, name: string, version: string | undefined): void {
    const found = this.models.registry.find(name, version);
    const served = found && this.models.get(found);
    if (served !== undefined) {
      const path = `models/${encodeURIComponent(name)}`;
      const suffix = version === undefined ? '' : `/versions/${encodeURIComponent(version)}`;
      byUrl.set(`/v1/${path}${suffix}:predict`, (request, response) => served.v1.handle(request, response));
      byUrl.set(`/v2/${path}${suffix}/infer`, (request, response) => served.v2.handle(request, response));
    }
  }
}
