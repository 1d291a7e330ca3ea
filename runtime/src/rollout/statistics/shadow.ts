import type { Judgement, SequentialState } from './evidence';
import { judgeShare } from './level';

/** Input of {@link judgeShadow}. */
export interface ShadowInput {
  /** Requests since the beginning that both versions answered alike. */
  readonly agreements: number;

  /** Requests since the beginning that they answered differently. */
  readonly disagreements: number;

  /** Largest share of disagreements, from 0 to below 1. At 0 a single one is too many. */
  readonly maxDisagreement: number;

  /** Probability of a wrong `fail` over all looks together, and of a wrong `pass`. */
  readonly alpha: number;

  /** Fewest compared requests for `pass`. */
  readonly minSamples: number;

  /**
   * The state of the look before.
   *
   * @default - this is the first one
   */
  readonly previous?: SequentialState;
}

/** Judges whether answers differ for at most a share of requests; the rules are those of `judgeLevel`. */
export function judgeShadow(input: ShadowInput): Judgement {
  const { agreements, disagreements, maxDisagreement, alpha, minSamples, previous } = input;
  const compared = { n: agreements + disagreements, events: disagreements };
  const strata = [{ name: 'compared', stable: { n: 0, events: 0 }, candidate: compared }];
  return judgeShare('disagreement', { strata, max: maxDisagreement, alpha, minSamples, previous });
}
