import type { FeatureLookupConfig } from '../../lib/contract';

/** A lookup with limits fit for a test: entities `card`, hashes `card:<key>`. */
export function featuresConfig(
  lookup: Partial<FeatureLookupConfig> & Pick<FeatureLookupConfig, 'address' | 'features'>,
): FeatureLookupConfig {
  return { type: 'redis', entity: 'card', key: 'card:{entity}', timeoutMillis: 500, ...lookup };
}

/** Value of a series of Prometheus text; undefined when there is none with these labels. */
export function seriesValue(metrics: string, name: string, labels: Record<string, string> = {}): number | undefined {
  const line = metrics
    .split('\n')
    .find(
      (candidate) =>
        new RegExp(`^${name}[{ ]`).test(candidate) &&
        Object.entries(labels).every(([label, value]) => candidate.includes(`${label}="${value}"`)),
    );
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ') + 1));
}
