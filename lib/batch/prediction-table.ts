import type { RedisSinkOptions } from './prediction-sink';

/** A table of predictions in Redis, as the job that writes it declares it. */
export interface PredictionTable {
  readonly options: RedisSinkOptions;

  /** Name of the table. */
  readonly table: string;

  /** Shortest time between two runs; absent = there is none, or none that is known. */
  readonly intervalMillis: number | undefined;
}
