export { asksAccess } from './access';
export { LIVE_PATH, type ProxySettings, renderBootstrap } from './bootstrap';
export { podsHost, podsServiceName } from './clusters';
export { clusterName, HEADERS } from './names';
export type { RouteSettings } from './route';
export { renderBaseRoutes } from './route-configuration';
export { type DownstreamTls, renderSecret, type SecretFiles, secretFile, type UpstreamTls } from './tls';
