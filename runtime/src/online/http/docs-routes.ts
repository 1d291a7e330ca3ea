import type { ServerResponse } from 'node:http';
import { DOCS_FILES, PAGE_PATH } from './docs-page';
import { OPENAPI_PATH, type OpenApi } from './openapi';
import type { Responder } from './responder';
import { addGetRoute } from './route';
import { pathOf, type RouteAdder } from './router';

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

/** Headers of the page and its files. */
const HEADERS = {
  'Content-Security-Policy': POLICY,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  // The files belong to the version of this process.
  'Cache-Control': 'no-cache',
};

/** Adds the OpenAPI document, and the page where a person sends predictions. */
export function addDocsRoutes(router: RouteAdder, openApi: OpenApi, responder: Responder): void {
  const get = (path: string, answer: (response: ServerResponse) => void) => {
    addGetRoute(router, path, (request, response) => {
      if (path === PAGE_PATH && pathOf(request).endsWith('/')) {
        // The addresses in the page are relative to its path without slash.
        responder.text(response, 308, '{}', { Location: `..${PAGE_PATH}` });
      } else {
        answer(response);
      }
    });
  };
  get(OPENAPI_PATH, (response) => responder.text(response, 200, openApi.text, { 'Cache-Control': 'no-cache' }));
  for (const [path, { type, text }] of Object.entries(DOCS_FILES)) {
    get(path, (response) => responder.text(response, 200, text, { ...HEADERS, 'Content-Type': type }));
  }
}
