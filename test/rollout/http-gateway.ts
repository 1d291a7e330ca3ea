import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RolloutConfig } from '../../lib/contract';
import { RolloutState as AgentState } from '../../runtime/src/gateway/rollout-state';
import { CONFIG_MAPS, type ConfigMapObject, KubernetesApi } from '../../runtime/src/kubernetes-api';

/** A proxy with its agent, for tests: the rules of the agent and counters as Envoy has them, over HTTP. */
export interface HttpGateway {
  readonly agentPort: number;
  readonly metricsPort: number;

  /** Share of the candidate at this moment. */
  readonly candidateWeight: number;

  /** Sends requests, and lets so large a share of each version's fail. */
  send(requests: number, stableErrors: number, candidateErrors: number): void;
  close(): Promise<void>;
}

/** Starts one on free ports; it watches the ConfigMap of the rollout. */
export async function startHttpGateway(config: RolloutConfig, apiUrl: string): Promise<HttpGateway> {
  const { name, stable, candidate } = config;
  const none = { stableWeights: [], candidateWeights: [], mirrors: [], comparisons: [], pins: [] };
  const deadMan = { afterMillis: 60_000, action: 'revert' };
  const route = { name, stable: stable.version, candidate: candidate.version, ...none, deadMan };
  const agent = new AgentState(route, performance.now());
  const stopping = new AbortController();
  const watching = KubernetesApi.at(apiUrl).watch<ConfigMapObject>(CONFIG_MAPS, name, {
    signal: stopping.signal,
    onObject: (object) => agent.onObject(object, performance.now()),
    onState: () => undefined,
  });
  const counters = new Map<string, number>();
  const add = (key: string, by: number) => counters.set(key, (counters.get(key) ?? 0) + by);
  for (const cluster of [...stable.clusters, ...candidate.clusters, ...candidate.shadowClusters]) {
    add(`envoy_cluster_upstream_rq_total{envoy_cluster_name="${cluster}"}`, 0);
  }
  const answer = (cluster: string, code: number) => {
    add(`envoy_cluster_upstream_rq_total{envoy_cluster_name="${cluster}"}`, 1);
    add(`envoy_cluster_upstream_rq{envoy_response_code="${code}",envoy_cluster_name="${cluster}"}`, 1);
  };
  const agentServer = createServer((request, response) => {
    if (request.method === 'POST') {
      void bodyOf(request).then((body) => {
        agent.abort(JSON.parse(body).revision, 'pushed');
        response.end('{}');
      });
      return;
    }
    const { revision, candidateWeight, source } = agent.shares(performance.now());
    const rollouts = { [name]: { revision, candidateWeight, source: source === 'settled' ? 'split' : source } };
    response.end(JSON.stringify({ pod: 'gateway-0', written: 'x', serving: 'x', rollouts }));
  });
  const metricsServer = createServer((_, response) =>
    response.end([...counters].map(([key, value]) => `${key} ${value}\n`).join('')),
  );
  const [agentPort, metricsPort] = await Promise.all(
    [agentServer, metricsServer].map(async (server) => {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return (server.address() as AddressInfo).port;
    }),
  );
  return {
    agentPort,
    metricsPort,
    get candidateWeight() {
      return agent.shares(performance.now()).candidateWeight;
    },
    send: (requests, stableErrors, candidateErrors) => {
      const { candidateWeight } = agent.shares(performance.now());
      for (let count = 0; count < requests; count += 1) {
        const isCandidate = Math.random() * 10_000 < candidateWeight;
        const errors = isCandidate ? candidateErrors : stableErrors;
        answer((isCandidate ? candidate : stable).clusters[0], Math.random() < errors ? 500 : 200);
      }
    },
    close: async () => {
      stopping.abort();
      await watching;
      for (const server of [agentServer, metricsServer]) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) {
    pieces.push(piece as Buffer);
  }
  return Buffer.concat(pieces).toString();
}
