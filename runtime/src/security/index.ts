export { Authenticator } from './authenticator';
export { TlsFiles } from './tls-files';
export type { Client } from './verdict';
export { FILES_POLL_MILLIS } from './watched-files';
