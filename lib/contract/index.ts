export * from './config';
export * from './fallback-config';
export * from './features-config';
export * from './metrics';
export * from './prediction-log-config';
export * from './runtime';
export * from './security-config';
export * from './tracing-config';
