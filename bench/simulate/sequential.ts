import type { Judgement, SequentialState, Stratum } from '../../runtime/src/rollout/statistics';
import type { Rule } from './decision';
import { cumulated } from './traffic';

/** A sequential test of a rollout, with all but the counts. */
export type Test = (strata: readonly Stratum[], previous: SequentialState | undefined) => Judgement;

/** The rule of our controller with one guardrail: abort when it fails, promote when it passes at the end, else ask. */
export function sequential(test: Test): Rule {
  return (minutes) => {
    let state: SequentialState | undefined;
    let outcome = 'no-data';
    for (const [minute, counts] of cumulated(minutes).entries()) {
      const judgement = test([{ name: 'step', ...counts }], state);
      ({ state } = judgement);
      ({ outcome } = judgement.evidence);
      if (outcome === 'fail') {
        return { end: 'aborted', minute: minute + 1 };
      }
    }
    return { end: outcome === 'pass' ? 'promoted' : 'held', minute: minutes.length };
  };
}
