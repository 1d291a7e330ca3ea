export { badRequest, RequestError, shown } from '../request-error';
export { isBinaryOnly } from './binary-only';
export { BinaryParts } from './binary-parts';
export { binaryRows, readBinary, widthOf } from './binary-tensor';
export { base64Data, checkEvent, checkEventHeaders, headerValue } from './cloud-event';
export { DecimalReader } from './decimal';
export { ELEMENT_READERS, type ElementReader, FP32_LIMIT, INEXACT_INTEGER, INTEGER_RANGES } from './element';
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
export { type JsonObject, keepInteger } from './json-body';
export { WIRE_LIMITS, type WireLimits } from './limits';
export { skipSpace } from './number-list';
export type { AnswerBody, Codec, EncodedAnswer, Prediction, RequestHeaders } from './prediction';
export { REQUEST_ID_HEADER, readRequestId } from './request-id';
export { RETRY_AFTER } from './retry-after';
export { allText, ELEMENTS_TEXT, flatText } from './tensor-text';
export { readTraceContext, type TraceContext } from './trace-context';
export { V1Codec } from './v1-codec';
export { V2Codec } from './v2-codec';
