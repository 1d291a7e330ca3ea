import type { RolloutConfig } from '../../lib/contract';
import type { Look } from '../../runtime/src/rollout/machine';
import { type ArmCounts, type IntervalCounts, NO_COMPARISONS, NO_COUNTS } from '../../runtime/src/rollout/state';

/** A rollout of two weights with one guardrail, looked at every 10 s. */
export function rolloutConfig(changes: Partial<RolloutConfig> = {}): RolloutConfig {
  const arm = (version: string) => ({
    version,
    url: `http://iris-${version}.ml.svc`,
    minReady: 1,
    podsHost: `iris-${version}-pods.ml.svc`,
    clusters: [`iris-${version}-http`, `iris-${version}-grpc`],
    shadowClusters: version === 'v2' ? ['iris-v2-shadow-http', 'iris-v2-shadow-grpc'] : [],
  });
  return {
    schema: 'model-serving-rollout/v1',
    name: 'iris',
    model: 'iris',
    stable: arm('v1'),
    candidate: arm('v2'),
    gateway: { podsHost: 'gateway-pods.ml.svc', agentPort: 8083, metricsPort: 8082 },
    metrics: { type: 'direct', timeoutMillis: 1000 },
    steps: [
      { type: 'weight', share: 1000, minMillis: 30_000, minSamples: 100 },
      { type: 'weight', share: 5000, minMillis: 30_000, minSamples: 100 },
    ],
    guardrails: [{ name: 'errors', type: 'errorRate', max: 0.05, alpha: 0.01, minSamples: 100 }],
    missingData: { holdMillis: 60_000, action: 'pause' },
    intervalMillis: 10_000,
    maxStepMillis: 600_000,
    readyTimeoutMillis: 120_000,
    notifications: [],
    statusPage: false,
    ...changes,
  };
}

/** Counts of an arm: so many answered requests, so many of them failed or over 100 ms. */
export function arm(answered: number, errors = 0, slow = 0): ArmCounts {
  return { ...NO_COUNTS, started: answered, answered, errors, timed: answered, over: { '100': slow } };
}

export function interval(parts: Partial<IntervalCounts> = {}): IntervalCounts {
  return {
    stable: NO_COUNTS,
    candidate: NO_COUNTS,
    shadow: NO_COUNTS,
    pin: NO_COUNTS,
    comparison: NO_COMPARISONS,
    outcomes: {},
    ...parts,
  };
}

/** A look at which everything is in order: every proxy serves the revision. */
export function look(revision: number, changes: Partial<Look> = {}): Look {
  return {
    holder: { identity: 'a', term: 1 },
    elapsedMillis: 10_000,
    revision,
    proxies: { all: 2, serving: 2, isApplied: true, highestRevision: revision },
    isContinuous: true,
    counts: interval(),
    ready: { stable: 2, candidate: 2 },
    requests: [],
    ...changes,
  };
}
