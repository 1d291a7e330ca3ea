/** What answers when the model cannot: it fails, or its answer would come too late. */
export interface FallbackConfig {
  /** `prediction`, `model` or `cached`. */
  readonly type: string;

  /**
   * Type `prediction`: the value of every output for one row, by the output's name: a number, text or boolean, or nested
   * lists of them in the shape of a row.
   */
  readonly prediction?: { readonly [output: string]: unknown };

  /** Type `model`: another model of this process, with the same inputs and outputs. */
  readonly model?: ModelReference;

  /** Type `cached`: the last answers of the model itself, by their inputs. */
  readonly cached?: CachedFallbackConfig;
}

/** A model of the same configuration file. */
export interface ModelReference {
  readonly name: string;
  readonly version: string;
}

/** Answers that are kept for the time when the model cannot answer. */
export interface CachedFallbackConfig {
  /** Most memory for kept answers and their inputs, in bytes. */
  readonly maxBytes: number;

  /** Older answers are not given, in milliseconds. */
  readonly maxAgeMillis: number;
}
