export { badRequest, RequestError, shown } from '../request-error';
export { isBinaryOnly } from './binary-only';
export { BinaryParts } from './binary-parts';
export { readBinary } from './binary-tensor';
export { ELEMENT_READERS, type ElementReader } from './element';
export { GrpcCodec, type GrpcPrediction } from './grpc-codec';
export {
  HEALTH,
  type HealthStatus,
  readEmptyRequest,
  readHealthRequest,
  readModelRequest,
  writeFlag,
  writeHealth,
  writeModelMetadata,
  writeServerMetadata,
} from './grpc-messages';
export { type ModelIndex, readIndexRequest, writeIndex } from './grpc-repository';
export { type InferRequest, readInferRequest } from './grpc-request';
export { type BatchStatistics, type ModelStatistics, type StatisticDuration, writeStatistics } from './grpc-statistics';
export { WIRE_LIMITS, type WireLimits } from './limits';
export type { AnswerBody, Codec, EncodedAnswer, Prediction, RequestHeaders } from './prediction';
export { REQUEST_ID_HEADER, readRequestId } from './request-id';
export { RETRY_AFTER } from './retry-after';
export { allText, flatText } from './tensor-text';
export { readTraceContext, type TraceContext } from './trace-context';
export { V1Codec } from './v1-codec';
export { V2Codec } from './v2-codec';
