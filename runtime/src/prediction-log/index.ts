export { EventQueue, type EventQueueOptions, type EventSink } from './event-queue';
export { FileSink } from './file-sink';
export { HttpSink, type HttpSinkOptions } from './http-sink';
export type { RecordedModel } from './prediction-event';
export { PredictionLog, type PredictionLogOptions } from './prediction-log';
