import type { RedisTableConfig } from './batch-config';
import type { ServerConfig } from './config';

/** Schema name of the configuration of a prediction lookup. */
export const LOOKUP_SCHEMA = 'model-serving-lookup/v1';

/** What the role `lookup` reads: predictions of batch jobs, answered over the wire of a predictor. */
export interface LookupConfig {
  /** Schema of this file; always {@link LOOKUP_SCHEMA}. */
  readonly schema: string;

  /** Tables that are served: at least one, unique by name. */
  readonly lookups: PredictionLookupConfig[];

  /** The serving process. */
  readonly server: ServerConfig;
}

/** One table that is served as a model. */
export interface PredictionLookupConfig {
  /** Name in the URL (`/v2/models/{name}`), in metrics and in logs. */
  readonly name: string;

  /** Version in the URL: that of the lookup, not of the model that made the predictions. */
  readonly version: string;

  /** Where the predictions are. */
  readonly table: RedisTableConfig;

  /** Name of the request's input with the keys: one text a row. */
  readonly key: string;

  /** Longest time that a request waits for the store, in milliseconds. */
  readonly timeoutMillis: number;

  /** A run that was completed longer ago is reported as stale, in milliseconds. Absent = never. */
  readonly maxAgeMillis?: number;

  /**
   * Answer for a key that no run has: one value for each output. Absent = such a request is answered with 404.
   */
  readonly defaultPrediction?: { readonly [output: string]: unknown };
}
