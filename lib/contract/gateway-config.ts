/** Schema name of the configuration of a gateway's agent. */
export const GATEWAY_AGENT_SCHEMA = 'model-serving-gateway-agent/v1';

/** Whole of a split, and of a mirrored share: shares are whole hundredths of a percent. */
export const WHOLE_SHARE = 10_000;

/** Ports of the pods of a gateway. */
export const GATEWAY_PORTS = {
  /** Requests: V1, V2 and gRPC. */
  requests: 8080,
  /** Prometheus text exposition of the proxy at {@link GATEWAY_PATHS.proxyMetrics}, and nothing else of it. */
  metrics: 8082,
  /** The agent: status, metrics, aborts. */
  agent: 8083,
  /** Administration of the proxy, on the loopback address alone. */
  admin: 9901,
} as const;

/** Files, directories and HTTP paths of a gateway's pods. */
export const GATEWAY_PATHS = {
  /** Directory of the live routes, which the agent writes and the proxy watches. */
  routesDirectory: '/routes',
  /** The live routes. */
  routes: '/routes/routes.json',
  /** Bootstrap of the proxy. */
  bootstrap: '/etc/envoy/bootstrap.json',
  /** The routes of the manifest, beside the agent's configuration. */
  baseRoutes: '/etc/model-serving/routes.json',
  /** Metrics of the proxy, on the metrics port. */
  proxyMetrics: '/stats/prometheus',
  /** Answered by the proxy itself with 200: it has routes and does not drain. */
  ready: '/ready',
  /** {@link AgentStatus}, on the agent's port. */
  agentStatus: '/status',
  /** Answers GET, on the agent's port, when the proxy has drained: for `preStop` of both containers. */
  drain: '/drain',
  /** Prefix, on the agent's port, that the proxy asks whether a request has a known API key. */
  authorize: '/authorize',
} as const;

/** What the role `agent` reads: it keeps the live routes of one proxy. */
export interface GatewayAgentConfig {
  /** Schema of this file; always {@link GATEWAY_AGENT_SCHEMA}. */
  readonly schema: string;

  /** Name of the gateway, for logs and metrics. */
  readonly gateway: string;

  /**
   * File with the routes of the manifest, in the JSON form of an Envoy `DiscoveryResponse` with one `RouteConfiguration`:
   * every rollout at 0 for its candidate.
   */
  readonly baseRoutesPath: string;

  /** File that the proxy watches. Replaced by `rename`, in a directory that the proxy watches. */
  readonly routesPath: string;

  /** Port of the proxy's administration on the loopback address. */
  readonly adminPort: number;

  /** Port of the agent itself. */
  readonly port: number;

  /**
   * Directory of a mounted Secret with the hashes of API keys, as in `ApiKeysConfig`: the agent then answers `/authorize/…`
   * for the proxy. Absent = there are no API keys.
   */
  readonly apiKeysPath?: string;

  /**
   * How long a drain waits for clients to learn that the pod leaves, in milliseconds, before requests in flight are all that it
   * waits for.
   *
   * @default 5000
   */
  readonly endpointRemovalMillis?: number;

  /**
   * Longest time of a drain, in milliseconds; below the grace period of the pod.
   *
   * @default 30000
   */
  readonly drainMillis?: number;

  /** The rollouts whose splits the agent applies. */
  readonly rollouts: RolloutRouteConfig[];
}

/** Where the numbers of one rollout stand in the routes of the manifest. */
export interface RolloutRouteConfig {
  /** Name of the rollout, and of the ConfigMap with its {@link RolloutSplit}, in the namespace of the gateway. */
  readonly name: string;

  /** Version that is served. A split for other versions is not applied. */
  readonly stable: string;

  /** Version that may replace it. */
  readonly candidate: string;

  /** JSON pointers (RFC 6901) to the weights of the stable version, which with the candidate's are {@link WHOLE_SHARE}. */
  readonly stableWeights: string[];

  /** JSON pointers to the weights of the candidate. */
  readonly candidateWeights: string[];

  /** JSON pointers to the numerators (of {@link WHOLE_SHARE}) of what is mirrored to the candidate. */
  readonly mirrors: string[];

  /** JSON pointers to the numerators (of {@link WHOLE_SHARE}) of what is mirrored to the controller, to be compared. */
  readonly comparisons: string[];

  /** JSON pointers to the numerators of the routes that a header leads to the candidate: 0 or {@link WHOLE_SHARE}. */
  readonly pins: string[];

  /** What happens when the controller is not heard of any more. */
  readonly deadMan: DeadManConfig;
}

/** What an agent does without a controller while a candidate has a share. */
export interface DeadManConfig {
  /** Longest time without a new heartbeat, in milliseconds by the agent's own clock. */
  readonly afterMillis: number;

  /** `revert`: everything to the stable version. `hold`: the share stays as it is. */
  readonly action: string;
}

/** What an agent answers at {@link GATEWAY_PATHS.agentStatus}. */
export interface AgentStatus {
  /** Name of the pod. */
  readonly pod: string;

  /** `version_info` of the routes that the agent wrote last. */
  readonly written: string;

  /** `version_info` of the routes that the proxy serves; absent = it has none, or does not answer. */
  readonly serving?: string;

  /** Why the proxy refused the routes that were written last; absent = it did not. */
  readonly rejected?: string;

  /** The rollouts by name. */
  readonly rollouts: { readonly [name: string]: AppliedSplit };
}

/** What a proxy does for one rollout. */
export interface AppliedSplit {
  /** Revision of the split that the proxy serves; 0 = the routes of the manifest. */
  readonly revision: number;

  /** Share of the candidate that the proxy serves, of {@link WHOLE_SHARE}. */
  readonly candidateWeight: number;

  /** `manifest`, `split`, `abort` (pushed or annotated, before a split confirmed it) or `dead-man`. */
  readonly source: string;

  /** Why the split of the ConfigMap is not applied: it cannot be read, or is for other versions. Absent = nothing is wrong. */
  readonly problem?: string;
}
