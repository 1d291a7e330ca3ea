import { normalQuantile } from '../distributions';
import { noReport, type Report } from '../report';

const TEST = 'latency shift';

/** Default quantiles. */
const QUANTILES: readonly number[] = [0.5, 0.9, 0.99];

/**
 * How much longer the candidate takes for the same requests.
 *
 * @param pairs latencies of one request: of the stable version and of the candidate, in one unit
 * @returns `n`, and for each quantile `stable`, `candidate`, `shift` (difference of the two), and `paired`: the quantile of
 * the differences, with the bounds `lower` and `upper` by order statistics (95 %, for one look)
 */
export function latencyShift(
  pairs: readonly { readonly stable: number; readonly candidate: number }[],
  quantiles: readonly number[] = QUANTILES,
): Report {
  if (!pairs.every(({ stable, candidate }) => Number.isFinite(stable) && Number.isFinite(candidate))) {
    return noReport(TEST, 'a latency is not a number');
  }
  if (!quantiles.every((quantile) => quantile > 0 && quantile < 1)) {
    return noReport(TEST, 'a quantile is not between 0 and 1');
  }
  const n = pairs.length;
  if (n === 0) {
    return noReport(TEST, 'there are no pairs');
  }
  const ofStable = Float64Array.from(pairs, ({ stable }) => stable).sort();
  const ofCandidate = Float64Array.from(pairs, ({ candidate }) => candidate).sort();
  const differences = Float64Array.from(pairs, ({ stable, candidate }) => candidate - stable).sort();
  return {
    test: TEST,
    n,
    quantiles: quantiles.map((quantile) => {
      const stable = ranked(ofStable, n * quantile);
      const candidate = ranked(ofCandidate, n * quantile);
      const reach = normalQuantile(0.975) * Math.sqrt(n * quantile * (1 - quantile));
      return {
        quantile,
        stable,
        candidate,
        shift: candidate - stable,
        paired: ranked(differences, n * quantile),
        lower: ranked(differences, n * quantile - reach),
        upper: ranked(differences, n * quantile + reach + 1),
      };
    }),
  };
}

/** The value of a rank, counted from 1 and rounded up: the smallest one with at least so many values up to it. */
function ranked(sorted: Float64Array, rank: number): number {
  return sorted[Math.min(sorted.length, Math.max(1, Math.ceil(rank))) - 1];
}
