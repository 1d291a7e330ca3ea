import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { hostname } from 'node:os';
import { bindHost, currentSandbox } from '../config';
import { ROLLOUT_PORTS, type RolloutConfig } from '../contract';
import { CONFIG_MAPS, type ConfigMapObject, KubernetesApi, podAddresses } from '../kubernetes-api';
import { errorMessage, type Logger } from '../telemetry';
import type { RolloutApi } from './api';
import { type Clock, SYSTEM_CLOCK } from './clock';
import { requestsIn } from './commands';
import { ask, Comparison } from './comparison';
import { RolloutController } from './controller';
import { publishEvent } from './events';
import type { FindPods } from './http';
import { Leadership } from './leadership';
import { RolloutMetrics } from './metrics';
import { Notifier } from './notifications';
import { Observer } from './observer';
import { OutcomeSource, Reports, reportedMetrics, reportsEndpoint } from './outcomes';
import { Proxies } from './proxies';
import { close, createHttpServer, createMetricsServer, listen } from './servers';
import { sourceOf } from './sources';
import type { Decision } from './state';
import { statusPage } from './status-page';
import { Waker } from './waker';

/** Options of {@link startRollout}. */
export interface RolloutOptions {
  readonly logger: Logger;

  /** @default - that of the cluster, or of the sandbox */
  readonly api?: RolloutApi;

  /** @default - by DNS */
  readonly findPods?: FindPods;

  /** @default - the system's */
  readonly clock?: Clock;

  /** Ports to listen on; 0 = any. @default - those of the contract */
  readonly ports?: ControllerPorts;
}

/** Ports of a controller. */
export interface ControllerPorts {
  /** Mirrored requests and the status page. */
  readonly http: number;
  readonly metrics: number;

  /** Reports of outcomes, where a metric has them. @default - any */
  readonly outcomes?: number;
}

/** A controller that runs. */
export interface RunningRollout {
  readonly ports: ControllerPorts;

  /** Looks no more, and lets others lead. */
  close(): Promise<void>;
}

const RENEW_MILLIS = 3000;
const RETRY_MILLIS = 1000;

/** A failure that lasts is logged once in so many attempts. */
const LOG_EVERY = 30;

/** Starts the controller of a rollout. */
export async function startRollout(config: RolloutConfig, options: RolloutOptions): Promise<RunningRollout> {
  const { logger, clock = SYSTEM_CLOCK, findPods = podAddresses } = options;
  const api = options.api ?? KubernetesApi.fromEnvironment();
  const identity = `${process.env.HOSTNAME || hostname()}_${randomUUID()}`;
  const metrics = new RolloutMetrics(config);
  const notifiers = config.notifications.map(
    (address) =>
      new Notifier({
        rollout: config.name,
        model: config.model,
        namespace: api.namespace,
        address,
        logger,
        onOutcome: (outcome) => metrics.onNotification(outcome),
      }),
  );
  const comparison = new Comparison({ config, ask, onOutcome: (outcome) => metrics.onComparison(outcome) });
  const leadership = new Leadership({ api, name: config.name, identity, clock });
  const proxies = new Proxies(config, findPods);
  const source = sourceOf(config, findPods);
  const reports = new Reports(config);
  const outcomes = new OutcomeSource(config, reports);
  const observer = new Observer({ config, clock, source, proxies, comparisons: comparison, outcomes, findPods });
  const controller = new RolloutController({
    config,
    api,
    clock,
    leadership,
    observer,
    proxies,
    logger,
    listener: {
      onLook: (...args) => metrics.onLook(...args),
      onDecisions: (decisions, object) => {
        for (const decision of decisions) {
          log(logger, decision);
          metrics.onDecision(decision.kind);
          if (decision.told !== undefined) {
            void publishEvent(decision, object, { api, logger, identity });
            for (const notifier of notifiers) {
              notifier.notify(decision);
            }
          }
        }
      },
    },
  });

  const stopping = new AbortController();
  const { signal } = stopping;
  const waker = new Waker();
  let isReady = false;
  let latest: ConfigMapObject | undefined;
  const host = bindHost();
  const page = config.statusPage ? statusPage(() => latest) : undefined;
  const wanted = options.ports ?? portsOfSandbox();
  const takeReports = reportsEndpoint({
    config,
    reports,
    leads: () => leadership.holder !== undefined,
    onOutcome: (...args) => metrics.onReport(...args),
  });
  const served: [Server, number][] = [
    [createHttpServer(comparison, page), wanted.http],
    [createMetricsServer(metrics.registry, () => isReady), wanted.metrics],
  ];
  if (reportedMetrics(config).size > 0) {
    served.push([createServer(takeReports), wanted.outcomes ?? 0]);
  }
  const [http, other, reporting] = await Promise.all(served.map(([server, port]) => listen(server, port, host)));
  const ports = { http: http.port, metrics: other.port, ...(reporting && { outcomes: reporting.port }) };
  const renewals = renew();
  const looks = lookAgainAndAgain();
  const watching = api.watch<ConfigMapObject>(CONFIG_MAPS, config.name, {
    signal,
    onObject: (object) => {
      latest = object;
      if (object !== undefined && requestsIn(object).length > 0) {
        waker.wake();
      }
    },
    onState: () => undefined,
  });

  logger.info({ rollout: config.name, identity, host, ...ports }, 'controller started');
  return { ports, close: stop };

  async function renew(): Promise<void> {
    const pause = new Waker();
    let failures = 0;
    while (!signal.aborted) {
      const led = leadership.holder !== undefined;
      let delay = RENEW_MILLIS;
      try {
        await leadership.attempt(signal);
        isReady = true;
        failures = 0;
      } catch (error) {
        delay = RETRY_MILLIS;
        if (!signal.aborted && failures++ % LOG_EVERY === 0) {
          logger.warn({ reason: errorMessage(error) }, 'the lease could not be renewed; it is tried again');
        }
      }
      const leads = leadership.holder !== undefined;
      metrics.setLeader(leads);
      if (leads !== led) {
        logger.info({ identity }, leads ? 'leads' : 'leads no more');
        waker.wake();
      }
      await pause.wait(delay, signal);
    }
  }

  async function lookAgainAndAgain(): Promise<void> {
    while (!signal.aborted) {
      await controller.look(signal);
      await waker.wait(controller.delayMillis, signal);
    }
  }

  async function stop(): Promise<void> {
    stopping.abort(new Error('The controller stops.'));
    await Promise.all([renewals, looks, watching.catch(() => undefined)]);
    await leadership.release().catch((error: unknown) => {
      logger.warn({ reason: errorMessage(error) }, 'the lease could not be released; others wait until it is over');
    });
    comparison.close();
    await Promise.all([...notifiers.map((notifier) => notifier.close()), ...served.map(([server]) => close(server))]);
  }
}

function log(logger: Logger, decision: Decision): void {
  const { message, time: _, told, ...facts } = decision;
  logger[told === 'warning' ? 'warn' : 'info'](facts, message);
}

function portsOfSandbox(): ControllerPorts {
  const ports = currentSandbox()?.ports;
  return ports === undefined
    ? ROLLOUT_PORTS
    : {
        http: ports[ROLLOUT_PORTS.http] ?? 0,
        metrics: ports[ROLLOUT_PORTS.metrics] ?? 0,
        outcomes: ports[ROLLOUT_PORTS.outcomes] ?? 0,
      };
}
