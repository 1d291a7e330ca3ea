export { describeError, type ErrorDescription, errorCode, errorMessage } from './error';
export { type CreateLoggerOptions, createLogger, type Logger } from './logger';
export { type ModelMeters, type RequestMeter, type RunMeter, ServingMetrics } from './metrics';
