import { PORTS, ROLLOUT_PORTS } from '../../contract';
import type { Json } from '../../kubernetes';
import type { ModelTraffic, VersionTraffic } from '../traffic-plan';
import { grpcOutcomeFilters } from './grpc-outcomes';
import { clusterName, comparisonCluster, type Protocol, type Purpose } from './names';
import { type UpstreamTls, upstreamTls } from './tls';
import { duration, typed } from './typed';

const CONNECT_TIMEOUT = duration(1000);

/** Shorter than the 75 s after which a predictor closes an idle connection: a request never meets one that is just closed. */
const IDLE_TIMEOUT = duration(60_000);

/** What clusters depend on, besides the models. */
export interface ClusterSettings {
  readonly maxConcurrentRequests: number;
  readonly tls: UpstreamTls;
}

/** Name of the headless Service of a model, whose addresses are its ready pods. */
export function podsServiceName(backend: string): string {
  return `${backend}-pods`;
}

/** Host name of such a Service. */
export function podsHost({ name, namespace }: { name: string; namespace: string | undefined }): string {
  return `${podsServiceName(name)}${namespace === undefined ? '' : `.${namespace}.svc`}`;
}

/** Clusters of the versions of a model: one for each protocol and each purpose that is counted apart. */
export function modelClusters({ versions, split }: ModelTraffic, settings: ClusterSettings): Json[] {
  return [
    ...versions.flatMap((version) =>
      purposesOf(version, split?.stable, split?.candidate).flatMap((purpose) =>
        (['http', 'grpc'] as const).map((protocol) => modelCluster(version, protocol, purpose, settings)),
      ),
    ),
    ...(split?.request.comparisonHost === undefined
      ? []
      : [dnsCluster(comparisonCluster(split.request.name), split.request.comparisonHost, ROLLOUT_PORTS.http)]),
  ];
}

/** A cluster of a server that is not a model: a host name and a port. */
export function dnsCluster(name: string, host: string, port: number, more: Json = {}): Json {
  return { ...cluster(name, host, port), type: 'STRICT_DNS', dns_lookup_family: 'V4_PREFERRED', ...more };
}

/** A cluster of a server in the same pod. */
export function localCluster(name: string, port: number): Json {
  return { ...cluster(name, '127.0.0.1', port), type: 'STATIC' };
}

function purposesOf({ backend }: VersionTraffic, stable?: VersionTraffic, candidate?: VersionTraffic): Purpose[] {
  if (backend === candidate?.backend) {
    return ['share', 'pin', 'shadow'];
  }
  return backend === stable?.backend ? ['share', 'pin'] : ['share'];
}

function modelCluster(
  { backend }: VersionTraffic,
  protocol: Protocol,
  purpose: Purpose,
  { maxConcurrentRequests, tls }: ClusterSettings,
): Json {
  return dnsCluster(clusterName(backend.name, protocol, purpose), podsHost(backend), PORTS[protocol], {
    lb_policy: 'LEAST_REQUEST',
    circuit_breakers: {
      thresholds: [
        {
          // More than there may be requests: one for which there is a connection is refused, and does not wait for another.
          max_connections: 2 * maxConcurrentRequests,
          max_pending_requests: maxConcurrentRequests,
          max_requests: maxConcurrentRequests,
          // What is sent again no pod has got, so a failure of some pods costs no request; the share ends a storm.
          retry_budget: { budget_percent: { value: 20 }, min_retry_concurrency: 100 },
        },
      ],
    },
    // A pod that fails again and again rests for a while. Never more than half of them: the others could not carry it.
    outlier_detection: {
      split_external_local_origin_errors: true,
      consecutive_5xx: 5,
      consecutive_gateway_failure: 5,
      enforcing_consecutive_gateway_failure: 100,
      consecutive_local_origin_failure: 5,
      interval: duration(5000),
      base_ejection_time: duration(30_000),
      max_ejection_percent: 50,
      // Statistics need more pods and requests than a model may have.
      enforcing_success_rate: 0,
      enforcing_local_origin_success_rate: 0,
    },
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': typed(
        'envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        {
          common_http_protocol_options: { idle_timeout: IDLE_TIMEOUT },
          explicit_http_config:
            protocol === 'grpc'
              ? {
                  http2_protocol_options: {
                    connection_keepalive: { interval: duration(30_000), timeout: duration(5000) },
                  },
                }
              : { http_protocol_options: {} },
          http_filters: purpose === 'shadow' && protocol === 'grpc' ? grpcOutcomeFilters() : undefined,
        },
      ),
    },
    transport_socket: backend.encrypted ? upstreamTls(backend, protocol, tls) : undefined,
  });
}

function cluster(name: string, address: string, port: number): Json {
  const endpoint = { address: { socket_address: { address, port_value: port } } };
  return {
    name,
    connect_timeout: CONNECT_TIMEOUT,
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint }] }] },
  };
}
