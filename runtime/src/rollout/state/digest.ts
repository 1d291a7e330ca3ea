import { createHash } from 'node:crypto';
import type { RolloutConfig } from '../../contract';

/** Digest of what a rollout is about and what decides in it. Addresses and notifications may change under way. */
export function digestOf(config: RolloutConfig): string {
  const { stable, candidate, steps, guardrails, missingData, maxStepMillis, readyTimeoutMillis, sticky, outcomes } =
    config;
  const identity = {
    stable: [stable.version, stable.sha256],
    candidate: [candidate.version, candidate.sha256],
    steps,
    guardrails,
    missingData,
    maxStepMillis,
    readyTimeoutMillis,
    sticky,
    outcomes: outcomes?.map(({ url: _, ...metric }) => metric),
  };
  return createHash('sha256')
    .update(JSON.stringify(sorted(identity)))
    .digest('hex')
    .slice(0, 16);
}

/** With the keys of objects in order: the same configuration is the same text. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(sorted);
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [key, sorted(each)]),
  );
}
