import { GATEWAY_PATHS } from '../../contract';
import type { Json } from '../../kubernetes';
import type { ModelAccess } from '../model-access';
import type { RateLimit } from '../rate-limit';
import { accessFilter, asksAccess } from './access';
import { accessLog } from './access-log';
import { authenticationFilters, type EnvoyAuthentication } from './authentication';
import { CORS_FILTER } from './cors';
import { DEFAULT_BODY_BYTES } from './forwarding';
import { localReplyConfig } from './local-replies';
import { FILTERS, HEADERS, ROUTES } from './names';
import { rateLimitFilter } from './rate-limits';
import { duration, typed } from './typed';

/** Longer than the 60 s after which load balancers drop an idle connection. */
const IDLE_MILLIS = 75_000;
const HEADERS_MILLIS = 10_000;

/** As much as a predictor takes. */
const MAX_HEADER_KIB = 16;

/** Least time for a body to arrive, whatever the model's budget. */
const LEAST_REQUEST_MILLIS = 35_000;

/** What the port for requests does. */
export interface HttpSettings {
  readonly authentication: EnvoyAuthentication;
  /** Who may call which model. */
  readonly access: { readonly [model: string]: ModelAccess };
  readonly rateLimit: RateLimit | undefined;
  readonly models: string[];
  readonly cors: boolean;
  readonly trustedProxies: number;
  readonly accessLog: boolean;
  /** Longest latency budget of all models. */
  readonly budgetMillis: number;
}

/** The filter that reads HTTP on the port for requests. */
export function httpConnectionManager(settings: HttpSettings): Json {
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: typed('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', {
      stat_prefix: 'gateway',
      codec_type: 'AUTO',
      rds: {
        route_config_name: ROUTES,
        config_source: {
          resource_api_version: 'V3',
          path_config_source: {
            path: GATEWAY_PATHS.routes,
            watched_directory: { path: GATEWAY_PATHS.routesDirectory },
          },
        },
      },
      ...clientFacts(settings.trustedProxies),
      ...limits(settings.budgetMillis),
      local_reply_config: localReplyConfig(),
      access_log: settings.accessLog ? accessLog() : undefined,
      http_filters: httpFilters(settings),
    }),
  };
}

/** Who a client is, and what it may not say of itself. */
function clientFacts(trustedProxies: number): Json {
  return {
    use_remote_address: true,
    xff_num_trusted_hops: trustedProxies,
    early_header_mutation_extensions: [
      {
        name: 'envoy.http.early_header_mutation.header_mutation',
        typed_config: typed('envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation', {
          mutations: [
            ...[HEADERS.shadow, HEADERS.variant, HEADERS.client].map((remove) => ({ remove })),
            { remove_on_match: { key_matcher: { prefix: 'x-envoy-', ignore_case: true } } },
          ],
        }),
      },
    ],
    preserve_external_request_id: true,
    always_set_request_id_in_response: true,
    request_id_extension: {
      typed_config: typed('envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig', {
        // Otherwise a digit of the client's identifier is changed.
        pack_trace_reason: false,
        use_request_id_for_trace_sampling: false,
      }),
    },
    normalize_path: true,
    merge_slashes: true,
    path_with_escaped_slashes_action: 'REJECT_REQUEST',
    server_header_transformation: 'PASS_THROUGH',
  };
}

function limits(budgetMillis: number): Json {
  const requestMillis = Math.max(LEAST_REQUEST_MILLIS, budgetMillis + HEADERS_MILLIS);
  return {
    max_request_headers_kb: MAX_HEADER_KIB,
    request_headers_timeout: duration(HEADERS_MILLIS),
    request_timeout: duration(requestMillis),
    common_http_protocol_options: { idle_timeout: duration(IDLE_MILLIS) },
    http2_protocol_options: {
      max_concurrent_streams: 1024,
      initial_stream_window_size: 256 * 1024,
      initial_connection_window_size: 1024 * 1024,
    },
  };
}

/** In the order in which a request passes them. */
function httpFilters(settings: HttpSettings): Json[] {
  const { authentication, access, rateLimit, models, cors } = settings;
  const asked = { access, jwt: authentication.jwt };
  const authenticated = authentication.apiKeys || authentication.jwt !== undefined;
  return [
    {
      name: FILTERS.healthCheck,
      typed_config: typed('envoy.extensions.filters.http.health_check.v3.HealthCheck', {
        pass_through_mode: false,
        headers: [{ name: ':path', string_match: { exact: GATEWAY_PATHS.ready } }],
      }),
    },
    ...(cors ? [CORS_FILTER] : []),
    ...authenticationFilters(authentication),
    ...(asksAccess(asked) ? [accessFilter(asked)] : []),
    ...(rateLimit === undefined ? [] : [rateLimitFilter(rateLimit, models, authenticated)]),
    {
      // A pod of a model gets requests that have arrived, however slow the client is. Routes may say how large they may be.
      name: FILTERS.buffer,
      typed_config: typed('envoy.extensions.filters.http.buffer.v3.Buffer', {
        max_request_bytes: DEFAULT_BODY_BYTES,
      }),
    },
    {
      name: FILTERS.grpcStats,
      typed_config: typed('envoy.extensions.filters.http.grpc_stats.v3.FilterConfig', { stats_for_all_methods: false }),
    },
    {
      name: FILTERS.router,
      // What Envoy says of its own work is for the metrics, not for clients and models.
      typed_config: typed('envoy.extensions.filters.http.router.v3.Router', { suppress_envoy_headers: true }),
    },
  ];
}
