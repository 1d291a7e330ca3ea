/** Facts of a failure, besides its message. */
export interface ApiErrorDetails {
  /** Status code of HTTP; 0 = no answer came. */
  readonly status: number;

  /** Word for machines, as the API gives it: `Conflict`, `NotFound`, `Expired`, …; `Timeout` or `Unreachable` without answer. */
  readonly reason: string;

  /** How long the API asks to be left alone, in milliseconds. */
  readonly retryAfterMillis?: number;
}

/** The API did not do what it was asked for: it answered so, or it did not answer at all. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  /** Status code of HTTP, for example 404, or 409 when a precondition does not hold; 0 = no answer came. */
  readonly status: number;

  /** Word for machines: `Conflict`, `NotFound`, …; `Timeout` or `Unreachable` without answer. */
  readonly reason: string;

  readonly retryAfterMillis?: number;

  constructor(message: string, { status, reason, retryAfterMillis }: ApiErrorDetails, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
    this.reason = reason;
    this.retryAfterMillis = retryAfterMillis;
  }
}
