import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import type { OnlineModel } from 'cdk8s-model-serving';
import { GATEWAY_PORTS, PATHS, ROLLOUT_PORTS, type RolloutConfig, WHOLE_SHARE } from '../../../lib/contract';
import { startAgent } from '../../../runtime/src/gateway';
import { KubernetesApi } from '../../../runtime/src/kubernetes-api';
import { type ApiServer, startApiServer } from '../../../runtime/src/local/api-server';
import { type Decision, type RolloutState, readState } from '../../../runtime/src/rollout/state';
import { parseDecisions } from '../../../runtime/src/rollout/verbs';
import { createLogger } from '../../../runtime/src/telemetry';
import type { TestEnvoy } from '../../support/envoy';
import { freePort } from '../../support/free-port';
import { addSplit, addVersion, type ModelServers, newGateway, startGateway } from '../../support/gateways';
import { rolloutConfig } from '../support';
import { type ApiRequest, type LethalApi, type Moment, startLethalApi } from './lethal-api';

const BIN = resolve(__dirname, '../../../runtime/bin/model-serving.js');

/** What becomes of a rollout whose controller is killed. */
export interface KilledRollout {
  readonly model: string;

  /** Every request of its controllers that the API got. */
  readonly requests: readonly ApiRequest[];
  readonly state: RolloutState | undefined;
  readonly decisions: Decision[];

  /** How many of its controllers were killed. */
  readonly kills: number;
}

/** Rollouts of one gateway, each with a controller that is a process. */
export interface KilledRollouts {
  readonly envoy: TestEnvoy;
  readonly agentPort: number;
  readonly rollouts: readonly KilledRollout[];
  close(): Promise<void>;
}

/** What is started for one rollout. */
export interface Plan {
  readonly moment: Moment;

  /** Share of the candidate's answers that are failures. */
  readonly errors: number;
}

/** Steps of every rollout: shares of the candidate. */
const SHARES = [2000, 5000];

/**
 * Starts a gateway as it is rendered, with the real proxy and its agent, and for each plan a rollout with the command of a
 * controller. Each controller is killed at its moment, and then started again.
 */
export async function startKilledRollouts(directory: string, plans: readonly Plan[]): Promise<KilledRollouts> {
  const ends: (() => Promise<unknown>)[] = [];
  const gateway = newGateway();
  const splits = plans.map((_, index) => {
    const [stable, candidate] = [addVersion(gateway, `m${index}`, 'v1'), addVersion(gateway, `m${index}`, 'v2')];
    return { stable, candidate, split: addSplit(gateway, stable, candidate, { name: `rollout-${index}` }) };
  });
  const errors = new Map(plans.map((plan, index) => [`m${index}`, plan.errors]));
  const v1 = await startVersion('v1', () => 0, ends);
  const v2 = await startVersion('v2', (model) => errors.get(model) ?? 0, ends);
  const servers = splits.flatMap(({ stable, candidate }): [OnlineModel, ModelServers][] => [
    [stable, { http: [v1] }],
    [candidate, { http: [v2] }],
  ]);
  const envoy = await startGateway(gateway, join(directory, 'gateway'), servers);
  const agentPort = await freePort();
  const server = await startApiServer({
    host: '127.0.0.1',
    port: 0,
    namespace: 'ml',
    podsOf: (host, port) => {
      const ports: Record<number, number> = {
        [GATEWAY_PORTS.agent]: agentPort,
        [GATEWAY_PORTS.metrics]: envoy.metricsPort,
      };
      return [{ host: '127.0.0.1', port: host.startsWith('gateway') ? (ports[port] ?? port) : port }];
    },
  });
  ends.push(() => server.close());
  for (const [index] of plans.entries()) {
    server.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `rollout-${index}` } });
    server.apply({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: `rollout-${index}` } });
  }
  const baseRoutesPath = join(directory, 'base-routes.json');
  writeFileSync(baseRoutesPath, JSON.stringify(envoy.baseRoutes));
  const routesPath = join(envoy.root, 'routes/routes.json');
  const agent = await startAgent(
    { ...envoy.agent, baseRoutesPath, routesPath, adminPort: envoy.adminPort, port: agentPort } as never,
    { logger: createLogger({ level: 'silent' }), api: KubernetesApi.at(server.url, { namespace: 'ml' }) },
  );
  ends.push(() => agent.close());
  const rollouts = await Promise.all(
    plans.map(async ({ moment }, index) => {
      const { split } = splits[index];
      const config = configOf(`rollout-${index}`, split.stableClusters, split.candidateClusters);
      const rollout = new RealRollout(`m${index}`, config, server, join(directory, config.name));
      ends.push(() => rollout.close());
      await rollout.start(moment);
      return rollout;
    }),
  );
  return {
    envoy,
    agentPort,
    rollouts,
    close: async () => {
      for (const end of ends.reverse()) {
        await end();
      }
    },
  };
}

