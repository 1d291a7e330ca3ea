import { type IncomingHttpHeaders, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { COMMAND, RUNTIME_VERSION } from '../contract';
import { errorMessage } from '../telemetry';
import { type checkingAgents, checkLiteral } from './addresses';
import { FetchError } from './error';
import { rangeTotal, statusFault, strongEtag } from './origin';

const MAX_REDIRECTS = 5;
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

/** How to read from the web. */
export interface WebOptions {
  readonly agents: ReturnType<typeof checkingAgents>;
  /** Whether private addresses may be connected to. */
  readonly allowPrivate: boolean;
  /** Hosts that a redirect may lead to, besides the first one. */
  readonly redirectHosts: readonly string[];
}

/** A request. */
export interface Call {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;

  /** @default GET */
  readonly method?: string;

  /** @default - none */
  readonly body?: Buffer | Readable;
}

/**
 * Sends a GET request and follows redirects: never to a host that is not allowed, never from https to http, and without
 * the `Authorization` header once the host has changed.
 *
 * @throws FetchError when no answer comes; an answer of any status is returned
 */
export async function get(options: WebOptions, first: Call): Promise<IncomingMessage> {
  let { url, headers } = first;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
    const response = await send(options, { ...first, url, headers });
    const { location } = response.headers;
    if (!REDIRECTS.includes(response.statusCode ?? 0) || location === undefined) {
      return response;
    }
    response.destroy();
    const next = redirectTarget(options, first.url, url, location);
    if (next.host !== url.host) {
      const { authorization: _, ...rest } = headers;
      headers = rest;
    }
    url = next;
  }
  throw FetchError.declaration(`${first.url.host} redirects more than ${MAX_REDIRECTS} times. Use the final address.`);
}

/**
 * Sends a request to a checked address; redirects are not followed.
 *
 * @throws FetchError when no answer comes; an answer of any status is returned
 */
export function send(
  { agents, allowPrivate }: Pick<WebOptions, 'agents' | 'allowPrivate'>,
  { url, headers, signal, method = 'GET', body }: Call,
): Promise<IncomingMessage> {
  checkLiteral(url, allowPrivate);
  const encrypted = url.protocol === 'https:';
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) =>
      reject(error instanceof FetchError ? error : FetchError.transient(`${url.host}: ${errorMessage(error)}`, error));
    const request = (encrypted ? requestHttps : requestHttp)(url, {
      agent: encrypted ? agents.https : agents.http,
      headers: { 'user-agent': `${COMMAND}/${RUNTIME_VERSION}`, 'accept-encoding': 'identity', ...headers },
      method,
      signal,
    });
    request.on('response', resolve);
    request.on('error', fail);
    if (body === undefined || Buffer.isBuffer(body)) {
      request.end(body);
    } else {
      pipeline(body, request).catch(fail);
    }
  });
}

/** The fault of an answer that is not a success; its body is thrown away. */
export function faultOf(response: IncomingMessage, what: string): FetchError {
  const status = response.statusCode ?? 0;
  response.destroy();
  const { retryable, hint } = statusFault(status);
  const message = `${what}: the server answered ${status}. ${hint}`;
  return retryable
    ? FetchError.transient(message, undefined, retryAfter(response.headers))
    : FetchError.declaration(message);
}

/** The headers that ask for the rest of an artifact. */
export function rangeHeaders(offset: number, etag: string | undefined): Record<string, string> {
  return offset === 0 || etag === undefined ? {} : { range: `bytes=${offset}-`, 'if-range': etag };
}

/** Where the body of a successful answer begins, and how long the artifact is; `undefined` = not the range asked for. */
export function extentOf(
  response: IncomingMessage,
  wantedOffset: number,
): { offset: number; totalBytes?: number; etag?: string } | undefined {
  const etag = strongEtag(response.headers.etag);
  if (response.statusCode === 206) {
    const range = rangeTotal(response.headers['content-range']);
    return range?.first === wantedOffset ? { offset: wantedOffset, totalBytes: range.total, etag } : undefined;
  }
  const length = response.headers['content-length'];
  return { offset: 0, totalBytes: length === undefined ? undefined : Number(length), etag };
}

function redirectTarget({ redirectHosts }: WebOptions, origin: URL, from: URL, location: string): URL {
  if (!URL.canParse(location, from.href)) {
    throw FetchError.declaration(`${from.host} redirects to an address that cannot be read.`);
  }
  const target = new URL(location, from);
  if (!/^https?:$/.test(target.protocol) || (from.protocol === 'https:' && target.protocol !== 'https:')) {
    throw FetchError.declaration(
      `${from.host} redirects to ${target.protocol}//, which is not encrypted. Use an https:// address.`,
    );
  }
  if (target.host !== origin.host && !redirectHosts.includes(target.hostname)) {
    throw FetchError.declaration(
      `${from.host} redirects to another host, ${target.host}. Use the final address, or allow that host (redirectHosts).`,
    );
  }
  return target;
}

function retryAfter(headers: IncomingHttpHeaders): number | undefined {
  const value = headers['retry-after'];
  if (value === undefined) {
    return undefined;
  }
  const seconds = Number(value);
  const millis = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(millis) && millis > 0 ? millis : undefined;
}
