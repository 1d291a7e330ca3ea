import { type GuardrailConfig, type RolloutConfig, WHOLE_SHARE } from '../../contract';
import type { RolloutState } from '../state';
import {
  type Evidence,
  type Judgement,
  judgeIncrease,
  judgeLevel,
  judgeMean,
  judgeSampleRatio,
  judgeShadow,
  type SequentialState,
} from '../statistics';
import { isMeasured, isProvedAt, sharesAt } from './plan';
import { comparedIn, outcomeStrata, strataOf } from './strata';

/** Probability to find a mismatch of the sample ratio where there is none, in each step. */
const SAMPLE_RATIO_ALPHA = 0.001;

/** Guardrails that compare the arms: they say nothing while the ratio of the samples is wrong. */
const COMPARISONS: readonly string[] = ['errorRateIncrease', 'latencyIncrease', 'outcome'];

/** What the counts say. */
export interface Verdicts {
  /** What the tests remember now, by name. */
  readonly tests: RolloutState['tests'];

  /** Over all steps, by guardrail: what ends the rollout. A guardrail that was not measured yet is absent. */
  readonly evidence: Readonly<Record<string, Evidence>>;

  /** Over this step alone, by guardrail: without their `pass` the step is not left. */
  readonly proofs: Readonly<Record<string, Evidence>>;

  /** That the arms did not get the requests that they should have got. Absent = they did, as far as one can tell. */
  readonly mismatch?: Evidence;

  /** Names of the guardrails that failed. */
  readonly failed: readonly string[];
}

/** Judges the counts of a state, which is in a step. */
export function judge(config: RolloutConfig, state: RolloutState): Verdicts {
  const tests: Record<string, SequentialState> = { ...state.tests };
  const remember = (name: string, judgement: Judgement): Evidence => {
    tests[name] = judgement.state;
    return judgement.evidence;
  };
  const ratio = sampleRatios(config, state).map(({ name, judgement }) => remember(name, judgement));
  const mismatch = ratio.find(({ outcome }) => outcome === 'fail');
  const evidence: Record<string, Evidence> = {};
  const proofs: Record<string, Evidence> = {};
  for (const guardrail of config.guardrails) {
    const { name } = guardrail;
    if (config.steps.some((_, index) => index <= state.step && isMeasured(guardrail, sharesAt(config, index)))) {
      const found = remember(name, judgeBy(config, guardrail, state, name));
      evidence[name] = mismatch !== undefined && COMPARISONS.includes(guardrail.type) ? withheld(found) : found;
    }
    if (isProvedAt(config, guardrail, state.step)) {
      const test = `${name} ${roundName(state)}`;
      proofs[name] = remember(test, judgeBy(config, guardrail, state, test, state.step));
    }
  }
  const failed = Object.keys(evidence).filter((name) => evidence[name].outcome === 'fail');
  return { tests, evidence, proofs, failed, ...(mismatch === undefined ? {} : { mismatch }) };
}

function judgeBy(
  config: RolloutConfig,
  guardrail: GuardrailConfig,
  { counts, tests }: RolloutState,
  test: string,
  only?: number,
): Judgement {
  const { type, max = 0, margin = 0, alpha, minSamples } = guardrail;
  const common = { alpha, minSamples, previous: tests[test] };
  if (type === 'disagreement') {
    return judgeShadow({ ...comparedIn(counts, only), maxDisagreement: max, ...common });
  }
  if (type === 'outcome') {
    const direction = guardrail.direction === 'lower-is-worse' ? 'lower-is-worse' : 'higher-is-worse';
    return judgeMean({ strata: outcomeStrata(config, guardrail, counts, only), margin, direction, ...common });
  }
  const strata = strataOf(config, guardrail, counts, only);
  return COMPARISONS.includes(type)
    ? judgeIncrease({ strata, margin, ...common })
    : judgeLevel({ strata, max, ...common });
}

/** Whether the arms, and the mirror, got their shares of this step. */
function sampleRatios(config: RolloutConfig, state: RolloutState): { name: string; judgement: Judgement }[] {
  const step = state.counts[state.step];
  const { candidateWeight, mirror } = sharesAt(config, state.step);
  const { stable, candidate, shadow } = step;
  const live = [stable.units, candidate.units];
  const test = (name: string, observed: number[], expected: number[]) => {
    const full = `sample ratio ${name} ${roundName(state)}`;
    const previous = state.tests[full];
    return {
      name: full,
      judgement: judgeSampleRatio({ observed, expected, alpha: SAMPLE_RATIO_ALPHA, previous }),
    };
  };
  return [
    ...(candidateWeight > 0 && config.sticky !== true
      ? [test('live', live, [WHOLE_SHARE - candidateWeight, candidateWeight])]
      : []),
    ...(mirror > 0 ? [test('mirror', [stable.units + candidate.units, shadow.units], [WHOLE_SHARE, mirror])] : []),
  ];
}

function roundName({ step, counts }: RolloutState): string {
  return `step ${step + 1}.${counts[step].round + 1}`;
}

function withheld(evidence: Evidence): Evidence {
  return {
    ...evidence,
    outcome: 'undecided',
    reason: `withheld: the arms did not get their shares of the requests (${evidence.reason})`,
  };
}
