import { rolloutConfig } from './support';

const { stable, candidate } = rolloutConfig();
const clusters = [...stable.clusters, ...candidate.clusters, ...candidate.shadowClusters];

/** Counters of one proxy, as Envoy 1.40 writes them. */
export class EnvoyCounters {
  private readonly values = new Map<string, number>();

  constructor() {
    for (const cluster of clusters) {
      this.add(cluster, { upstream_rq_total: 0, upstream_rq_active: 0 });
    }
  }

  add(cluster: string, counters: Readonly<Record<string, number>>): this {
    for (const [name, value] of Object.entries(counters)) {
      const [metric, label] = name.split(' ');
      const labels = label === undefined ? '' : `${label},`;
      const key = `envoy_cluster_${metric}{${labels}envoy_cluster_name="${cluster}"}`;
      this.values.set(key, (this.values.get(key) ?? 0) + value);
    }
    return this;
  }

  /** Answered requests with a code, of which so many took longer than 100 ms. */
  answer(cluster: string, code: number, count: number, slow = 0): this {
    return this.add(cluster, {
      [`upstream_rq envoy_response_code="${code}"`]: count,
      upstream_rq_total: count,
      upstream_rq_time_count: count,
      'upstream_rq_time_bucket le="100"': count - slow,
      'upstream_rq_time_bucket le="+Inf"': count,
    });
  }

  get lines(): string[] {
    return [...this.values].map(([key, value]) => `${key} ${value}`);
  }

  get text(): string {
    return ['# TYPE envoy_cluster_upstream_rq counter', ...this.lines, 'envoy_server_uptime{} 7', ''].join('\n');
  }
}
