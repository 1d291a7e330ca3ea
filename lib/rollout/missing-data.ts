import type { Duration } from 'cdk8s';

/** What happens when counts stay away. */
export enum MissingDataAction {
  /** The share stays as it is, and a person is asked. */
  PAUSE = 'pause',
  /** Everything goes to the stable version. */
  ABORT = 'abort',
}

/** Options of {@link MissingData.hold}. */
export interface MissingDataHoldOptions {
  /** Longest time without counts, at least three intervals. */
  readonly atMost: Duration;

  /**
   * What happens then.
   *
   * @default MissingDataAction.PAUSE
   */
  readonly afterwards?: MissingDataAction;
}

/**
 * What a rollout does when it cannot see: no request came, or the metrics cannot be read. Missing data is never success,
 * and never a failure of the candidate.
 */
export class MissingData {
  /**
   * The share stays as it is, for a while.
   *
   * @param options how long, and what then
   */
  public static hold(options: MissingDataHoldOptions): MissingData {
    return new MissingData(options.atMost, options.afterwards ?? MissingDataAction.PAUSE);
  }

  /** @internal */
  public readonly _atMost: Duration;

  /** @internal */
  public readonly _afterwards: MissingDataAction;

  private constructor(atMost: Duration, action: MissingDataAction) {
    this._atMost = atMost;
    this._afterwards = action;
  }
}
