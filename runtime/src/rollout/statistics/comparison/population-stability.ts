import { isCount } from '../counts';
import { noReport, type Report } from '../report';

/** Every bin gets so much of an observation more, so that an empty one is no infinite shift. */
const SMOOTHING = 0.5;

const WATCH = 0.1;
const ACT = 0.25;

const TEST = 'population stability';

/**
 * The population stability index Σ(pᵢ−qᵢ) ln(pᵢ/qᵢ) of two histograms with the same bins.
 *
 * @returns `psi`, `shift` (`none`, `watch` from 0.1, `act` from 0.25, as usual), and n of both
 */
export function populationStability(stable: readonly number[], candidate: readonly number[]): Report {
  const wrong = [...stable, ...candidate].find((count) => !isCount(count));
  if (wrong !== undefined || stable.length !== candidate.length) {
    return noReport(TEST, wrong === undefined ? 'the histograms have different bins' : `${wrong} is not a count`);
  }
  const stableN = sum(stable);
  const n = sum(candidate);
  if (n === 0 || stableN === 0) {
    return noReport(TEST, 'a histogram is empty');
  }
  const smoothing = SMOOTHING * stable.length;
  const psi = stable.reduce((total, count, bin) => {
    const p = (candidate[bin] + SMOOTHING) / (n + smoothing);
    const q = (count + SMOOTHING) / (stableN + smoothing);
    return total + (p - q) * Math.log(p / q);
  }, 0);
  return { test: TEST, n, stableN, psi, shift: psi >= ACT ? 'act' : psi >= WATCH ? 'watch' : 'none' };
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
