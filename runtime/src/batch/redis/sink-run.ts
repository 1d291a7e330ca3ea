import type { PredictingModel } from '../../prediction-table';

/** The run that a sink is written for. All its shards say the same. */
export interface SinkRun {
  readonly id: string;

  /** The time that it stands for, in milliseconds since 1970: a newer run is never replaced by an older one. */
  readonly time: number;

  /** The model that makes the predictions. */
  readonly model: PredictingModel;

  /** Columns of predictions: what is kept when the sink names no columns. */
  readonly predictions: readonly string[];

  /** Rows of the input, as far as that is known before; a wrong number costs memory alone. */
  readonly rows: number;
}

/** Rows of a unit. */
export interface UnitRows {
  readonly rows: number;

  /** Those of them that have no key, and are not in the table. */
  readonly withoutKey: number;
}

/** What became of a run: it is the current one, a newer one is, or it has no rows and the one before stays. */
export type RunOutcome = 'current' | 'superseded' | 'empty';