/** One rollout, and the process that moves it. */
class RealRollout implements KilledRollout {
  readonly requests: ApiRequest[] = [];
  kills = 0;
  private api: LethalApi | undefined;
  private child: ChildProcess | undefined;
  private isClosed = false;

  constructor(
    readonly model: string,
    private readonly config: RolloutConfig,
    private readonly server: ApiServer,
    private readonly root: string,
  ) {}

  get state(): RolloutState | undefined {
    return readState(this.data).state;
  }

  get decisions(): Decision[] {
    return parseDecisions(this.data?.['decisions.jsonl'] ?? '') as Decision[];
  }

  async start(moment: Moment): Promise<void> {
    this.api = await startLethalApi(this.server, (request) => this.requests.push(request));
    const file = join(this.root, PATHS.config);
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, JSON.stringify(this.config));
    this.spawn();
    this.api.arm(moment, async () => {
      await this.kill();
      this.kills += 1;
      this.spawn();
    });
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await this.kill();
    await this.api?.close();
  }

  private get data(): Record<string, string> | undefined {
    return (this.server.get('ConfigMap', this.config.name) as { data?: Record<string, string> } | undefined)?.data;
  }

  private spawn(): void {
    if (this.isClosed) {
      return;
    }
    const ports = { [ROLLOUT_PORTS.http]: 0, [ROLLOUT_PORTS.metrics]: 0 };
    const sandbox = { root: this.root, host: '127.0.0.1', ports, namespace: 'ml', api: this.api?.url };
    this.child = spawn(process.execPath, [BIN, 'rollout', '--config', PATHS.config], {
      env: { ...process.env, MODEL_SERVING_SANDBOX: JSON.stringify(sandbox) },
      stdio: 'ignore',
    });
  }

  private async kill(): Promise<void> {
    const { child } = this;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
  }
}

/** In a hurry: looks every second, and the samples that its guardrail needs. */
function configOf(name: string, stableClusters: string[], candidateClusters: string[]): RolloutConfig {
  const { stable, candidate } = rolloutConfig();
  return rolloutConfig({
    name,
    stable: { ...stable, clusters: stableClusters },
    candidate: { ...candidate, clusters: candidateClusters, shadowClusters: [] },
    intervalMillis: 1000,
    steps: SHARES.map((share) => ({ type: 'weight', share, minMillis: 500, minSamples: 30 })),
    guardrails: [{ name: 'errors', type: 'errorRate', max: 0.05, alpha: 0.01, minSamples: 30 }],
  });
}

/** The most that the proxy may give the candidate, by what was written. */
export function mostWeight(states: readonly RolloutState[]): number {
  const weights = states.map(({ phase, step }) => (phase.startsWith('Promot') ? WHOLE_SHARE : (SHARES[step] ?? 0)));
  return Math.max(0, ...weights);
}

async function startVersion(
  version: string,
  errorsOf: (model: string) => number,
  ends: (() => Promise<unknown>)[],
): Promise<number> {
  const server = createServer((incoming, response) => {
    incoming.resume();
    incoming.on('end', () => {
      const model = /models\/([^:/]+)/.exec(incoming.url ?? '')?.[1] ?? '';
      const isFailure = Math.random() < errorsOf(model);
      response.writeHead(isFailure ? 500 : 200, { 'Content-Type': 'application/json', 'x-version': version });
      response.end('{}');
    });
  });
  // The proxy keeps its connections for longer than a server of Node does.
  server.keepAliveTimeout = 0;
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  ends.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}
