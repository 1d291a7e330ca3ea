export { explanationOf, type HttpAnswer, HttpClient } from './http-client';
export { HttpEventSink } from './http-event-sink';
