import type { HeaderMatch, Route, RouteConfiguration, RouteMatch, StringMatch, VirtualHost } from './route-schema';

/** Headers by their names in small letters. */
export type Headers = Record<string, string | string[] | undefined>;

/** What routes look at. */
export interface RequestHead {
  readonly method: string;
  /** Path with query. */
  readonly path: string;
  /** Host that the client asked for, with its port if it named one. */
  readonly authority: string;
  readonly headers: Headers;
}

/** A route, and the host that it belongs to. */
export interface FoundRoute {
  readonly host: VirtualHost;
  readonly route: Route;
}

/** The first route for a request, of the host that fits best; `undefined` when there is none. */
export function findRoute(
  { virtual_hosts, ignore_port_in_host_matching }: RouteConfiguration,
  head: RequestHead,
  random: () => number,
): FoundRoute | undefined {
  const authority = head.authority.toLowerCase();
  const host = virtualHostOf(virtual_hosts, ignore_port_in_host_matching ? authority.replace(/:\d+$/, '') : authority);
  const route = host?.routes.find(({ match }) => matches(match, head, random));
  return host === undefined || route === undefined ? undefined : { host, route };
}

/** The exact domain, else the longest `*.suffix`, else the longest `prefix.*`, else `*`. */
function virtualHostOf(hosts: readonly VirtualHost[], authority: string): VirtualHost | undefined {
  const fits = hosts.flatMap((host) =>
    host.domains.flatMap((domain) => {
      const rank = rankOf(domain, authority);
      return rank === undefined ? [] : [{ host, rank }];
    }),
  );
  return fits.sort((one, other) => other.rank - one.rank)[0]?.host;
}

const EXACT = 3_000_000;
const SUFFIX = 2_000_000;
const PREFIX = 1_000_000;

function rankOf(domain: string, authority: string): number | undefined {
  if (domain === '*') {
    return 0;
  }
  if (domain === authority) {
    return EXACT;
  }
  const rest = authority.length >= domain.length;
  if (domain.startsWith('*') && rest && authority.endsWith(domain.slice(1))) {
    return SUFFIX + domain.length;
  }
  return domain.endsWith('*') && rest && authority.startsWith(domain.slice(0, -1)) ? PREFIX + domain.length : undefined;
}

function matches(match: RouteMatch, head: RequestHead, random: () => number): boolean {
  const [path = '', query = ''] = splitOnce(head.path, '?');
  return (
    matchesPath(match, path) &&
    match.headers.every((header) => matchesHeader(header, head)) &&
    match.query_parameters.every(({ name, string_match, present_match }) => {
      const value = new URLSearchParams(query).get(name);
      return string_match === undefined
        ? (value !== null) === (present_match ?? true)
        : value !== null && matchesText(string_match, value);
    }) &&
    (match.grpc === undefined || isGrpc(head.headers)) &&
    (match.runtime_fraction === undefined || random() < match.runtime_fraction)
  );
}

function matchesPath(match: RouteMatch, written: string): boolean {
  const fold = (text: string) => (match.case_sensitive ? text : text.toLowerCase());
  const path = fold(written);
  const { prefix, path: exact, path_separated_prefix: parts, safe_regex } = match;
  if (exact !== undefined) {
    return path === fold(exact);
  }
  if (parts !== undefined) {
    return path === fold(parts) || path.startsWith(`${fold(parts)}/`);
  }
  return safe_regex === undefined ? path.startsWith(fold(prefix ?? '')) : safe_regex.test(written);
}

/** Whether a request has a header as it is wanted. Pseudo-headers such as `:path` are headers, too. */
export function matchesHeader(match: HeaderMatch, head: RequestHead): boolean {
  const value = headerOf(match.name, head) ?? (match.treat_missing_header_as_empty ? '' : undefined);
  return matchesValue(match, value) !== match.invert_match;
}

function matchesValue(match: HeaderMatch, value: string | undefined): boolean {
  const { present_match, exact_match, prefix_match, suffix_match, contains_match, safe_regex_match } = match;
  if (present_match !== undefined) {
    return (value !== undefined) === present_match;
  }
  const wanted: StringMatch = match.string_match ?? {
    exact: exact_match,
    prefix: prefix_match,
    suffix: suffix_match,
    contains: contains_match,
    safe_regex: safe_regex_match,
    ignore_case: false,
  };
  return value !== undefined && matchesText(wanted, value);
}

/** Whether a text is as it is wanted. */
export function matchesText(
  { exact, prefix, suffix, contains, safe_regex, ignore_case }: StringMatch,
  text: string,
): boolean {
  const fold = (each: string) => (ignore_case ? each.toLowerCase() : each);
  const value = fold(text);
  return (
    (exact === undefined || value === fold(exact)) &&
    (prefix === undefined || value.startsWith(fold(prefix))) &&
    (suffix === undefined || value.endsWith(fold(suffix))) &&
    (contains === undefined || value.includes(fold(contains))) &&
    (safe_regex === undefined || safe_regex.test(text))
  );
}

/** A header of a request, also one of those that HTTP/2 has for its first line. */
export function headerOf(name: string, { method, path, authority, headers }: RequestHead): string | undefined {
  switch (name) {
    case ':method':
      return method;
    case ':path':
      return path;
    case ':authority':
    case 'host':
      return authority;
    default: {
      const value = headers[name];
      return Array.isArray(value) ? value.join(',') : value;
    }
  }
}

/** Whether a request is one of gRPC. */
export function isGrpc(headers: Headers): boolean {
  return /^application\/grpc($|\+|;)/.test(String(headers['content-type'] ?? ''));
}

function splitOnce(text: string, separator: string): [string, string] {
  const index = text.indexOf(separator);
  return index === -1 ? [text, ''] : [text.slice(0, index), text.slice(index + separator.length)];
}
