import type { Duration } from 'cdk8s';

/** Options of {@link CanaryStep.shadow}. */
export interface ShadowStepOptions {
  /** Share of the requests that the candidate gets as well, in percent: above 0, at most 100, with at most two decimals. */
  readonly percent: number;

  /** Number of mirrored requests after which the step may end; with `comparePercent` as many comparisons, too. */
  readonly minSamples: number;

  /**
   * Share of the requests whose answers are compared, in percent with at most two decimals. The controller sends each of
   * them to both versions, so both compute it once more.
   *
   * @default - answers are not compared
   */
  readonly comparePercent?: number;

  /**
   * Least time of the step.
   *
   * @default - the samples alone
   */
  readonly minDuration?: Duration;
}

/** Options of {@link CanaryStep.weight}. */
export interface WeightStepOptions {
  /** Least time of the step, in which every proxy serves the share and the controller looks. */
  readonly minDuration: Duration;

  /** Number of requests in each of the two versions after which the step may end. */
  readonly minSamples: number;
}

/** Options of {@link CanaryStep.header}. */
export interface HeaderStepOptions {
  /** Least time of the step. */
  readonly minDuration: Duration;

  /**
   * Number of requests with the header, answered by the candidate, after which the step may end.
   *
   * @default - the time alone
   */
  readonly minSamples?: number;
}

/** Options of {@link CanaryStep.analysis}. */
export interface AnalysisStepOptions {
  /** Least time of the step. */
  readonly duration: Duration;

  /** Number of requests in each of the two versions after which the step may end. */
  readonly minSamples: number;
}

/** A step as it is declared. */
export interface DeclaredStep {
  readonly type: 'shadow' | 'weight' | 'header' | 'pause' | 'analysis';
  /** Share that is mirrored, or that the candidate has; in percent. */
  readonly percent?: number;
  readonly comparePercent?: number;
  readonly header?: string;
  readonly value?: string;
  readonly minDuration?: Duration;
  readonly minSamples?: number;
}

/**
 * One step on the way of a candidate. A step ends when its least time is over, its samples are there, and no guardrail
 * doubts; the promotion follows the last one.
 */
export class CanaryStep {
  /**
   * The candidate gets copies of requests; clients get the answers of the stable version alone.
   *
   * @param options shares and samples
   */
  public static shadow(options: ShadowStepOptions): CanaryStep {
    return new CanaryStep({ type: 'shadow', ...options });
  }

  /**
   * The candidate gets a share of the requests, and answers them.
   *
   * @param percent share of the candidate, above 0 and below 100, with at most two decimals; more than in the step before
   * @param options least time and samples
   */
  public static weight(percent: number, options: WeightStepOptions): CanaryStep {
    return new CanaryStep({ type: 'weight', percent, ...options });
  }

  /**
   * Requests with a header go to the candidate, in this step and all that follow: those of testers, or of your own
   * applications. They are chosen, so no guardrail counts them; people judge what they see. The share of all other requests
   * stays as it is.
   *
   * @param name name of the header, in lower case
   * @param value its value, compared character by character
   * @param options least time and samples
   */
  public static header(name: string, value: string, options: HeaderStepOptions): CanaryStep {
    return new CanaryStep({ type: 'header', header: name, value, ...options });
  }

  /** A person decides whether it goes on: `model-serving rollout promote`. The share stays as it is. */
  public static pause(): CanaryStep {
    return new CanaryStep({ type: 'pause' });
  }

  /**
   * A further look at the share of the step before.
   *
   * @param options time and samples
   */
  public static analysis(options: AnalysisStepOptions): CanaryStep {
    const { duration, minSamples } = options;
    return new CanaryStep({ type: 'analysis', minDuration: duration, minSamples });
  }

  /** @internal */
  public readonly _step: DeclaredStep;

  private constructor(step: DeclaredStep) {
    this._step = step;
  }
}

/** A step as messages name it, for example `steps[1] (weight 10 %)`. */
export function stepName({ _step: { type, percent } }: CanaryStep, index: number): string {
  return `steps[${index}] (${type}${percent === undefined ? '' : ` ${percent} %`})`;
}
