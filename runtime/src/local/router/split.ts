import { createHash } from 'node:crypto';
import { headerOf, type RequestHead } from './match';
import type { RouteAction } from './route-schema';

type HashedHeader = NonNullable<RouteAction['hash_policy'][number]['header']>;
type WeightedCluster = NonNullable<RouteAction['weighted_clusters']>['clusters'][number];

/** Where a request goes: a cluster, with what only its share of requests gets. */
export interface Destination {
  readonly cluster: string;
  readonly weighted?: WeightedCluster;
}

/**
 * Chooses the cluster of a request by the weights of the route: at random, or the same for the same header where the route says
 * so. With weights that keep their sum, a growing last weight takes nobody away who was in it.
 */
export function destinationOf(action: RouteAction, head: RequestHead, random: () => number): Destination | undefined {
  if (action.weighted_clusters === undefined) {
    return action.cluster === undefined ? undefined : { cluster: action.cluster };
  }
  const { clusters } = action.weighted_clusters;
  const total = clusters.reduce((sum, { weight }) => sum + weight, 0);
  const value = Math.floor((hashOf(action, head) ?? random()) * total);
  let end = 0;
  for (const weighted of clusters) {
    end += weighted.weight;
    if (value < end) {
      return { cluster: weighted.name, weighted };
    }
  }
  return undefined;
}

/** A number from 0 to 1 that is the same for the same header; not the one that Envoy computes. */
function hashOf({ weighted_clusters, hash_policy }: RouteAction, head: RequestHead): number | undefined {
  if (weighted_clusters?.use_hash_policy !== true) {
    return undefined;
  }
  const keys = hash_policy.flatMap(({ header }) =>
    header === undefined ? [] : [rewritten(headerOf(header.header_name, head), header.regex_rewrite)],
  );
  const key = keys.find((each) => each !== undefined);
  if (key === undefined) {
    return undefined;
  }
  return createHash('sha256').update(key).digest().readUInt32BE() / 2 ** 32;
}

function rewritten(value: string | undefined, rewrite: HashedHeader['regex_rewrite']): string | undefined {
  if (value === undefined || rewrite === undefined) {
    return value;
  }
  const replacement = rewrite.substitution
    .replaceAll('$', '$$$$')
    .replace(/\\\\|\\(\d)/g, (_, group?: string) => (group === undefined ? '\\' : group === '0' ? '$&' : `$${group}`));
  return value.replace(new RegExp(rewrite.pattern.regex, 'gu'), replacement);
}
