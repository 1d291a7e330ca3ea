export { ModelAccess } from './model-access';
export * from './model-gateway';
export * from './model-gateway-props';
export { RateLimit } from './rate-limit';
export * from './traffic-router';
