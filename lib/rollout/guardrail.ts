import type { Duration } from 'cdk8s';
import { millisOf } from '../kubernetes';
import type { DeclaredOutcome, DesiredChange, OutcomeMetric } from './outcome-metric';

/** One in a hundred: with five guardrails at most one healthy candidate in twenty is turned back. */
const DEFAULT_CONFIDENCE = 0.99;

const DEFAULT_SAMPLES = 200;

/** The test of means is asymptotic: on skewed values it is too optimistic with fewer. */
export const LEAST_VALUES = 1000;

/** What every guardrail has. */
export interface GuardrailOptions {
  /**
   * Name in decisions, metrics and messages, unique in the rollout.
   *
   * @default - what it guards, and its budget where it has one: `error-rate`, `latency-100ms`
   */
  readonly name?: string;

  /**
   * Confidence of its verdicts, from 0.5 to below 1: a candidate that keeps the guardrail is turned back with a probability
   * of at most 1 - confidence, over all looks of the whole rollout together.
   *
   * @default 0.99
   */
  readonly confidence?: number;

  /**
   * Number of requests in each version before it lets a step end. It turns back as soon as harm is shown.
   *
   * `Guardrail.outcome` counts values, needs 1000 at least, and decides nothing before.
   *
   * @default 200; 1000 for `Guardrail.outcome`
   */
  readonly minSamples?: number;
}

/** Options of {@link Guardrail.errorRate}. */
export interface ErrorRateGuardrailOptions extends GuardrailOptions {
  /** Largest share of failed requests of the candidate, from 0 to below 1. At 0 a single one is too many. */
  readonly max: number;
}

/** Options of {@link Guardrail.errorRateIncrease}. */
export interface ErrorRateIncreaseGuardrailOptions extends GuardrailOptions {
  /** Largest difference to the share of failed requests of the stable version, from 0 to below 1. */
  readonly margin: number;
}

/** Options of {@link Guardrail.latency}. */
export interface LatencyGuardrailOptions extends GuardrailOptions {
  /** Time that an answer may take, in whole milliseconds. */
  readonly budget: Duration;

  /** Largest share of requests of the candidate that may take longer, from 0 to below 1. */
  readonly maxShareOver: number;
}

/** Options of {@link Guardrail.latencyIncrease}. */
export interface LatencyIncreaseGuardrailOptions extends GuardrailOptions {
  /** Time that an answer may take, in whole milliseconds. */
  readonly budget: Duration;

  /** Largest difference to the share of the stable version that takes longer, from 0 to below 1. */
  readonly margin: number;
}

/** Options of {@link Guardrail.disagreement}. */
export interface DisagreementGuardrailOptions extends GuardrailOptions {
  /** Largest share of compared requests whose answers differ, from 0 to below 1. */
  readonly max: number;

  /**
   * Largest difference of two numbers that counts as the same. Labels that are whole numbers are numbers, too: it must be
   * below 1 for them. Texts and truth values must be equal. Binary tensors are compared like those of JSON.
   *
   * @default 0.000001
   */
  readonly tolerance?: number;
}

/** Options of {@link Guardrail.outcome}. */
export interface OutcomeGuardrailOptions extends GuardrailOptions {
  /** What is watched. Several guardrails may watch one metric. */
  readonly metric: OutcomeMetric;

  /** Which way of it is better: a change the other way is harm. */
  readonly desiredChange: DesiredChange;

  /**
   * Largest harm: by so much the mean (or ratio) of the candidate may be worse than that of the stable version, in the unit of
   * the metric; 0 or more. At 0 it passes when harm of a tenth of the standard deviation is excluded.
   */
  readonly margin: number;
}

/** A guardrail as it is declared. */
export interface DeclaredGuardrail {
  readonly type: 'errorRate' | 'errorRateIncrease' | 'latency' | 'latencyIncrease' | 'disagreement' | 'outcome';
  readonly name: string;
  readonly max?: number;
  readonly margin?: number;
  readonly budget?: Duration;
  readonly tolerance?: number;
  readonly outcome?: DeclaredOutcome;
  readonly desiredChange?: DesiredChange;
  readonly confidence: number;
  readonly minSamples: number;
}

/**
 * What turns a rollout back. Errors are answers with 5xx and 429, lost connections and their counterparts of gRPC; 4xx are
 * faults of clients.
 *
 * Each has an error probability of its own, which holds however often and however long the controller looks: the tests are
 * sequential. Any one that fails ends the rollout.
 */
export class Guardrail {
  /**
   * The share of failed requests of the candidate.
   *
   * @param options largest share
   */
  public static errorRate(options: ErrorRateGuardrailOptions): Guardrail {
    return new Guardrail({ ...common(options, 'error-rate'), type: 'errorRate', max: options.max });
  }

  /**
   * The share of failed requests of the candidate, against that of the stable version at the same time.
   *
   * @param options largest difference
   */
  public static errorRateIncrease(options: ErrorRateIncreaseGuardrailOptions): Guardrail {
    const { margin } = options;
    return new Guardrail({ ...common(options, 'error-rate-increase'), type: 'errorRateIncrease', margin });
  }

  /**
   * The share of requests of the candidate that take longer than a budget.
   *
   * @param options budget and largest share
   */
  public static latency(options: LatencyGuardrailOptions): Guardrail {
    const { budget, maxShareOver } = options;
    const name = `latency-${Math.ceil(millisOf(budget))}ms`;
    return new Guardrail({ ...common(options, name), type: 'latency', max: maxShareOver, budget });
  }

  /**
   * The share of requests of the candidate that take longer than a budget, against that of the stable version at the same
   * time.
   *
   * @param options budget and largest difference
   */
  public static latencyIncrease(options: LatencyIncreaseGuardrailOptions): Guardrail {
    const { budget, margin } = options;
    const name = `latency-increase-${Math.ceil(millisOf(budget))}ms`;
    return new Guardrail({ ...common(options, name), type: 'latencyIncrease', margin, budget });
  }

  /**
   * The share of compared requests that the candidate answers differently. It needs a shadow step with `comparePercent`.
   * It alone sees a candidate that is wrong, but neither slow nor failing.
   *
   * @param options largest share
   */
  public static disagreement(options: DisagreementGuardrailOptions): Guardrail {
    const { max, tolerance = 1e-6 } = options;
    return new Guardrail({ ...common(options, 'disagreement'), type: 'disagreement', max, tolerance });
  }

  /**
   * The mean of a business metric, against that of the stable version at the same time: revenue for each request, clicks,
   * minutes watched. It needs a weight step: nothing comes of mirrored requests.
   *
   * @param options metric, direction and largest harm
   */
  public static outcome(options: OutcomeGuardrailOptions): Guardrail {
    const { metric, desiredChange, margin, minSamples = LEAST_VALUES } = options;
    const outcome = metric._outcome;
    return new Guardrail({
      ...common({ ...options, minSamples }, outcome.name),
      type: 'outcome',
      outcome,
      desiredChange,
      margin,
    });
  }

  /** @internal */
  public readonly _guardrail: DeclaredGuardrail;

  private constructor(guardrail: DeclaredGuardrail) {
    this._guardrail = guardrail;
  }
}

function common(
  { name, confidence = DEFAULT_CONFIDENCE, minSamples = DEFAULT_SAMPLES }: GuardrailOptions,
  own: string,
) {
  return { name: name ?? own, confidence, minSamples };
}

/** Error probability of a guardrail, without the dust of binary fractions. */
export function alphaOf({ confidence }: DeclaredGuardrail): number {
  return Number((1 - confidence).toPrecision(12));
}
