export type {
  ClientContext,
  DeliveredBatch,
  Delivery,
  EventSink,
  EventSource,
  RefusedOutput,
  RevokeHandler,
  SourceContext,
} from './client';
export type {
  DeadLetterEncoder,
  DecodedBatch,
  EncodedRows,
  EventDecoder,
  EventEncoder,
  PredictedRows,
} from './codec';
export { StreamError } from './error';
export type { ConsumedEvent, EventHeader, ProducedEvent } from './event';
export { eventIdOf, eventIdSuffix } from './event-id';
export type { DeadLetterClass, EventFailure, RecordRefusal } from './failure';
