import type { Sample } from './prometheus-text';

/** What the counters of a cluster of Envoy say at one moment. */
export interface ClusterReading {
  /** Counters by a name of their own: they only grow while the process runs. */
  readonly counters: ReadonlyMap<string, number>;

  /** Requests under way. */
  readonly active: number;
}

const CLUSTER_LABEL = 'envoy_cluster_name';
const CODE_LABEL = 'envoy_response_code';
const ACTIVE = 'envoy_cluster_upstream_rq_active';
const CODES = 'envoy_cluster_upstream_rq';
const BUCKETS = 'envoy_cluster_upstream_rq_time_bucket';

/** Counters without labels of their own, by what they are called here. */
const PLAIN: Readonly<Record<string, string>> = {
  envoy_cluster_upstream_rq_total: 'attempts',
  envoy_cluster_upstream_cx_none_healthy: 'no-host',
  envoy_cluster_upstream_rq_pending_overflow: 'overflow',
  envoy_cluster_upstream_rq_pending_failure_eject: 'no-connection',
  envoy_cluster_upstream_rq_retry: 'retries',
  envoy_cluster_upstream_rq_timeout: 'timeouts',
  envoy_cluster_upstream_rq_time_count: 'timed',
  // Of clusters whose answers are counted behind the routes: those of mirrored requests over gRPC.
  envoy_cluster_admission_control_rq_failure: 'failed statuses',
};

const GRPC = /^envoy_cluster_grpc_(\d+)$/;

/** Seconds that the process runs: less than before = it is another one. */
const UPTIME = 'envoy_server_uptime';

/** Metrics of Envoy that are read. */
export function isWanted(name: string): boolean {
  return (
    Object.hasOwn(PLAIN, name) ||
    name === ACTIVE ||
    name === CODES ||
    name === BUCKETS ||
    name === UPTIME ||
    GRPC.test(name)
  );
}

/**
 * A selector of PromQL for the metrics of these clusters.
 *
 * @param labels labels that the series have
 * @param names regular expression of the metrics; absent = all that are read
 */
export function selectorOf(
  clusters: readonly string[],
  labels: Readonly<Record<string, string>> = {},
  names: string = [...Object.keys(PLAIN), ACTIVE, CODES, BUCKETS, 'envoy_cluster_grpc_[0-9]+'].join('|'),
): string {
  const more = Object.entries(labels).map(([label, value]) => `,${label}=${JSON.stringify(value)}`);
  const values = JSON.stringify(clusters.map(literal).join('|'));
  return `{__name__=~${JSON.stringify(names)},${CLUSTER_LABEL}=~${values}${more.join('')}}`;
}

/** A counter that every cluster has. */
export const ATTEMPTS = 'envoy_cluster_upstream_rq_total';

/** What one proxy says. */
export interface ProxyReading {
  /** Absent = that is not told. */
  readonly uptime?: number;
  readonly clusters: ReadonlyMap<string, ClusterReading>;
}

/** Reads the counters of a proxy by cluster. A cluster that the proxy does not have is absent. */
export function readProxy(samples: readonly Sample[], clusters: ReadonlySet<string>): ProxyReading {
  const found = new Map<string, { counters: Map<string, number>; active: number }>();
  let uptime: number | undefined;
  for (const { name, labels, value } of samples) {
    if (name === UPTIME) {
      uptime = value;
    }
    const cluster = labels[CLUSTER_LABEL];
    if (cluster === undefined || !clusters.has(cluster)) {
      continue;
    }
    const reading = found.get(cluster) ?? { counters: new Map<string, number>(), active: 0 };
    found.set(cluster, reading);
    const key = counterOf(name, labels);
    if (name === ACTIVE) {
      reading.active += value;
    } else if (key !== undefined && value >= 0) {
      reading.counters.set(key, (reading.counters.get(key) ?? 0) + value);
    }
  }
  return uptime === undefined ? { clusters: found } : { uptime, clusters: found };
}

function counterOf(name: string, labels: Readonly<Record<string, string>>): string | undefined {
  if (Object.hasOwn(PLAIN, name)) {
    return PLAIN[name];
  }
  const grpc = GRPC.exec(name);
  if (grpc !== null) {
    return `grpc ${grpc[1]}`;
  }
  if (name === CODES) {
    return `code ${labels[CODE_LABEL]}`;
  }
  const edge = Number(labels.le);
  return name === BUCKETS && Number.isFinite(edge) ? `up to ${edge}` : undefined;
}

function literal(cluster: string): string {
  return cluster.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
