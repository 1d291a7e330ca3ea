import { WHOLE_SHARE } from '../../contract';
import type { Json } from '../../kubernetes';
import type { SplitTraffic, VersionTraffic } from '../traffic-plan';
import { answerHeaders, type ForwardOptions, forwardTo, routeOf } from './forwarding';
import { headerIs, type ModelMatches, withHeader } from './matches';
import { clusterName, comparisonCluster, HEADERS, type Protocol } from './names';
import type { Knob, KnobKind, Route } from './route';
import { headerOf } from './typed';

/** Routes of a rollout: requests with its header, then predictions. At first nothing reaches the candidate. */
export function splitRoutes(options: ForwardOptions, matches: ModelMatches): Route[] {
  const { split } = options.traffic;
  return split === undefined ? [] : [...pinnedRoutes(split, options, matches), sharedRoute(split, options, matches)];
}

function pinnedRoutes({ request, candidate }: SplitTraffic, options: ForwardOptions, { any }: ModelMatches): Route[] {
  const { pinHeader, pinValue } = request;
  if (pinHeader === undefined || pinValue === undefined) {
    return [];
  }
  const match = { ...withHeader(any, headerIs(pinHeader.toLowerCase(), pinValue)), runtime_fraction: fraction(0) };
  const knobs = [knob(request.name, 'pins', 'match', 'runtime_fraction', ...NUMERATOR)];
  return [{ route: { match, ...forwardTo(candidate, 'pin', options) }, knobs }];
}

function sharedRoute(
  { request, stable, candidate }: SplitTraffic,
  options: ForwardOptions,
  matches: ModelMatches,
): Route {
  const { name, stickyHeader, comparisonHost } = request;
  const { protocol } = options;
  const sticky = stickyHeader !== undefined;
  // Bodies are compared by the controller, which reads JSON.
  const compares = comparisonHost !== undefined && protocol === 'http';
  const action = {
    weighted_clusters: {
      use_hash_policy: sticky ? true : undefined,
      // The candidate is the last one, and the sum never changes: while its share grows, nobody loses it.
      clusters: [weighted(stable, protocol, WHOLE_SHARE), weighted(candidate, protocol, 0)],
    },
    hash_policy: sticky ? [stickiness(stickyHeader, name, candidate.version)] : undefined,
    request_mirror_policies: [
      mirrorTo(clusterName(candidate.backend.name, protocol, 'shadow')),
      ...(compares ? [mirrorTo(comparisonCluster(name))] : []),
    ],
  };
  const mirror = (index: number) => ['route', 'request_mirror_policies', index, 'runtime_fraction', ...NUMERATOR];
  const weight = (index: number) => ['route', 'weighted_clusters', 'clusters', index, 'weight'];
  return {
    route: { match: matches.predictions, ...routeOf([stable, candidate], options, action) },
    knobs: [
      knob(name, 'stableWeights', ...weight(0)),
      knob(name, 'candidateWeights', ...weight(1)),
      knob(name, 'mirrors', ...mirror(0)),
      ...(compares ? [knob(name, 'comparisons', ...mirror(1))] : []),
    ],
  };
}

const NUMERATOR = ['default_value', 'numerator'];

/** A share in hundredths of a percent, which is what {@link WHOLE_SHARE} counts. */
function fraction(numerator: number): Json {
  return { default_value: { numerator, denominator: 'TEN_THOUSAND' } };
}

function knob(rollout: string, kind: KnobKind, ...path: (string | number)[]): Knob {
  return { rollout, kind, path };
}

function weighted(version: VersionTraffic, protocol: Protocol, weight: number): Json {
  return {
    name: clusterName(version.backend.name, protocol, 'share'),
    weight,
    response_headers_to_add: answerHeaders(version),
  };
}

/**
 * The same key gives the same version. With the rollout in what is hashed, the users who come first in one rollout are not
 * those who come first in every other.
 */
function stickiness(header: string, rollout: string, version: string): Json {
  return {
    header: {
      header_name: header.toLowerCase(),
      regex_rewrite: { pattern: { regex: '^.*$' }, substitution: `${rollout}/${version}/\\0` },
    },
  };
}

function mirrorTo(cluster: string): Json {
  return {
    cluster,
    runtime_fraction: fraction(0),
    trace_sampled: false,
    disable_shadow_host_suffix_append: true,
    request_headers_mutations: [{ append: headerOf(HEADERS.shadow, '1') }],
  };
}
