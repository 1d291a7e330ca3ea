import { GATEWAY_PATHS, GATEWAY_PORTS, type JwtConfig } from '../../contract';
import type { Json } from '../../kubernetes';
import { dnsCluster } from './clusters';
import { CLUSTERS, FILTERS, HEADERS, TOKEN } from './names';
import { duration, headerOf, typed } from './typed';

/** How long the agent may take to look at a key. */
const AUTHORIZE_MILLIS = 1000;
const KEYS_MILLIS = 5000;

/** The proxy does not read keys again for an unknown one, so it reads them often. */
const KEYS_AGE_MILLIS = 60_000;

const SYSTEM_AUTHORITIES = '/etc/ssl/certs/ca-certificates.crt';
const PROVIDER = 'tokens';

/** How a gateway knows its clients. */
export interface EnvoyAuthentication {
  readonly apiKeys: boolean;
  readonly jwt?: JwtConfig;
}

/** Filters that refuse whom the gateway does not know, and tell models who it is. */
export function authenticationFilters({ apiKeys, jwt }: EnvoyAuthentication): Json[] {
  return [
    ...(jwt === undefined ? [] : [tokenFilter(jwt, apiKeys)]),
    ...(apiKeys ? [keyFilter(jwt !== undefined)] : []),
  ];
}

/** Servers that those filters ask, besides the agent. */
export function authenticationClusters({ jwt }: EnvoyAuthentication): Json[] {
  return jwt?.jwksUri === undefined || !URL.canParse(jwt.jwksUri) ? [] : [keysCluster(new URL(jwt.jwksUri))];
}

function tokenFilter({ issuer, audience, jwksUri, jwksPath }: JwtConfig, optional: boolean): Json {
  const keys =
    jwksUri === undefined
      ? { local_jwks: { filename: jwksPath } } // read once: the filter watches no file
      : {
          remote_jwks: {
            http_uri: { uri: jwksUri, cluster: CLUSTERS.jwks, timeout: duration(KEYS_MILLIS) },
            cache_duration: duration(KEYS_AGE_MILLIS),
            async_fetch: {},
          },
        };
  const provider = {
    issuer,
    audiences: [audience],
    ...keys,
    forward: true,
    from_headers: [{ name: 'authorization', value_prefix: 'Bearer ' }],
    payload_in_metadata: TOKEN.payload,
    header_in_metadata: TOKEN.header,
    failed_status_in_metadata: optional ? undefined : TOKEN.failure,
    claim_to_headers: [{ header_name: HEADERS.client, claim_name: 'sub' }],
  };
  const required = { provider_name: PROVIDER };
  return {
    name: FILTERS.jwt,
    typed_config: typed('envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication', {
      providers: { [PROVIDER]: provider },
      rules: [
        {
          match: { prefix: '/' },
          // What is no token may still be a key.
          requires: optional
            ? { requires_any: { requirements: [required, { allow_missing_or_failed: {} }] } }
            : required,
        },
      ],
    }),
  };
}

/** Asks the agent, which has the hashes of the keys. */
function keyFilter(afterTokens: boolean): Json {
  const token = { path: [{ key: TOKEN.payload }, { key: 'iss' }], value: { present_match: true } };
  return {
    name: FILTERS.extAuthz,
    typed_config: typed('envoy.extensions.filters.http.ext_authz.v3.ExtAuthz', {
      transport_api_version: 'V3',
      http_service: {
        server_uri: {
          uri: `http://127.0.0.1:${GATEWAY_PORTS.agent}`,
          cluster: CLUSTERS.agent,
          timeout: duration(AUTHORIZE_MILLIS),
        },
        path_prefix: GATEWAY_PATHS.authorize,
        authorization_response: { allowed_upstream_headers: { patterns: [{ exact: HEADERS.client }] } },
      },
      allowed_headers: { patterns: [{ exact: HEADERS.apiKey }, { exact: 'authorization' }] },
      // Whose token is good needs no key.
      filter_enabled_metadata: afterTokens ? { filter: FILTERS.jwt, ...token, invert: true } : undefined,
      status_on_error: { code: 'ServiceUnavailable' },
    }),
  };
}

function keysCluster({ protocol, hostname, port }: URL): Json {
  const host = hostname.replace(/^\[|\]$/g, '');
  const encrypted = protocol === 'https:';
  return dnsCluster(CLUSTERS.jwks, host, Number(port) || (encrypted ? 443 : 80), {
    transport_socket: encrypted ? keysTls(host) : undefined,
  });
}

function keysTls(host: string): Json {
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: typed('envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext', {
      sni: host,
      common_tls_context: {
        validation_context: {
          trusted_ca: { filename: SYSTEM_AUTHORITIES },
          match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: host } }],
        },
      },
    }),
  };
}

/** Headers of answers to whom nobody knows. */
export const CHALLENGE: Json = headerOf('www-authenticate', 'Bearer');
