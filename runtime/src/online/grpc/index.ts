export type { GrpcEndpoint } from './endpoint';
export { GrpcPort } from './port';
