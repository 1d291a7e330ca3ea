import * as z from 'zod';

// The parts of Envoy's route configuration that the router obeys, in the JSON form of Protocol Buffers with the names of the
// .proto files. What is not here is told, and has no effect.
// https://www.envoyproxy.io/docs/envoy/v1.40.0/api-v3/config/route/v3/route_components.proto

const WHOLE = { HUNDRED: 100, TEN_THOUSAND: 10_000, MILLION: 1_000_000 } as const;

const count = z.int().min(0);
/** As `1.5s`; becomes milliseconds. */
const duration = z
  .string()
  .regex(/^\d+(\.\d{1,9})?s$/)
  .transform((text) => Number.parseFloat(text) * 1000);
/** Becomes a share from 0 to 1. */
const fraction = z
  .strictObject({
    numerator: count.default(0),
    denominator: z.enum(['HUNDRED', 'TEN_THOUSAND', 'MILLION']).default('HUNDRED'),
  })
  .transform(({ numerator, denominator }) => numerator / WHOLE[denominator]);
const runtimeFraction = z
  .strictObject({ default_value: fraction.default(0), runtime_key: z.string().optional() })
  .transform(({ default_value }) => default_value);
/** RE2 has no look-around and no back-references; what it takes, this takes, and the whole text has to match. */
const regex = z
  .strictObject({ regex: z.string(), google_re2: z.unknown().optional() })
  .transform(({ regex: text }, context) => {
    try {
      return new RegExp(`^(?:${text})$`, 'u');
    } catch {
      context.addIssue({ code: 'custom', message: `${JSON.stringify(text)} is no regular expression` });
      return z.NEVER;
    }
  });

export const stringMatch = z.strictObject({
  exact: z.string().optional(),
  prefix: z.string().optional(),
  suffix: z.string().optional(),
  contains: z.string().optional(),
  safe_regex: regex.optional(),
  ignore_case: z.boolean().default(false),
});

export const headerMatch = z.strictObject({
  name: z.string().min(1).toLowerCase(),
  exact_match: z.string().optional(),
  prefix_match: z.string().optional(),
  suffix_match: z.string().optional(),
  contains_match: z.string().optional(),
  safe_regex_match: regex.optional(),
  present_match: z.boolean().optional(),
  string_match: stringMatch.optional(),
  invert_match: z.boolean().default(false),
  treat_missing_header_as_empty: z.boolean().default(false),
});

const queryMatch = z.strictObject({
  name: z.string().min(1),
  string_match: stringMatch.optional(),
  present_match: z.boolean().optional(),
});

const routeMatch = z.strictObject({
  prefix: z.string().optional(),
  path: z.string().optional(),
  path_separated_prefix: z.string().optional(),
  safe_regex: regex.optional(),
  case_sensitive: z.boolean().default(true),
  runtime_fraction: runtimeFraction.optional(),
  headers: z.array(headerMatch).default([]),
  query_parameters: z.array(queryMatch).default([]),
  grpc: z.strictObject({}).optional(),
});

const ADD_ACTIONS = [
  'APPEND_IF_EXISTS_OR_ADD',
  'ADD_IF_ABSENT',
  'OVERWRITE_IF_EXISTS_OR_ADD',
  'OVERWRITE_IF_EXISTS',
] as const;

export const headerOption = z.strictObject({
  header: z.strictObject({ key: z.string().min(1).toLowerCase(), value: z.string().default('') }),
  append_action: z.enum(ADD_ACTIONS).default('APPEND_IF_EXISTS_OR_ADD'),
  keep_empty_value: z.boolean().default(false),
});
const headerName = z.string().min(1).toLowerCase();

const headerChanges = {
  request_headers_to_add: z.array(headerOption).default([]),
  request_headers_to_remove: z.array(headerName).default([]),
  response_headers_to_add: z.array(headerOption).default([]),
  response_headers_to_remove: z.array(headerName).default([]),
};

const weightedCluster = z.strictObject({
  name: z.string().min(1),
  weight: count.default(0),
  host_rewrite_literal: z.string().optional(),
  ...headerChanges,
});

const mirrorPolicy = z.strictObject({
  cluster: z.string().min(1),
  runtime_fraction: runtimeFraction.default(1),
  disable_shadow_host_suffix_append: z.boolean().default(false),
  host_rewrite_literal: z.string().optional(),
  trace_sampled: z.boolean().optional(),
  request_headers_mutations: z
    .array(z.strictObject({ append: headerOption.optional(), remove: headerName.optional() }))
    .default([]),
});

