/** Schema name of the configuration of a rollout. */
export const ROLLOUT_SCHEMA = 'model-serving-rollout/v1';

/** Ports of the controller of a rollout. */
export const ROLLOUT_PORTS = {
  /** Status page and mirrored requests to compare. */
  http: 8080,
  /** Outcomes that applications report. */
  outcomes: 8081,
  /** Prometheus text exposition, and health. */
  metrics: 8082,
} as const;

/** HTTP paths of the controller of a rollout, on its metrics port. */
export const ROLLOUT_PATHS = {
  /** The event loop turns. */
  live: '/live',
  /** It has read its rollout, and leads or waits to lead. */
  ready: '/ready',
  /** Prometheus text exposition. */
  metrics: '/metrics',
} as const;

/** HTTP path of outcomes, on {@link ROLLOUT_PORTS}`.outcomes`. */
export const ROLLOUT_OUTCOMES_PATH = '/outcomes';

/** What a query for an outcome metric has in the place of the version. */
export const VERSION_PLACEHOLDER = '{version}';

/** Keys of the ConfigMap that holds a rollout. The manifest has it without data; the controller fills it. */
export const ROLLOUT_KEYS = {
  /** {@link RolloutSplit} as JSON: what agents apply. */
  split: 'split.json',
  /** Counts up while the controller leads, as a whole number. Agents compare it with what they saw before. */
  heartbeat: 'heartbeat',
  /** What the controller remembers, as JSON. */
  state: 'state.json',
  /** `RolloutStatus` as JSON: what people see. */
  status: 'status.json',
  /** Decisions, one JSON object a line, oldest first. */
  decisions: 'decisions.jsonl',
} as const;

/** Verbs of people: the annotation `model-serving/<verb>` on the ConfigMap, its value the reason or {@link RolloutCommand}. */
export const ROLLOUT_VERBS = ['promote', 'promote-full', 'pause', 'resume', 'abort', 'retry', 'skip-step'] as const;

/** Prefix of the annotations that are verbs. */
export const ROLLOUT_ANNOTATION_PREFIX = 'model-serving/';

/** Value of the annotation of a verb, as JSON. A plain text is the reason alone. */
export interface RolloutCommand {
  /** Identifies the request: a second one with the same id is the same. */
  readonly id: string;
  /** Who asks. */
  readonly by: string;
  /** Why. */
  readonly why: string;
}

/** The numbers that routes get. */
export interface RolloutSplit {
  /** Greater with every change. */
  readonly revision: number;

  /** Versions that the numbers are for: agents whose routes have others do not apply them. */
  readonly stable: string;
  readonly candidate: string;

  /** Share of the candidate, of `WHOLE_SHARE`; the stable version has the rest. */
  readonly candidateWeight: number;

  /** Share of requests that is mirrored to the candidate as well, of `WHOLE_SHARE`. */
  readonly mirror: number;

  /** Share of requests that is mirrored to the controller, which sends them to both and compares, of `WHOLE_SHARE`. */
  readonly comparison: number;

  /** Whether the header of the step `header` leads to the candidate. */
  readonly pinned: boolean;

  /** Whether the candidate has replaced the stable version: nobody has to be heard of for it to stay. @default false */
  readonly settled?: boolean;
}

/** What the role `rollout` reads: one rollout, from a stable version to a candidate. Durations are whole milliseconds. */
export interface RolloutConfig {
  /** Schema of this file; always {@link ROLLOUT_SCHEMA}. */
  readonly schema: string;

  /** Name of the rollout, of its ConfigMap and of its Lease, in the namespace of the pod. */
  readonly name: string;

  /** Name of the model. */
  readonly model: string;

  /** The version that is served. */
  readonly stable: RolloutArmConfig;

  /** The version that may replace it. */
  readonly candidate: RolloutArmConfig;

  /** The proxies that split the traffic. */
  readonly gateway: RolloutGatewayConfig;

  /** Where counts come from. */
  readonly metrics: MetricsSourceConfig;

  /** What comes of the answers: the metrics of `outcome` guardrails. Absent = none. */
  readonly outcomes?: OutcomeMetricConfig[];

  /** What happens in turn; promotion follows the last. */
  readonly steps: RolloutStepConfig[];

  /** What ends the rollout. */
  readonly guardrails: GuardrailConfig[];

  /** What happens when counts are missing. */
  readonly missingData: MissingDataConfig;

  /** Time between two looks. */
  readonly intervalMillis: number;

  /** Longest time that a step may stay undecided after its least time and samples; then a person is asked. */
  readonly maxStepMillis: number;

  /** Longest time until the candidate is ready, before the rollout aborts. */
  readonly readyTimeoutMillis: number;

  /**
   * Whether users keep a version. Then the requests of few users may be many, so that the ratio of requests says nothing, and
   * is not tested. Absent = false.
   */
  readonly sticky?: boolean;

  /** Who is told. */
  readonly notifications: NotificationConfig[];

  /** Whether the status page is served on the HTTP port. */
  readonly statusPage: boolean;
}

/** One of the two versions. */
export interface RolloutArmConfig {
  readonly version: string;

  /** SHA-256 of the model, to name it in decisions; absent = not known at synth. */
  readonly sha256?: string;

  /** Base address of its Service, for readiness and comparisons: `http://iris-v2-….ns.svc`. */
  readonly url: string;

