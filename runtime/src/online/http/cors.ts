import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CorsConfig } from '../../contract';
import { RequestError, shown } from '../../protocol';
import { PREDICTION_SOURCE_HEADER } from '../../scheduling';
import type { Responder } from './responder';
import { addVary } from './vary';

/** What a script may read of an answer, besides what it always may. */
const EXPOSED = [
  'Server-Timing',
  PREDICTION_SOURCE_HEADER,
  'x-feature-source',
  'x-request-id',
  'Retry-After',
  'Inference-Header-Content-Length',
].join(', ');

const METHODS = 'GET, HEAD, POST';
const MAX_AGE_SECONDS = '7200';

/** Names of headers, separated by commas. */
const HEADER_NAMES = /^[\w!#$%&'*+.^`|~-]+(?:[ \t]*,[ \t]*[\w!#$%&'*+.^`|~-]+)*$/;
const MAX_HEADER_NAMES = 1024;

/**
 * Tells browsers which sites may read answers. Never with credentials: a site sends its key or token itself.
 *
 * @see https://fetch.spec.whatwg.org/#http-cors-protocol
 */
export class Cors {
  private readonly origins: ReadonlySet<string>;
  private readonly any: boolean;

  constructor(
    { origins }: CorsConfig,
    private readonly responder: Responder,
  ) {
    this.origins = new Set(origins);
    this.any = this.origins.has('*');
  }

  /**
   * Adds what a browser asks for to the answer.
   *
   * @returns whether the request was only a browser's question, which is answered now
   */
  answers({ method, headers }: IncomingMessage, response: ServerResponse): boolean {
    const { origin } = headers;
    const allowed = origin !== undefined && (this.any || this.origins.has(origin));
    if (!this.any) {
      addVary(response, 'Origin');
    }
    if (allowed) {
      response.setHeader('Access-Control-Allow-Origin', this.any ? '*' : origin);
    }
    const wanted = headers['access-control-request-method'];
    if (method !== 'OPTIONS' || origin === undefined || wanted === undefined) {
      if (allowed) {
        response.setHeader('Access-Control-Expose-Headers', EXPOSED);
      }
      return false;
    }
    if (!allowed) {
      const message = `The origin ${shown(origin)} may not read answers; add it to the origins of server.cors.`;
      this.responder.error(response, new RequestError(403, message));
      return true;
    }
    response.setHeader('Access-Control-Allow-Methods', METHODS);
    response.setHeader('Access-Control-Max-Age', MAX_AGE_SECONDS);
    const names = headers['access-control-request-headers'];
    if (typeof names === 'string' && names.length <= MAX_HEADER_NAMES && HEADER_NAMES.test(names)) {
      response.setHeader('Access-Control-Allow-Headers', names);
    }
    addVary(response, 'Access-Control-Request-Headers');
    this.responder.noContent(response);
    return true;
  }
}
