import { SERVER_DEFAULTS } from '../../contract';
import type { Json } from '../../kubernetes';
import type { ModelTraffic, VersionTraffic } from '../traffic-plan';
import { clusterName, FILTERS, HEADERS, type Protocol, type Purpose, ROUTE_METADATA } from './names';
import type { RouteSettings } from './route';
import { duration, headerOf, typed } from './typed';

/** The predictor answers a late request itself, with what it knows of it: the proxy gives up after it. */
const TIMEOUT_BESIDE_BUDGET_MILLIS = 1000;

/** Bytes around the message of a gRPC request. */
const GRPC_FRAME_BYTES = 5;

/** Largest body where a model says nothing else. */
export const DEFAULT_BODY_BYTES = SERVER_DEFAULTS.maxBodyBytes + GRPC_FRAME_BYTES;

/** What a route is for, besides its versions. */
export interface ForwardOptions {
  readonly traffic: ModelTraffic;
  readonly protocol: Protocol;
  readonly settings: RouteSettings;
  /** Whether everybody may ask, and nothing is counted. */
  readonly open?: boolean;
  /** Whether the call has no end of its own. */
  readonly endless?: boolean;
}

/** A route to one version. */
export function forwardTo(version: VersionTraffic, purpose: Purpose, options: ForwardOptions): Json {
  return {
    response_headers_to_add: answerHeaders(version),
    ...routeOf([version], options, { cluster: clusterName(version.backend.name, options.protocol, purpose) }),
  };
}

/**
 * A route to whatever `action` says, with what all routes to versions have.
 *
 * @param versions those that may answer
 */
export function routeOf(versions: VersionTraffic[], options: ForwardOptions, action: Json): Json {
  const { traffic, settings, open = false, endless = false } = options;
  const timeout = Math.max(...versions.map(({ backend }) => backend.budgetMillis)) + TIMEOUT_BESIDE_BUDGET_MILLIS;
  return {
    request_headers_to_remove: credentialsToRemove(versions, settings),
    route: {
      ...action,
      timeout: duration(endless ? 0 : timeout),
      // Longer than the timeout, which has the better answer.
      idle_timeout: duration(endless ? 0 : timeout + TIMEOUT_BESIDE_BUDGET_MILLIS),
    },
    // Filters that ask for it find the model of a request here.
    metadata: open ? undefined : { filter_metadata: { [ROUTE_METADATA]: { model: traffic.name } } },
    typed_per_filter_config: filtersOf(versions, options),
  };
}

/** What an answer says of the version that it comes from. */
export function answerHeaders({ variant, version }: VersionTraffic): Json[] {
  return [headerOf(HEADERS.variant, variant), headerOf(HEADERS.version, version)];
}

/** Switches filters off that ask who sent a request, and count it. */
export function openFilters({ apiKeys, jwt, asksAccess, countsRequests }: RouteSettings): Json {
  const disabled = typed('envoy.config.route.v3.FilterConfig', { disabled: true });
  return {
    ...(jwt ? { [FILTERS.jwt]: disabled } : {}),
    ...(apiKeys ? { [FILTERS.extAuthz]: disabled } : {}),
    ...(asksAccess ? { [FILTERS.rbac]: disabled } : {}),
    ...(countsRequests ? { [FILTERS.localRateLimit]: disabled } : {}),
  };
}

/** A model that asks for no credentials does not see them. */
function credentialsToRemove(versions: VersionTraffic[], { apiKeys, jwt }: RouteSettings): string[] | undefined {
  const wanted = versions.some(({ backend }) => backend.authenticated);
  return wanted || !(apiKeys || jwt) ? undefined : [HEADERS.apiKey, 'authorization'];
}

function filtersOf(versions: VersionTraffic[], { settings, open, endless }: ForwardOptions): Json | undefined {
  const bytes = Math.max(...versions.map(({ backend }) => backend.maxBodyBytes));
  // A call without an end would wait for ever to be buffered.
  const other = endless ? { disabled: true } : { buffer: { max_request_bytes: bytes + GRPC_FRAME_BYTES } };
  const filters = {
    ...(bytes === SERVER_DEFAULTS.maxBodyBytes && !endless
      ? {}
      : { [FILTERS.buffer]: typed('envoy.extensions.filters.http.buffer.v3.BufferPerRoute', other) }),
    ...(open ? openFilters(settings) : {}),
  };
  return Object.keys(filters).length === 0 ? undefined : filters;
}
