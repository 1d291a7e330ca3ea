import type * as z from 'zod';
import { type RouteConfiguration, routeConfigurationSchema } from './route-schema';

/** Routes that are obeyed. */
export interface ParsedRoutes {
  readonly routes: RouteConfiguration;
  /** Paths of what has no effect here, as `virtual_hosts.0.rate_limits`. */
  readonly ignored: readonly string[];
}

/** Routes that cannot be obeyed; the former ones stay. */
export class RejectedRoutesError extends Error {
  override readonly name = 'RejectedRoutesError';
}

/**
 * Checks a `RouteConfiguration` in JSON.
 *
 * @param clusters names of the clusters that there are
 * @throws RejectedRoutesError
 */
export function parseRoutes(value: unknown, clusters: ReadonlySet<string>): ParsedRoutes {
  const ignored: string[] = [];
  let candidate = structuredClone(value);
  for (;;) {
    const parsed = routeConfigurationSchema.safeParse(candidate);
    if (parsed.success) {
      return { routes: checked(parsed.data, clusters), ignored };
    }
    const unknown = unknownKeys(parsed.error.issues);
    const fault = parsed.error.issues.find(({ code }) => code !== 'unrecognized_keys');
    if (fault !== undefined) {
      throw new RejectedRoutesError(`${fault.path.map(String).join('.')}: ${fault.message}`);
    }
    ignored.push(...unknown.map((path) => path.map(String).join('.')));
    candidate = unknown.reduce(without, candidate);
  }
}

function checked(routes: RouteConfiguration, clusters: ReadonlySet<string>): RouteConfiguration {
  const names = routes.virtual_hosts.flatMap((host) => [
    ...host.request_mirror_policies.map(({ cluster }) => cluster),
    ...host.routes.flatMap(({ route }) => [
      ...(route?.cluster === undefined ? [] : [route.cluster]),
      ...(route?.weighted_clusters?.clusters ?? []).map(({ name }) => name),
      ...(route?.request_mirror_policies ?? []).map(({ cluster }) => cluster),
    ]),
  ]);
  const unknown = names.find((name) => !clusters.has(name));
  if (routes.validate_clusters && unknown !== undefined) {
    throw new RejectedRoutesError(`route: unknown cluster '${unknown}'`);
  }
  const domains = routes.virtual_hosts.flatMap((host) => host.domains);
  const twice = domains.find((domain, index) => domains.indexOf(domain) < index);
  if (twice !== undefined) {
    throw new RejectedRoutesError(`only unique values for domains are permitted: '${twice}' is there twice`);
  }
  return routes;
}

function unknownKeys(issues: readonly z.core.$ZodIssue[]): PropertyKey[][] {
  return issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [],
  );
}

function without(value: unknown, [key, ...rest]: readonly PropertyKey[]): unknown {
  const container = value as Record<PropertyKey, unknown>;
  if (key === undefined || container[key] === undefined) {
    return value;
  }
  if (rest.length === 0) {
    delete container[key];
  } else {
    without(container[key], rest);
  }
  return value;
}
