import { normalQuantile } from '../../runtime/src/rollout/statistics/distributions';
import { differenceOfShares } from '../../runtime/src/rollout/statistics/mantel-haenszel';
import { lnMixtureRatio } from '../../runtime/src/rollout/statistics/normal-mixture';
import type { Rule } from './decision';
import { cumulated } from './traffic';

/** Fewest requests of the candidate where the estimate counts as normal. */
const LEAST_REQUESTS = 200;

/** The one-sided z-test of the shares at each look: what many do, and should not. */
export function zAtEachLook(alpha: number): Rule {
  return atEachLook((difference, variance) => difference / Math.sqrt(variance) >= normalQuantile(1 - alpha));
}

/** The mixture sequential probability ratio test by the normal distribution, acted on in the direction of harm. */
export function mixtureTest(alpha: number, effect: number): Rule {
  return atEachLook(
    (difference, variance) => difference > 0 && lnMixtureRatio({ difference, variance }, effect) >= -Math.log(alpha),
  );
}

function atEachLook(isHarm: (difference: number, variance: number) => boolean): Rule {
  return (minutes) => {
    for (const [minute, counts] of cumulated(minutes).entries()) {
      const estimate = differenceOfShares([{ name: 'step', ...counts }]);
      if (counts.candidate.n >= LEAST_REQUESTS && estimate !== undefined && estimate.variance > 0) {
        if (isHarm(estimate.difference, estimate.variance)) {
          return { end: 'aborted', minute: minute + 1 };
        }
      }
    }
    return { end: 'held', minute: minutes.length };
  };
}
