import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { bindHost } from '../config';
import type { GatewayAgentConfig } from '../contract';
import { KubernetesApi, type WatchTimes } from '../kubernetes-api';
import { errorMessage, type Logger } from '../telemetry';
import { agentStatus } from './agent-status';
import { Authorization } from './authorization';
import { BaseRoutes } from './base-routes';
import { drainProxy } from './drain';
import { createAgentServer } from './http-server';
import { AgentMetrics } from './metrics';
import { ProxyAdmin } from './proxy-admin';
import { RoutesPublisher } from './publisher';
import { RolloutState } from './rollout-state';
import { watchRollout } from './rollout-watch';
import { seedRoutes } from './routes-file';
import type { Shares } from './shares';

const ENDPOINT_REMOVAL_MILLIS = 5000;
const DRAIN_MILLIS = 30_000;

/** After a write that failed, for example on a full disk. */
const RETRY_MILLIS = 1000;

/** A timer of Node takes no more. */
const MAX_TIMER_MILLIS = 2 ** 31 - 1;

/** Options of {@link startAgent}. */
export interface AgentOptions {
  readonly logger: Logger;

  /** @default - the API of the cluster that this process runs in; none is asked when there is no rollout */
  readonly api?: KubernetesApi;

  /** @default - as `KubernetesApi.watch` has them */
  readonly watchTimes?: WatchTimes;
}

/** A running agent. */
export interface RunningAgent {
  readonly address: { readonly host: string; readonly port: number };

  /** Ends the agent; the proxy goes on with the routes that it has. */
  close(): Promise<void>;
}

/**
 * Keeps the live routes of one proxy.
 *
 * @throws ConfigurationError when the routes, the pointers into them, or the API keys cannot be used
 */
export async function startAgent(config: GatewayAgentConfig, options: AgentOptions): Promise<RunningAgent> {
  const base = BaseRoutes.open(config);
  const authorization =
    config.apiKeysPath === undefined ? undefined : await Authorization.open(config.apiKeysPath, options.logger);
  const agent = new GatewayAgent(config, base, authorization, options);
  return agent.start();
}

class GatewayAgent {
  private readonly rollouts: ReadonlyMap<string, RolloutState>;
  private readonly admin: ProxyAdmin;
  private readonly metrics: AgentMetrics;
  private readonly publisher: RoutesPublisher;
  private readonly stopping = new AbortController();
  private readonly watches: Promise<void>[] = [];

  /** What was logged last for each rollout. */
  private readonly logged = new Map<string, string>();
  private timer: NodeJS.Timeout | undefined;
  private drained: Promise<void> | undefined;

  constructor(
    private readonly config: GatewayAgentConfig,
    private readonly base: BaseRoutes,
    private readonly authorization: Authorization | undefined,
    private readonly options: AgentOptions,
  ) {
    const { logger } = options;
    const former = seedRoutes(base, config.routesPath);
    const now = performance.now();
    this.rollouts = new Map(
      config.rollouts.map((route) => [route.name, new RolloutState(route, now, former.get(route.name))]),
    );
    this.admin = new ProxyAdmin(config.adminPort);
    this.metrics = new AgentMetrics(authorization !== undefined, this.rollouts, () => this.publisher.applied);
    this.publisher = new RoutesPublisher({
      path: config.routesPath,
      admin: this.admin,
      logger,
      metrics: this.metrics,
      initial: base.render(former),
    });
  }

  async start(): Promise<RunningAgent> {
    const { config, options } = this;
    const api = config.rollouts.length === 0 ? undefined : (options.api ?? KubernetesApi.fromEnvironment());
    this.update();
    const server = this.server();
    const host = bindHost();
    server.listen(config.port, host);
    await once(server, 'listening');
    for (const [rollout, state] of this.rollouts) {
      this.watches.push(
        watchRollout({
          api: api as KubernetesApi,
          rollout,
          state,
          onChange: () => this.update(),
          onConnected: (connected) => this.metrics.watchConnected(rollout, connected),
          logger: options.logger,
          signal: this.stopping.signal,
          times: options.watchTimes,
        }),
      );
    }
    const { port } = server.address() as AddressInfo;
    options.logger.info({ gateway: config.gateway, host, port, rollouts: [...this.rollouts.keys()] }, 'agent started');
    return { address: { host, port }, close: () => this.close(server) };
  }

  /** Brings the routes to what is known now. @returns whether they could be written */
  private update(): boolean {
    clearTimeout(this.timer);
    const now = performance.now();
    const shares = new Map([...this.rollouts].map(([rollout, state]) => [rollout, state.shares(now)]));
    let next = Math.min(
      ...[...this.rollouts.values()].map(({ deadline }) =>
        deadline > now ? deadline - now : Number.POSITIVE_INFINITY,
      ),
    );
    let isWritten = true;
    try {
      if (this.base.versionOf(shares) !== this.publisher.wanted) {
        this.publisher.publish(this.base.render(shares));
      }
      for (const [rollout, each] of shares) {
        this.logChange(rollout, each, now);
      }
    } catch (error) {
      this.options.logger.error({ reason: errorMessage(error) }, 'the routes cannot be written; it is tried again');
      next = Math.min(next, RETRY_MILLIS);
      isWritten = false;
    }
    if (next !== Number.POSITIVE_INFINITY) {
      this.timer = setTimeout(() => this.update(), Math.min(Math.ceil(next), MAX_TIMER_MILLIS));
    }
    return isWritten;
  }

  private abort(rollout: string, revision: number | undefined): object | undefined {
    const state = this.rollouts.get(rollout);
    if (state === undefined) {
      return undefined;
    }
    state.abort(revision, revision === undefined ? 'pushed' : `pushed for revision ${revision}`);
    if (!this.update()) {
      throw new Error('The routes cannot be written now; it is tried again.');
    }
    return { written: this.publisher.version };
  }

  private server(): Server {
    const { authorization, metrics, publisher } = this;
    return createAgentServer(
      {
        status: () => agentStatus(publisher, this.base, this.rollouts),
        metrics: async () => {
          await publisher.look();
          return { type: metrics.registry.contentType, text: await metrics.registry.metrics() };
        },
        drain: () => {
          this.drained ??= drainProxy(this.admin, this.drainTimes, this.options.logger);
          return this.drained;
        },
        abort: (rollout, revision) => this.abort(rollout, revision),
        ...(authorization === undefined
          ? {}
          : {
              authorize: ({ headers }) => {
                const verdict = authorization.judge(headers);
                metrics.authorized(verdict.result);
                return verdict;
              },
            }),
      },
      this.options.logger,
    );
  }

  private get drainTimes() {
    const { endpointRemovalMillis = ENDPOINT_REMOVAL_MILLIS, drainMillis = DRAIN_MILLIS } = this.config;
    return { endpointRemovalMillis, drainMillis };
  }

  private logChange(rollout: string, shares: Shares, now: number): void {
    const text = JSON.stringify(shares);
    if (this.logged.get(rollout) !== text) {
      this.logged.set(rollout, text);
      const why = this.rollouts.get(rollout)?.why(now);
      this.options.logger.info({ rollout, ...shares, why }, 'shares of the rollout changed');
    }
  }

  private async close(server: Server): Promise<void> {
    this.stopping.abort();
    clearTimeout(this.timer);
    this.publisher.close();
    this.authorization?.close();
    const closed = new Promise((resolve) => server.close(resolve));
    // Answers under way have a moment.
    await Promise.race([closed, wait(RETRY_MILLIS, undefined, { ref: false })]);
    server.closeAllConnections();
    await Promise.all([closed, ...this.watches]);
  }
}
