import { at, type Json } from '../proxy/bootstrap';

/** Where requests of a cluster go now. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** A cluster. */
export interface Cluster {
  readonly name: string;
  /** Whether its endpoints speak HTTP/2 without TLS, or what the client speaks. */
  readonly protocol: 'http1' | 'http2' | 'downstream';
  /** Endpoints now, in a stable order. */
  readonly endpoints: () => readonly Endpoint[];
}

const PROTOCOL_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

/** Clusters of a bootstrap. @param endpointsOf endpoints of a cluster now */
export function clustersOf(
  bootstrap: Json,
  endpointsOf: (cluster: string) => readonly Endpoint[],
): ReadonlyMap<string, Cluster> {
  const clusters = at(bootstrap, 'static_resources', 'clusters');
  return new Map(
    (Array.isArray(clusters) ? clusters : []).map((cluster: Json) => {
      const name = String(cluster.name);
      return [name, { name, protocol: protocolOf(cluster), endpoints: () => endpointsOf(name) }];
    }),
  );
}

function protocolOf(cluster: Json): Cluster['protocol'] {
  const options = at(cluster, 'typed_extension_protocol_options', PROTOCOL_OPTIONS);
  if (at(options, 'use_downstream_protocol_config') !== undefined) {
    return 'downstream';
  }
  const explicit = at(options, 'explicit_http_config', 'http2_protocol_options');
  return explicit === undefined && cluster.http2_protocol_options === undefined ? 'http1' : 'http2';
}
