import type { ArmCounts } from '../state';
import type { ClusterReading } from './cluster-reading';

/** Statuses of gRPC that mean what 5xx and 429 do: UNKNOWN, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, INTERNAL, UNAVAILABLE, DATA_LOSS. */
const GRPC_FAILURES = new Set([2, 4, 8, 13, 14, 15]);

const TOO_MANY_REQUESTS = 429;

/**
 * What happened at a cluster between two readings of the same process.
 *
 * @param before absent = the process had not started
 * @param budgets edges of the histogram of durations, in milliseconds
 * @throws Error when the histogram has no such edge
 */
export function deltaOf(
  now: ClusterReading,
  before: ClusterReading | undefined,
  budgets: readonly number[],
): ArmCounts {
  const grown = (key: string) => (now.counters.get(key) ?? 0) - (before?.counters.get(key) ?? 0);
  const sumOf = (prefix: string, isCounted: (code: number) => boolean = () => true) =>
    [...now.counters.keys()]
      .filter((key) => key.startsWith(prefix) && isCounted(Number(key.slice(prefix.length))))
      .reduce((sum, key) => sum + grown(key), 0);
  // Failures of gRPC have the status 200 of HTTP. Envoy answers in gRPC itself, so its own refusals are among them.
  const isGrpc = [...now.counters.keys()].some((key) => key.startsWith('grpc '));
  const answered = isGrpc ? sumOf('grpc ') : sumOf('code ');
  const errors = isGrpc
    ? sumOf('grpc ', (status) => GRPC_FAILURES.has(status))
    : sumOf('code ', (status) => status >= 500 || status === TOO_MANY_REQUESTS) + grown('failed statuses');
  const attempts = grown('attempts') + grown('no-host') + grown('overflow') + grown('no-connection');
  const started = attempts - grown('retries');
  const timed = grown('timed');
  return {
    started,
    answered,
    errors,
    timed,
    timeouts: grown('timeouts'),
    unanswered: started - answered - (now.active - (before?.active ?? 0)),
    over: Object.fromEntries(budgets.map((budget) => [String(budget), timed - upTo(now, budget, grown)])),
  };
}

function upTo({ counters }: ClusterReading, budget: number, grown: (key: string) => number): number {
  const key = `up to ${budget}`;
  if (!counters.has(key) && [...counters.keys()].some((other) => other.startsWith('up to '))) {
    throw new Error(`the histogram of durations of the proxy has no edge at ${budget} ms`);
  }
  return grown(key);
}

/** Whether a counter is less than it was: then the process is another one. */
export function isReset(now: ClusterReading, before: ClusterReading): boolean {
  return [...before.counters].some(([key, value]) => (now.counters.get(key) ?? 0) < value);
}
