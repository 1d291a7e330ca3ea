import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ROLLOUT_KEYS } from '../../contract';
import type { ConfigMapObject } from '../../kubernetes-api';
import { decisionText, parseDecisions } from '../verbs';
import { PAGE } from './page';
import { SCRIPT } from './script';
import { STYLE } from './style';

/**
 * What the page may do: load its own script and style, ask this server, and nothing else.
 *
 * @see https://www.w3.org/TR/CSP3/
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ');

const HEADERS = {
  'Content-Security-Policy': POLICY,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cache-Control': 'no-cache',
};

const MAX_DECISIONS = 50;

const JSON_TYPE = 'application/json';

/** The page and its files, by their path. */
const FILES: Readonly<Record<string, Content>> = {
  '/': { type: 'text/html; charset=utf-8', text: PAGE },
  '/status-page.css': { type: 'text/css; charset=utf-8', text: STYLE },
  '/status-page.js': { type: 'text/javascript; charset=utf-8', text: SCRIPT },
};

interface Content {
  readonly type: string;
  readonly text: string;
}

/**
 * The status page: `/`, `/status.json` (`RolloutStatus`; 503 while there is none) and `/decisions.json`. It only reads, and
 * whoever reaches the port may.
 *
 * @param read the ConfigMap of the rollout as it is now; undefined while it is not known
 * @returns a function for the listener of a server: false = the request is for somebody else, and nothing was done
 */
export function statusPage(
  read: () => ConfigMapObject | undefined,
): (request: IncomingMessage, response: ServerResponse) => boolean {
  return (request, response) => {
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    const content = contentOf(path, read);
    if (content === undefined) {
      return false;
    }
    // Whatever a client sends along is not read.
    request.resume();
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      const error = `${request.method} is not allowed for ${path}. Send GET.`;
      send(request, response, 405, { type: JSON_TYPE, text: JSON.stringify({ error }) }, { Allow: 'GET, HEAD' });
    } else if (content === 'none') {
      const text = JSON.stringify({ error: 'there is no status yet' });
      send(request, response, 503, { type: JSON_TYPE, text }, { 'Retry-After': '2' });
    } else {
      sendUnlessKnown(request, response, content);
    }
    return true;
  };
}

function contentOf(path: string, read: () => ConfigMapObject | undefined): Content | 'none' | undefined {
  if (path === '/status.json') {
    const text = read()?.data?.[ROLLOUT_KEYS.status];
    return text === undefined ? 'none' : { type: JSON_TYPE, text };
  }
  if (path === '/decisions.json') {
    return { type: JSON_TYPE, text: JSON.stringify(shown(read()?.data?.[ROLLOUT_KEYS.decisions] ?? '')) };
  }
  return Object.hasOwn(FILES, path) ? FILES[path] : undefined;
}

/** The last decisions as the page shows them, newest first. */
function shown(log: string): { time: string; text: string }[] {
  const last = parseDecisions(log).slice(-MAX_DECISIONS).reverse();
  return last.map((decision) => ({ time: decision.time ?? '', text: decisionText(decision) }));
}

function sendUnlessKnown(request: IncomingMessage, response: ServerResponse, content: Content): void {
  const tag = `"${createHash('sha256').update(content.text).digest('base64url').slice(0, 22)}"`;
  if (request.headers['if-none-match'] === tag) {
    response.writeHead(304, { ...HEADERS, ETag: tag });
    response.end();
  } else {
    send(request, response, 200, content, { ETag: tag });
  }
}

function send(
  { method }: IncomingMessage,
  response: ServerResponse,
  status: number,
  { type, text }: Content,
  headers: Readonly<Record<string, string>>,
): void {
  const body = Buffer.from(text);
  response.writeHead(status, { ...HEADERS, ...headers, 'Content-Type': type, 'Content-Length': body.length });
  response.end(method === 'HEAD' ? undefined : body);
}
