import type { GrpcCodec, RequestError } from '../../protocol';
import type { Inference } from '../../scheduling';
import type { RequestMeter } from '../../telemetry';

/** What answers the predictions of one model version over gRPC. */
export interface GrpcEndpoint {
  readonly codec: GrpcCodec;
  readonly inference: Inference;
  readonly meter: RequestMeter;

  /** Longest time from the arrival of a request to its run, in milliseconds. */
  readonly timeLimitMillis: number;

  /**
   * Says before tensors are read why no request can be answered now.
   *
   * @param expiresAt when the answer is no longer wanted, on the clock of `performance.now()`
   * @default - tensors are always read
   */
  readonly refusal?: (expiresAt: number) => RequestError | undefined;
}
