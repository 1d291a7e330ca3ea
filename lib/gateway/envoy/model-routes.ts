import type { Json } from '../../kubernetes';
import type { ModelTraffic, VersionTraffic } from '../traffic-plan';
import { type ForwardOptions, forwardTo } from './forwarding';
import { headerIs, type ModelMatches, withHeader } from './matches';
import { HEADERS, type Protocol, type Purpose } from './names';
import { plain, type Route, type RouteSettings, refusal } from './route';
import { splitRoutes } from './split-routes';
import { literally, pathMatch } from './typed';

const PREDICTION_METHOD = '/inference.GRPCInferenceService/ModelInfer';

/** Calls without an end of their own. */
const ENDLESS_METHODS = '/grpc\\.health\\.v1\\.Health/Watch|/grpc\\.reflection\\..*';

/** Calls that a predictor answers to everybody too. */
const HEALTH_METHODS = '/inference\\.GRPCInferenceService/Server(Live|Ready)|/grpc\\.health\\.v1\\.Health/.*';

/** What is common to the routes of a model. */
export interface ModelRoutesInput {
  readonly traffic: ModelTraffic;
  /** Whether requests that name no model are for this one. */
  readonly owner: boolean;
  readonly settings: RouteSettings;
}

/** Routes of the requests that are for a model. The first that matches counts. */
export function modelRoutes(input: ModelRoutesInput): Route[] {
  return [...protocolRoutes(input, 'grpc', grpcMatches(input)), ...protocolRoutes(input, 'http', httpMatches(input))];
}

/** Routes of the requests that name no model, to the only one that there is. */
export function ownerRoutes({ traffic, settings }: ModelRoutesInput): Route[] {
  const options: ForwardOptions = { traffic, settings, protocol: 'http' };
  const purpose = asidePurpose(traffic, traffic.main);
  const to = (match: Json, open: boolean) =>
    plain({ match, ...forwardTo(traffic.main, purpose, { ...options, open }) });
  return [
    to(pathMatch('/v2/health/(live|ready)/?|/docs(/.*)?'), true),
    to(pathMatch('/|(/v1/models|/v2|/v2/models|/v2/models/stats|/v2/repository/index|/openapi\\.json)/?'), false),
  ];
}

/** What requests that have no part in a split are counted as. */
function asidePurpose({ split }: ModelTraffic, { backend }: VersionTraffic): Purpose {
  return split?.stable.backend === backend || split?.candidate.backend === backend ? 'pin' : 'share';
}

function protocolRoutes(input: ModelRoutesInput, protocol: Protocol, matches: ModelMatches): Route[] {
  const { traffic, settings } = input;
  const options: ForwardOptions = { traffic, settings, protocol };
  const aside = (match: Json, more: Partial<ForwardOptions> = {}, version: VersionTraffic = traffic.main) =>
    plain({ match, ...forwardTo(version, asidePurpose(traffic, version), { ...options, ...more }) });
  return [
    unknownVersion(traffic, matches),
    ...namedVersions(traffic, matches, aside),
    ...splitRoutes(options, matches),
    ...matches.endless.map((match) => aside(match, { open: true, endless: true })),
    ...matches.open.map((match) => aside(match, { open: true })),
    aside(matches.any),
  ];
}

type Aside = (match: Json, more?: Partial<ForwardOptions>, version?: VersionTraffic) => Route;

/** Routes of requests that name a version. The only one of a model gets everything, and refuses others in paths itself. */
function namedVersions(traffic: ModelTraffic, { any, version }: ModelMatches, aside: Aside): Route[] {
  return traffic.versions.length === 1
    ? []
    : [
        ...traffic.versions.flatMap((each) => [
          ...(version === undefined ? [] : [aside(version(literally(each.version)), {}, each)]),
          aside(withHeader(any, headerIs(HEADERS.version, each.version)), {}, each),
        ]),
        ...(version === undefined ? [] : [refusal(version('[^/:]*'), noSuchVersion(traffic))]),
      ];
}

/** Requests with a header that names a version which is not there. */
function unknownVersion(traffic: ModelTraffic, { any }: ModelMatches): Route {
  const known = { safe_regex: { regex: traffic.versions.map(({ version }) => literally(version)).join('|') } };
  const named = withHeader(any, { name: HEADERS.version, present_match: true });
  const match = withHeader(named, { name: HEADERS.version, string_match: known, invert_match: true });
  return refusal(match, noSuchVersion(traffic));
}

function noSuchVersion({ name, versions }: ModelTraffic): string {
  const known = versions.map(({ version }) => `'${version}'`).join(', ');
  return `There is no such version of the model '${name}' here; there is ${known}.`;
}

function httpMatches({ traffic }: ModelRoutesInput): ModelMatches {
  const model = literally(traffic.name);
  return {
    any: pathMatch(`/v1/models/${model}(/versions/[^/:]+)?(:[^/]*)?/?|/v2/(repository/)?models/${model}(/.*)?`),
    predictions: withHeader(
      pathMatch(`(/v1/models/${model}:predict|/v2/models/${model}/infer)/?`),
      headerIs(':method', 'POST'),
    ),
    endless: [],
    open: [],
    version: (regex) => pathMatch(`/v[12]/models/${model}/versions/${regex}([:/].*)?`),
  };
}

function grpcMatches({ traffic, owner }: ModelRoutesInput): ModelMatches {
  // The message names the model where no proxy looks: a header, or the host, does it instead.
  const common = { grpc: {}, headers: owner ? undefined : [headerIs(HEADERS.model, traffic.name)] };
  return {
    any: { prefix: '/', ...common },
    predictions: { path: PREDICTION_METHOD, ...common },
    endless: [{ ...pathMatch(ENDLESS_METHODS), ...common }],
    open: [{ ...pathMatch(HEALTH_METHODS), ...common }],
  };
}
