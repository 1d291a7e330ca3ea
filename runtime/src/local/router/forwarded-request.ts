import { SharedBody } from './body';
import { type ClientRequest, isHttp2 } from './exchange';
import type { Forwarded } from './forward';
import { addHeaders, changeRequest, removeHeaders } from './headers';
import type { FoundRoute, RequestHead } from './match';
import type { HeaderChanges, MirrorPolicy, RouteAction, RouteConfiguration } from './route-schema';
import type { Destination } from './split';

/** A request, and the route that was found for it. */
export interface Routed {
  readonly head: RequestHead;
  readonly configuration: RouteConfiguration;
  readonly found: FoundRoute;
  readonly action: RouteAction;
}

/** What changes headers, the most specific first. */
export function levelsOf({ configuration, found }: Routed, { weighted }: Destination): HeaderChanges[] {
  return [...(weighted === undefined ? [] : [weighted]), found.route, found.host, configuration];
}

/** The request as it goes to its destination. */
export function forwardedOf(
  request: ClientRequest,
  destination: Destination,
  routed: Routed,
  signal: AbortSignal,
): Forwarded {
  const { head, found, action } = routed;
  const headers = { ...head.headers };
  headers['x-forwarded-proto'] ??= 'http';
  changeRequest(headers, levelsOf(routed, destination), { head, cluster: destination.cluster });
  const { prefix = '' } = found.route.match;
  const path = action.prefix_rewrite === undefined ? head.path : action.prefix_rewrite + head.path.slice(prefix.length);
  return {
    method: head.method,
    path,
    authority: destination.weighted?.host_rewrite_literal ?? action.host_rewrite_literal ?? head.authority,
    headers,
    body: new SharedBody(request),
    http2: isHttp2(request),
    timeoutMillis: action.timeout,
    retry: action.retry_policy ?? found.host.retry_policy,
    signal,
  };
}

/** The copy of a request for a mirror. */
export function mirrored(policy: MirrorPolicy, head: RequestHead, forwarded: Forwarded): Forwarded {
  const headers = { ...forwarded.headers };
  for (const { append, remove } of policy.request_headers_mutations) {
    if (append !== undefined) {
      addHeaders(headers, [append], { head, cluster: policy.cluster });
    }
    if (remove !== undefined) {
      removeHeaders(headers, [remove]);
    }
  }
  const { authority } = forwarded;
  const suffixed = policy.disable_shadow_host_suffix_append ? authority : authority.replace(/(:\d+)?$/, '-shadow$1');
  return {
    ...forwarded,
    headers,
    authority: policy.host_rewrite_literal ?? suffixed,
    retry: undefined,
    // A client that goes does not take the copy along.
    signal: new AbortController().signal,
  };
}
