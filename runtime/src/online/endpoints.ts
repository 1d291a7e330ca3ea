import type { ModelReference } from '../contract';
import type { Signature } from '../model';
import { GrpcCodec, type RequestError, V1Codec, V2Codec } from '../protocol';
import type { Inference } from '../scheduling';
import type { ModelMeters } from '../telemetry';
import type { GrpcEndpoint } from './grpc';
import { type PredictContext, PredictEndpoint } from './http/exchange';
import type { ServingLimits } from './limits';

/** What answers the predictions of one model version, by protocol. */
export interface Endpoints {
  readonly v1: PredictEndpoint;
  readonly v2: PredictEndpoint;
  readonly grpc: GrpcEndpoint;
}

/** What endpoints are made of. */
export interface EndpointOptions {
  readonly model: ModelReference;

  /** What clients send and get. */
  readonly signature: Signature;
  readonly inference: Inference;
  readonly meters: ModelMeters;
  readonly limits: ServingLimits;
  readonly context: PredictContext;

  /** Longest time from the arrival of a request to its run, in milliseconds; a client may ask for less. */
  readonly timeLimitMillis: number;

  /** Says before a body is read why no request can be answered now. Absent = every body is read. */
  readonly refusal?: (expiresAt: number) => RequestError | undefined;
}

/** Leads the requests of all protocols to one inference. */
export function endpointsOf(options: EndpointOptions): Endpoints {
  const { model, signature, meters, limits, context, inference, timeLimitMillis, refusal } = options;
  const { name, version } = model;
  const shared = { context, inference, timeLimitMillis, refusal };
  return {
    v1: new PredictEndpoint({ ...shared, codec: new V1Codec(signature, name, limits.wire), meter: meters.requests.v1 }),
    v2: new PredictEndpoint({
      ...shared,
      codec: new V2Codec(signature, name, version, limits.wire),
      meter: meters.requests.v2,
    }),
    grpc: {
      codec: new GrpcCodec(signature, name, version, limits.wire),
      inference,
      meter: meters.requests.grpc,
      timeLimitMillis,
      refusal,
    },
  };
}
