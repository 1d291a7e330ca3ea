import { GATEWAY_PATHS, GATEWAY_PORTS, HTTP_PATHS } from '../../contract';
import type { Json } from '../../kubernetes';
import type { ModelTraffic } from '../traffic-plan';
import { authenticationClusters } from './authentication';
import { type ClusterSettings, localCluster, modelClusters } from './clusters';
import { type HttpSettings, httpConnectionManager } from './http-connection-manager';
import { CLUSTERS, FILTERS } from './names';
import { type DownstreamTls, downstreamTls } from './tls';
import { typed } from './typed';

/** Path of the metrics port that answers while the proxy turns, drained or not. */
export const LIVE_PATH = '/live';

/** Upper edges of the latency histogram, in milliseconds, besides the budgets. */
const LATENCY_EDGES = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000,
];

/** Memory of a connection that nobody reads from. */
const CONNECTION_BUFFER_BYTES = 32 * 1024;

const MAX_CONNECTIONS = 20_000;

/**
 * By default the proxy refuses all routes when one has a pattern of a few dozen characters, as long names of models make. Its
 * patterns take linear time whatever their size, and these are written here, never by clients.
 */
const REGEX_LIMITS = { 're2.max_program_size.error_level': 65_536, 're2.max_program_size.warn_level': 65_536 };

/** What the static configuration of the proxy depends on, besides the models. */
export interface ProxySettings {
  readonly gateway: string;
  readonly http: HttpSettings;
  readonly clusters: ClusterSettings;
  readonly tls: DownstreamTls | undefined;
  /** Further edges of the latency histogram, in milliseconds. */
  readonly latencyEdges: number[];
  readonly memoryBytes: number;
}

/**
 * The bootstrap of the proxy: everything but the routes.
 *
 * @see https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/best_practices/edge
 */
export function renderBootstrap(models: ModelTraffic[], settings: ProxySettings): Json {
  return {
    node: { id: settings.gateway, cluster: settings.gateway },
    admin: { address: address('127.0.0.1', GATEWAY_PORTS.admin) },
    stats_config: { histogram_bucket_settings: [latencyBuckets(settings.latencyEdges)] },
    overload_manager: overloadManager(settings.memoryBytes),
    layered_runtime: { layers: [{ name: 'limits', static_layer: REGEX_LIMITS }] },
    static_resources: {
      listeners: [requestListener(settings), metricsListener()],
      clusters: [
        ...models.flatMap((model) => modelClusters(model, settings.clusters)),
        ...authenticationClusters(settings.http.authentication),
        localCluster(CLUSTERS.agent, GATEWAY_PORTS.agent),
        localCluster(CLUSTERS.admin, GATEWAY_PORTS.admin),
      ],
    },
  };
}

function address(host: string, port: number): Json {
  return { socket_address: { address: host, port_value: port } };
}

function latencyBuckets(edges: number[]): Json {
  const buckets = [...new Set([...LATENCY_EDGES, ...edges])].sort((a, b) => a - b);
  return { match: { suffix: 'upstream_rq_time' }, buckets };
}

function requestListener({ http, tls }: ProxySettings): Json {
  return {
    name: 'requests',
    address: address('0.0.0.0', GATEWAY_PORTS.requests),
    per_connection_buffer_limit_bytes: CONNECTION_BUFFER_BYTES,
    filter_chains: [
      { filters: [httpConnectionManager(http)], transport_socket: tls === undefined ? undefined : downstreamTls(tls) },
    ],
  };
}

/** Metrics and health, and nothing else of the administration and of the agent: who reaches the agent may abort rollouts. */
function metricsListener(): Json {
  const to = (cluster: string, path: string) => ({
    match: { path, headers: [{ name: ':method', string_match: { exact: 'GET' } }] },
    route: { cluster },
  });
  const live = { match: { path: LIVE_PATH }, direct_response: { status: 200, body: { inline_string: 'LIVE\n' } } };
  return {
    name: 'metrics',
    address: address('0.0.0.0', GATEWAY_PORTS.metrics),
    // Not held back, nor ended early, when the port for requests is drained.
    drain_type: 'MODIFY_ONLY',
    filter_chains: [
      {
        filters: [
          {
            name: 'envoy.filters.network.http_connection_manager',
            typed_config: typed('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', {
              stat_prefix: 'metrics',
              route_config: {
                name: 'metrics',
                virtual_hosts: [
                  {
                    name: 'metrics',
                    domains: ['*'],
                    routes: [
                      to(CLUSTERS.admin, GATEWAY_PATHS.proxyMetrics),
                      to(CLUSTERS.agent, HTTP_PATHS.metrics),
                      to(CLUSTERS.admin, GATEWAY_PATHS.ready),
                      live,
                    ],
                  },
                ],
              },
              http_filters: [
                { name: FILTERS.router, typed_config: typed('envoy.extensions.filters.http.router.v3.Router') },
              ],
            }),
          },
        ],
      },
    ],
  };
}

/** Refuses requests before the container is killed for its memory. */
function overloadManager(memoryBytes: number): Json {
  const heap = 'envoy.resource_monitors.fixed_heap';
  const action = (name: string, value: number) => ({
    name: `envoy.overload_actions.${name}`,
    triggers: [{ name: heap, threshold: { value } }],
  });
  return {
    refresh_interval: '0.25s',
    resource_monitors: [
      {
        name: heap,
        typed_config: typed('envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig', {
          max_heap_size_bytes: memoryBytes,
        }),
      },
      {
        name: 'envoy.resource_monitors.global_downstream_max_connections',
        typed_config: typed(
          'envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig',
          { max_active_downstream_connections: MAX_CONNECTIONS },
        ),
      },
    ],
    actions: [action('shrink_heap', 0.9), action('stop_accepting_requests', 0.95)],
  };
}
