import type { RolloutConfig } from '../../contract';
import type { Look } from './look';

/** Why the candidate cannot take requests; undefined when it can. */
export function candidateLack({ candidate }: RolloutConfig, { ready }: Pick<Look, 'ready'>): string | undefined {
  return lackOf('candidate', candidate.minReady, ready.candidate);
}

/** Why the stable version cannot take requests; undefined when it can. */
export function stableLack({ stable }: RolloutConfig, { ready }: Pick<Look, 'ready'>): string | undefined {
  return lackOf('stable version', stable.minReady, ready.stable);
}

function lackOf(arm: string, needed: number, ready: number | undefined): string | undefined {
  if (ready === undefined) {
    return `how many pods of the ${arm} are ready is not known`;
  }
  return ready < needed ? `${ready} pods of the ${arm} are ready, of at least ${needed}` : undefined;
}