  /** Pods that must be ready before it gets traffic. */
  readonly minReady: number;

  /** Host name of the headless Service whose addresses are its ready pods. */
  readonly podsHost: string;

  /** Clusters of the proxy that carry its share of requests: over HTTP, and over gRPC. */
  readonly clusters: string[];

  /** Clusters of the proxy that carry requests mirrored to it. */
  readonly shadowClusters: string[];

  /** Clusters of the proxy that carry requests whose header leads to it. Absent = none. */
  readonly pinClusters?: string[];
}

/** The proxies in front of both versions. */
export interface RolloutGatewayConfig {
  /** Host name of the headless Service whose addresses are the proxies' pods, ready or not. */
  readonly podsHost: string;

  /** Port of the agents. */
  readonly agentPort: number;

  /** Port of the proxies' metrics. */
  readonly metricsPort: number;
}

/** Where the counts of the two versions come from. */
export interface MetricsSourceConfig {
  /** `direct`: the proxies' metrics are scraped, one by one. `prometheus`: they are asked for. */
  readonly type: string;

  /** Address of Prometheus (type `prometheus`). */
  readonly url?: string;

  /** Labels that the series of this gateway have, and those of others have not (type `prometheus`). Absent = none. */
  readonly labels?: Record<string, string>;

  /** Longest time for one answer. */
  readonly timeoutMillis: number;
}

/** A metric of what comes of the answers of a version. */
export interface OutcomeMetricConfig {
  /** Unique within the rollout; what applications call it. */
  readonly name: string;

  /** `reported`: applications report each value. `prometheus`: a server is asked for sums. */
  readonly source: string;

  /** Whether it is the sum of the values over the sum of their denominators (`reported`). Absent = it is their mean. */
  readonly ratio?: boolean;

  /** Values above it count as it, those below its negative as that (`reported`). Absent = as they are. */
  readonly cap?: number;

  /** Address of Prometheus (`prometheus`). */
  readonly url?: string;

  /** What Prometheus is asked for (`prometheus`). */
  readonly queries?: OutcomeQueriesConfig;
}

/** Queries in PromQL for the sums of the values of a version, with `VERSION_PLACEHOLDER`. Each gives series that only grow. */
export interface OutcomeQueriesConfig {
  /** Number of values. */
  readonly count: string;

  /** Their sum. */
  readonly sum: string;

  /** The sum of their squares. */
  readonly sumSquares: string;
}

/** One step of a rollout. */
export interface RolloutStepConfig {
  /** `shadow`, `weight`, `header`, `pause` or `analysis`. */
  readonly type: string;

  /** `weight`: share of the candidate; `shadow`: mirrored share; of `WHOLE_SHARE`. */
  readonly share?: number;

  /** `shadow`: share of requests whose answers are compared, of `WHOLE_SHARE`. */
  readonly comparison?: number;

  /** Least time, with proxies that serve the split and a controller that looks. Absent = none. */
  readonly minMillis?: number;

  /**
   * Least number of requests in both versions (`shadow`: mirrored; compared, where answers are; `header`: with the header).
   * Absent = none.
   */
  readonly minSamples?: number;
}

/** One guardrail. Each has an error probability of its own; any one that fails ends the rollout. */
export interface GuardrailConfig {
  /** Unique within the rollout; in decisions, metrics and messages. */
  readonly name: string;

  /**
   * `errorRate`: share of failed requests of the candidate at most `max`.
   * `errorRateIncrease`: it exceeds that of the stable version by at most `margin`.
   * `latency`: share of requests of the candidate over `budgetMillis` at most `max`.
   * `latencyIncrease`: it exceeds that of the stable version by at most `margin`.
   * `disagreement`: share of compared answers that differ at most `max`.
   * `outcome`: a mean (or ratio) is worse than that of the stable version by at most `margin`.
   */
  readonly type: string;

  /** Largest share, from 0 to 1. */
  readonly max?: number;

  /** Largest increase, from 0 to 1; `outcome`: largest harm, in the unit of the metric. */
  readonly margin?: number;

  /** Edge of the latency histogram, in milliseconds. */
  readonly budgetMillis?: number;

  /** `disagreement`: largest difference of two numbers that counts as the same. */
  readonly tolerance?: number;

  /** `outcome`: name of the metric. */
  readonly outcome?: string;

  /** `outcome`: which way of a difference is harm: `higher-is-worse` or `lower-is-worse`. */
  readonly direction?: string;

  /** Probability to end the rollout of a candidate that keeps the guardrail, over all looks together. */
  readonly alpha: number;

  /** Least number of requests in both versions before it may pass. It may fail earlier: its tests are exact. */
  readonly minSamples: number;
}

/** What happens when counts are missing. */
export interface MissingDataConfig {
  /** Longest time to hold the share. */
  readonly holdMillis: number;

  /** Then: `pause` (a person is asked) or `abort`. */
  readonly action: string;
}

/** An address that is told of decisions. */
export interface NotificationConfig {
  /** Gets a CloudEvent (structured JSON) by POST. */
  readonly url: string;

  /** File with the value of the header `authorization`. Absent = none is sent. */
  readonly authorizationPath?: string;
}

/** Phase of a rollout. */
export const ROLLOUT_PHASES = [
  'Pending',
  'Warming',
  'Progressing',
  'Paused',
  'Promoting',
  'Promoted',
  'Aborting',
  'RolledBack',
] as const;
