/** Names of the parts of Envoy's configuration that refer to each other. */

/** The route configuration. */
export const ROUTES = 'models';

/** Headers that the gateway gives a meaning to. */
export const HEADERS = {
  /** Of requests: the version that they are for. Of answers: the one that answered. */
  version: 'x-model-version',
  /** Of gRPC requests: the model that they are for. */
  model: 'x-model-name',
  /** Of answers: `stable` or `candidate`. */
  variant: 'x-model-variant',
  /** Of mirrored requests: `1`. */
  shadow: 'x-shadow',
  /** Of requests to models: who sent them. */
  client: 'x-client',
  apiKey: 'x-api-key',
} as const;

/** HTTP filters. */
export const FILTERS = {
  buffer: 'envoy.filters.http.buffer',
  cors: 'envoy.filters.http.cors',
  extAuthz: 'envoy.filters.http.ext_authz',
  grpcStats: 'envoy.filters.http.grpc_stats',
  healthCheck: 'envoy.filters.http.health_check',
  jwt: 'envoy.filters.http.jwt_authn',
  localRateLimit: 'envoy.filters.http.local_ratelimit',
  rbac: 'envoy.filters.http.rbac',
  router: 'envoy.filters.http.router',
} as const;

/** Clusters that are no models. */
export const CLUSTERS = { admin: 'admin', agent: 'agent', jwks: 'jwks' } as const;

/** A protocol of requests. */
export type Protocol = 'http' | 'grpc';

/** What the requests of a cluster are counted as. */
export type Purpose = 'share' | 'shadow' | 'pin';

/** Name of a cluster of a version. */
export function clusterName(backend: string, protocol: Protocol, purpose: Purpose): string {
  return purpose === 'share' ? `${backend}-${protocol}` : `${backend}-${purpose}-${protocol}`;
}

/** Name of the cluster of the controller of a rollout, which compares. */
export function comparisonCluster(rollout: string): string {
  return `${rollout}-compare`;
}

/** Keys of what the token filter keeps of a token, and of why it refused one. */
export const TOKEN = { payload: 'jwt', header: 'jwt_header', failure: 'failure' } as const;

/** Key of the metadata of routes, which name the model. */
export const ROUTE_METADATA = 'model-serving';
