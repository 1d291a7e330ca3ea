import type { ArmCounts } from './counts';

/** ln of the likelihood ratio of one share of events to another; both between 0 and 1. */
export function lnLikelihoodRatio({ n, events }: ArmCounts, share: number, other: number): number {
  return events * Math.log(share / other) + (n - events) * Math.log((1 - share) / (1 - other));
}

/** What {@link lnLikelihoodRatio} is expected to be of one request when `share` is right (Kullback & Leibler). */
export function divergence(share: number, other: number): number {
  return lnLikelihoodRatio({ n: 1, events: share }, share, other);
}
