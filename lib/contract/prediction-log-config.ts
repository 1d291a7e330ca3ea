/** A record of predictions, as CloudEvents. Writing it never delays a prediction: what does not fit is dropped and counted. */
export interface PredictionLogConfig {
  /** Share of the requests that are recorded, above 0 and up to 1. */
  readonly sampleRatio: number;

  /** Names of inputs and outputs whose values are left out. */
  readonly redact: string[];

  /** Most events that wait to be written. */
  readonly maxQueuedEvents: number;

  /** Where events go. */
  readonly sink: PredictionLogSinkConfig;
}

/** Where the events of a prediction log go. */
export interface PredictionLogSinkConfig {
  /** `file`: one JSON event a line; `http`: a batch of structured CloudEvents a request. */
  readonly type: string;

  /** Type `file`: absolute path. */
  readonly path?: string;

  /** Type `file`: size at which the file is set aside (as `<path>.1`, replacing the one before), in bytes. */
  readonly maxBytes?: number;

  /** Type `http`: address. */
  readonly url?: string;

  /** Type `http`: file with the value of the header `Authorization`. Absent = none. */
  readonly authorizationPath?: string;
}
