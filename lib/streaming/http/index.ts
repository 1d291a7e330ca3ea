export { checkHttpSink, type HttpSinkOptions, renderHttpSink } from './http-sink';
