import type { Json } from '../../kubernetes';
import { FILTERS, HEADERS } from './names';
import { typed } from './typed';

/** What a script may read of an answer, besides what it always may. */
const EXPOSED = [
  'server-timing',
  'x-prediction-source',
  'x-feature-source',
  'x-request-id',
  'retry-after',
  'inference-header-content-length',
  HEADERS.variant,
  HEADERS.version,
];

const MAX_AGE_SECONDS = '7200';

/** The filter that answers browsers; who may read answers stands in the routes. */
export const CORS_FILTER: Json = {
  name: FILTERS.cors,
  typed_config: typed('envoy.extensions.filters.http.cors.v3.Cors'),
};

/** Who may read answers. Never with credentials: a site sends its key or token itself. */
export function renderCorsPolicy(origins: string[]): Json {
  return typed('envoy.extensions.filters.http.cors.v3.CorsPolicy', {
    allow_origin_string_match: origins.includes('*')
      ? [{ safe_regex: { regex: '.*' } }]
      : origins.map((exact) => ({ exact })),
    allow_methods: 'GET, HEAD, POST',
    allow_headers: '*, authorization',
    expose_headers: EXPOSED.join(', '),
    max_age: MAX_AGE_SECONDS,
  });
}