const hashedHeader = z.strictObject({
  header_name: headerName,
  regex_rewrite: z
    .strictObject({ pattern: z.strictObject({ regex: z.string() }), substitution: z.string() })
    .optional(),
});

const routeAction = z.strictObject({
  cluster: z.string().min(1).optional(),
  weighted_clusters: z
    .strictObject({
      clusters: z.array(weightedCluster).min(1),
      use_hash_policy: z.boolean().default(false),
      header_name: headerName.optional(),
      runtime_key_prefix: z.string().optional(),
    })
    .refine(({ clusters }) => clusters.some(({ weight }) => weight > 0), 'sum of the weights is 0')
    .optional(),
  timeout: duration.default(15_000),
  idle_timeout: z.string().optional(),
  retry_policy: z
    .strictObject({
      retry_on: z.string().default(''),
      num_retries: count.default(1),
      retriable_status_codes: z.array(z.int()).default([]),
      // An attempt goes to the next pod in turn anyway.
      retry_host_predicate: z.unknown().optional(),
      host_selection_retry_max_attempts: z.unknown().optional(),
    })
    .optional(),
  hash_policy: z.array(z.strictObject({ header: hashedHeader.optional() })).default([]),
  // Told where the filters are: a route only chooses among what they would do.
  rate_limits: z.unknown().optional(),
  request_mirror_policies: z.array(mirrorPolicy).default([]),
  prefix_rewrite: z.string().optional(),
  host_rewrite_literal: z.string().optional(),
});

const directResponse = z.strictObject({
  status: z.int().min(200).max(599),
  body: z.strictObject({ inline_string: z.string().optional(), inline_bytes: z.base64().optional() }).default({}),
  body_format: z.strictObject({ text_format_source: z.strictObject({ inline_string: z.string() }) }).optional(),
});

const route = z
  .strictObject({
    name: z.string().default(''),
    match: routeMatch,
    route: routeAction.optional(),
    direct_response: directResponse.optional(),
    typed_per_filter_config: z.unknown().optional(),
    metadata: z.unknown().optional(),
    ...headerChanges,
  })
  .refine((one) => one.route !== undefined || one.direct_response !== undefined, 'no action that is known here');

const virtualHost = z.strictObject({
  name: z.string().min(1),
  domains: z.array(z.string().min(1).toLowerCase()).min(1),
  routes: z.array(route).default([]),
  request_mirror_policies: z.array(mirrorPolicy).default([]),
  retry_policy: routeAction.shape.retry_policy,
  typed_per_filter_config: z.unknown().optional(),
  ...headerChanges,
});

/** A `RouteConfiguration`. */
export const routeConfigurationSchema = z.strictObject({
  '@type': z.string().optional(),
  name: z.string().default(''),
  validate_clusters: z.boolean().default(false),
  ignore_port_in_host_matching: z.boolean().default(false),
  virtual_hosts: z.array(virtualHost).default([]),
  request_mirror_policies: z.array(mirrorPolicy).default([]),
  most_specific_header_mutations_wins: z.boolean().default(false),
  ...headerChanges,
});

/** Routes. */
export type RouteConfiguration = z.infer<typeof routeConfigurationSchema>;
/** Routes of some host names. */
export type VirtualHost = z.infer<typeof virtualHost>;
/** What requests it is for, and what becomes of them. */
export type Route = z.infer<typeof route>;
/** Requests that a route is for. */
export type RouteMatch = z.infer<typeof routeMatch>;
/** A header that has to be there, or not. */
export type HeaderMatch = z.infer<typeof headerMatch>;
/** What a text has to be. */
export type StringMatch = z.infer<typeof stringMatch>;
/** Where requests go. */
export type RouteAction = z.infer<typeof routeAction>;
/** Where copies of requests go. */
export type MirrorPolicy = z.infer<typeof mirrorPolicy>;
/** A header that is added. */
export type HeaderOption = z.infer<typeof headerOption>;
/** What becomes of headers on their way. */
export type HeaderChanges = Pick<
  Route,
  'request_headers_to_add' | 'request_headers_to_remove' | 'response_headers_to_add' | 'response_headers_to_remove'
>;

/** Headers of requests, as the filters of listeners name them. */
export const headerMatchesSchema = z.array(headerMatch);
