import { type RolloutRouteConfig, type RolloutSplit, WHOLE_SHARE } from '../contract';

/** A split cannot be applied. The message says why. */
class SplitError extends Error {
  override readonly name = 'SplitError';
}

/**
 * Reads the split of a ConfigMap. Keys that are not known are ignored: a controller of a later version may write more.
 *
 * @throws SplitError when it breaks a rule, or is for other versions than the routes
 */
export function readSplit(text: string, route: RolloutRouteConfig): RolloutSplit {
  const split = objectOf(text);
  for (const key of ['stable', 'candidate'] as const) {
    if (split[key] !== route[key]) {
      throw new SplitError(
        `the split is for ${key} ${JSON.stringify(split[key])}, and the routes of this pod for ${JSON.stringify(route[key])}`,
      );
    }
  }
  const share = (key: string) => whole(split, key, WHOLE_SHARE);
  return {
    revision: whole(split, 'revision', Number.MAX_SAFE_INTEGER),
    stable: route.stable,
    candidate: route.candidate,
    candidateWeight: share('candidateWeight'),
    mirror: share('mirror'),
    comparison: share('comparison'),
    pinned: flag(split, 'pinned'),
    settled: split.settled === undefined ? false : flag(split, 'settled'),
  };
}

function objectOf(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new SplitError('the split is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new SplitError('the split is not an object');
  }
  return value as Record<string, unknown>;
}

function whole(split: Record<string, unknown>, key: string, most: number): number {
  const value = split[key];
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > most) {
    throw new SplitError(`${key} of the split is a whole number from 0 to ${most} (found ${JSON.stringify(value)})`);
  }
  return value;
}

function flag(split: Record<string, unknown>, key: string): boolean {
  const value = split[key];
  if (typeof value !== 'boolean') {
    throw new SplitError(`${key} of the split is true or false (found ${JSON.stringify(value)})`);
  }
  return value;
}
