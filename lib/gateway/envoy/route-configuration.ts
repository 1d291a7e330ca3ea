import { createHash } from 'node:crypto';
import type { RolloutRouteConfig } from '../../contract';
import { type Json, millisOf } from '../../kubernetes';
import type { ModelTraffic, SplitTraffic } from '../traffic-plan';
import { renderCorsPolicy } from './cors';
import { openFilters } from './forwarding';
import { modelRoutes, ownerRoutes } from './model-routes';
import { FILTERS, ROUTES } from './names';
import { RETRY_POLICY } from './retries';
import { type KnobKind, plain, type Route, type RouteSettings, refusal } from './route';
import { headerOf, literalFormat, typed } from './typed';

const DIGEST_LENGTH = 12;

/** Most names of models, and most characters of a request, in an answer. */
const MOST_NAMES = 10;
const MOST_METHOD = 20;
const MOST_PATH = 200;

/** The routes of the manifest, and where in them rollouts change numbers. */
export interface BaseRoutes {
  /** A `DiscoveryResponse` with one `RouteConfiguration`. */
  readonly response: Json;
  readonly rollouts: RolloutRouteConfig[];
}

/** Routes to all models, with every rollout at its beginning. */
export function renderBaseRoutes(models: ModelTraffic[], settings: RouteSettings): BaseRoutes {
  const hosts = virtualHosts(models, settings);
  const configuration = typed('envoy.config.route.v3.RouteConfiguration', {
    name: ROUTES,
    // A route to a cluster that does not exist would answer 503 for its share.
    validate_clusters: true,
    ignore_port_in_host_matching: true,
    // What the proxy finds out for itself; models have x-forwarded-for.
    request_headers_to_remove: ['x-envoy-external-address'],
    virtual_hosts: hosts.map(({ routes, ...host }) => ({ ...host, routes: routes.map(({ route }) => route) })),
  });
  const digest = createHash('sha256').update(JSON.stringify(configuration)).digest('hex').slice(0, DIGEST_LENGTH);
  return {
    response: { version_info: digest, resources: [configuration] },
    rollouts: models.flatMap(({ split }) => (split === undefined ? [] : [rolloutRoutes(split, hosts)])),
  };
}

interface VirtualHost extends Json {
  readonly routes: Route[];
}

function virtualHosts(models: ModelTraffic[], settings: RouteSettings): VirtualHost[] {
  const everywhere = models.filter(({ hosts }) => hosts.length === 0);
  const hosts = [...new Set(models.flatMap((model) => model.hosts))].sort();
  const filters = settings.origins.length === 0 ? undefined : { [FILTERS.cors]: renderCorsPolicy(settings.origins) };
  const render = (name: string, owners: ModelTraffic[], served: ModelTraffic[]) => ({
    name,
    domains: [name],
    typed_per_filter_config: filters,
    retry_policy: RETRY_POLICY,
    routes: hostRoutes(served, owners.length === 1 ? owners[0] : undefined, settings),
  });
  return [
    ...hosts.map((host) => {
      const owners = models.filter((model) => model.hosts.includes(host));
      return render(host, owners, [...owners, ...everywhere]);
    }),
    render('*', everywhere, everywhere),
  ];
}

/** Routes of the requests to one host. */
function hostRoutes(models: ModelTraffic[], owner: ModelTraffic | undefined, settings: RouteSettings): Route[] {
  // Those with a condition on the name of the model come before those that take every call.
  const ordered = [...models].sort((a, b) => Number(a === owner) - Number(b === owner));
  return [
    ...ordered.flatMap((traffic) => modelRoutes({ traffic, owner: traffic === owner, settings })),
    ...(owner === undefined ? gatewayRoutes(settings) : ownerRoutes({ traffic: owner, owner: true, settings })),
    nothingHere(models),
  ];
}

/** The answer to what no route is for: what was asked, without its query, and the models that there are. */
function nothingHere(models: ModelTraffic[]): Route {
  const names = models.map(({ name }) => `'${name}'`).sort();
  const more = names.length - MOST_NAMES;
  const known = [...names.slice(0, MOST_NAMES), ...(more > 0 ? [`and ${more} more`] : [])].join(', ');
  const verb = names.length === 1 ? 'the model of this address is' : 'the models of this address are';
  const text = `There is nothing at %REQ(:METHOD):${MOST_METHOD}% %PATH(NQ):${MOST_PATH}% here; ${verb} ${literalFormat(known)}.`;
  return plain({
    match: { prefix: '/' },
    direct_response: { status: 404, body_format: { text_format_source: { inline_string: text } } },
  });
}

/** What the gateway itself answers where there are several models. */
function gatewayRoutes(settings: RouteSettings): Route[] {
  const health = (path: string, body: Json) =>
    plain({
      match: { path },
      direct_response: { status: 200, body: { inline_string: JSON.stringify(body) } },
      response_headers_to_add: [headerOf('content-type', 'application/json')],
      typed_per_filter_config: openFilters(settings),
    });
  return [
    health('/v2/health/live', { live: true }),
    health('/v2/health/ready', { ready: true }),
    refusal(
      { prefix: '/', grpc: {} },
      'Name a model of the gateway in the header x-model-name, or call the host of one.',
    ),
  ];
}

function rolloutRoutes({ request, stable, candidate }: SplitTraffic, hosts: VirtualHost[]): RolloutRouteConfig {
  const found = (kind: KnobKind) =>
    hosts.flatMap(({ routes }, host) =>
      routes.flatMap(({ knobs }, route) =>
        knobs
          .filter((knob) => knob.rollout === request.name && knob.kind === kind)
          .map(({ path }) => `/resources/0/virtual_hosts/${host}/routes/${route}/${path.join('/')}`),
      ),
    );
  return {
    name: request.name,
    stable: stable.version,
    candidate: candidate.version,
    stableWeights: found('stableWeights'),
    candidateWeights: found('candidateWeights'),
    mirrors: found('mirrors'),
    comparisons: found('comparisons'),
    pins: found('pins'),
    deadMan: { afterMillis: millisOf(request.deadManAfter), action: request.deadMan },
  };
}
