import { type Json, millisOf } from '../../kubernetes';
import { limitOf, type RateLimit, type RateLimitPart } from '../rate-limit';
import { FILTERS, HEADERS, ROUTE_METADATA } from './names';
import { duration, headerOf, typed } from './typed';

/** Clients that are counted apart at the same time; of more, those that were longest away start anew. */
const MAX_CLIENTS = 10_000;

/** More than any server gets: what is not limited. */
const UNLIMITED = 4_000_000_000;

const NOBODY = 'nobody';
const ADDRESS = 'masked_remote_address';

/** How the client of a request is told: by its name, or by its address where nobody asks for names. */
function clientActions(authenticated: boolean): Json[] {
  if (!authenticated) {
    return [{ actions: [{ masked_remote_address: { v4_prefix_mask_len: 32, v6_prefix_mask_len: 64 } }] }];
  }
  const unnamed = { headers: [{ name: HEADERS.client, present_match: true }], expect_match: false };
  return [
    { actions: [{ request_headers: { header_name: HEADERS.client, descriptor_key: 'client' } }] },
    // A token need not have a subject.
    { actions: [{ header_value_match: { ...unnamed, descriptor_key: 'client', descriptor_value: NOBODY } }] },
  ];
}

/** The model of a request stands in its route. */
const MODEL_ACTIONS: Json = {
  actions: [
    {
      metadata: {
        descriptor_key: 'model',
        metadata_key: { key: ROUTE_METADATA, path: [{ key: 'model' }] },
        source: 'ROUTE_ENTRY',
        skip_if_absent: true,
      },
    },
  ],
};

/** The filter that counts. */
export function rateLimitFilter(limit: RateLimit, models: string[], authenticated: boolean): Json {
  const client = limitOf(limit, 'client');
  const model = limitOf(limit, 'model');
  const all = limitOf(limit, 'global');
  const always = { default_value: { numerator: 100, denominator: 'HUNDRED' } };
  return {
    name: FILTERS.localRateLimit,
    typed_config: typed('envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit', {
      stat_prefix: 'limit',
      token_bucket: all === undefined ? unlimited() : bucket(all),
      descriptors: [
        ...(client === undefined ? [] : clientDescriptors(client, authenticated)),
        ...(model === undefined ? [] : models.map((name) => descriptor('model', name, model))),
      ],
      rate_limits: [
        ...(client === undefined ? [] : clientActions(authenticated)),
        ...(model === undefined ? [] : [MODEL_ACTIONS]),
      ],
      max_dynamic_descriptors: client === undefined ? undefined : MAX_CLIENTS,
      // Both are 0 % when they are left out.
      filter_enabled: always,
      filter_enforced: always,
      rate_limited_as_resource_exhausted: true,
      response_headers_to_add: [headerOf('retry-after', '1')],
    }),
  };
}

function clientDescriptors(limit: RateLimitPart, authenticated: boolean): Json[] {
  return authenticated
    ? [descriptor('client', NOBODY, limit), descriptor('client', undefined, limit)]
    : [descriptor(ADDRESS, undefined, limit)];
}

/** Without a value each value has a bucket of its own. */
function descriptor(key: string, value: string | undefined, limit: RateLimitPart): Json {
  return { entries: [{ key, value }], token_bucket: bucket(limit) };
}

function bucket({ requests, window }: RateLimitPart): Json {
  return { max_tokens: requests, tokens_per_fill: requests, fill_interval: duration(millisOf(window)) };
}

function unlimited(): Json {
  return { max_tokens: UNLIMITED, tokens_per_fill: UNLIMITED, fill_interval: '1s' };
}
