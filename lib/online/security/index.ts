export { Authentication, checkAuthentication, renderAuthentication } from './authentication';
export { JwtAlgorithm, JwtKeys, type JwtOptions } from './jwt';
export { checkServingTls, renderServingTls, ServingTls, type ServingTlsOptions } from './serving-tls';
