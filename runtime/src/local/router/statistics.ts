/** Upper bounds of Envoy's own buckets, in milliseconds. */
const DEFAULT_BUCKETS = [
  0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000,
  3_600_000,
];

/** Where a statistic belongs. */
export type Scope =
  | { readonly kind: 'cluster'; readonly name: string }
  | { readonly kind: 'http'; readonly name: string }
  | { readonly kind: 'server' }
  | { readonly kind: 'rds'; readonly name: string; readonly route: string };

interface Histogram {
  readonly counts: number[];
  sum: number;
  count: number;
}

interface Series<T> {
  readonly scope: Scope;
  readonly name: string;
  value: T;
}

/** Counters, gauges and histograms under the names that Envoy gives them. */
export class Statistics {
  private readonly counters = new Map<string, Series<number>>();
  private readonly histograms = new Map<string, Series<Histogram>>();

  /** @param buckets upper bounds of histograms, in milliseconds */
  constructor(private readonly buckets: readonly number[] = DEFAULT_BUCKETS) {}

  /** Adds to a counter or gauge. */
  add(scope: Scope, name: string, value = 1): void {
    const key = `${prefixOf(scope)}.${name}`;
    const series = this.counters.get(key);
    if (series === undefined) {
      this.counters.set(key, { scope, name, value });
    } else {
      series.value += value;
    }
  }

  /** Sets a gauge. */
  set(scope: Scope, name: string, value: number): void {
    this.counters.set(`${prefixOf(scope)}.${name}`, { scope, name, value });
  }

  /** Counts a duration. */
  observe(scope: Scope, name: string, millis: number): void {
    const key = `${prefixOf(scope)}.${name}`;
    const series = this.histograms.get(key) ?? {
      scope,
      name,
      value: { counts: this.buckets.map(() => 0), sum: 0, count: 0 },
    };
    this.histograms.set(key, series);
    series.value.sum += millis;
    series.value.count += 1;
    this.buckets.forEach((bound, index) => {
      if (millis <= bound) {
        series.value.counts[index] = (series.value.counts[index] ?? 0) + 1;
      }
    });
  }

  /** Names and values, sorted by name. */
  entries(): [string, number][] {
    const all = [...this.counters].map(([name, { value }]): [string, number] => [name, value]);
    return all.sort(([one], [other]) => (one < other ? -1 : 1));
  }

  /** Prometheus text exposition. */
  exposition(): string {
    const families = new Map<string, string[]>();
    const add = (family: string, type: string, ...lines: string[]) => {
      const known = families.get(family) ?? [`# TYPE ${family} ${type}`];
      families.set(family, [...known, ...lines]);
    };
    for (const { scope, name, value } of this.counters.values()) {
      const { family, labels } = describe(scope, name);
      add(family, GAUGES.test(name) ? 'gauge' : 'counter', `${family}${labelText(labels)} ${value}`);
    }
    for (const { scope, name, value } of this.histograms.values()) {
      const { family, labels } = describe(scope, name);
      const buckets = this.buckets.map((bound, index) => [String(bound), value.counts[index] ?? 0] as const);
      add(
        family,
        'histogram',
        ...[...buckets, ['+Inf', value.count] as const].map(
          ([le, count]) => `${family}_bucket${labelText({ ...labels, le })} ${count}`,
        ),
        `${family}_sum${labelText(labels)} ${value.sum}`,
        `${family}_count${labelText(labels)} ${value.count}`,
      );
    }
    return `${[...families.values()].flat().join('\n')}\n`;
  }
}

const GAUGES = /_active$|^membership_|^uptime$/;

function prefixOf(scope: Scope): string {
  switch (scope.kind) {
    case 'server':
      return scope.kind;
    case 'rds':
      return `http.${scope.name}.rds.${scope.route}`;
    default:
      return `${scope.kind}.${scope.name}`;
  }
}

function describe(scope: Scope, name: string): { family: string; labels: Record<string, string> } {
  const labels = labelsOf(scope);
  const family = `envoy_${scope.kind === 'rds' ? 'http_rds' : scope.kind}_`;
  const code = /^(.*_rq)_(\d{3})$/.exec(name);
  if (code !== null) {
    return { family: family + code[1], labels: { envoy_response_code: code[2] ?? '', ...labels } };
  }
  const codeClass = /^(.*_rq)_(\d)xx$/.exec(name);
  if (codeClass !== null) {
    return {
      family: `${family}${codeClass[1]}_xx`,
      labels: { envoy_response_code_class: codeClass[2] ?? '', ...labels },
    };
  }
  return { family: family + name.replaceAll('.', '_'), labels };
}

function labelsOf(scope: Scope): Record<string, string> {
  switch (scope.kind) {
    case 'cluster':
      return { envoy_cluster_name: scope.name };
    case 'server':
      return {};
    case 'http':
      return { envoy_http_conn_manager_prefix: scope.name };
    case 'rds':
      return { envoy_rds_route_config: scope.route, envoy_http_conn_manager_prefix: scope.name };
  }
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const entries = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return `{${entries.join(',')}}`;
}
