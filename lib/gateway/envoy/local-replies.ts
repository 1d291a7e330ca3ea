import type { Json } from '../../kubernetes';
import { CHALLENGE } from './authentication';
import { FILTERS, TOKEN } from './names';
import { headerOf } from './typed';

/** An answer of the proxy itself, told by its status, and where one status has several reasons by Envoy's flags. */
interface Reply {
  readonly status: number;
  /** Status in its place. */
  readonly as?: number;
  readonly flags?: string[];
  /** A further condition. */
  readonly filter?: Json;
  readonly error: string;
  readonly headers?: Json[];
}

const REFUSED_TOKEN: Json = {
  metadata_filter: {
    matcher: { filter: FILTERS.jwt, path: [{ key: TOKEN.failure }, { key: 'code' }], value: { present_match: true } },
    match_if_key_not_found: false,
  },
};

const UNKNOWN_SENDER = 'The request has no valid API key or token: send one in x-api-key, or as Authorization: Bearer.';

const RETRY_LATER = [headerOf('retry-after', '1')];

/** @see https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/observability/access_log/usage#response-flags */
const REPLIES: Reply[] = [
  { status: 400, error: 'The request is no valid HTTP, or its path has an encoded slash.' },
  { status: 401, error: UNKNOWN_SENDER, headers: [CHALLENGE] },
  // The filter of tokens has this status for another audience.
  { status: 403, filter: REFUSED_TOKEN, as: 401, error: UNKNOWN_SENDER, headers: [CHALLENGE] },
  { status: 403, error: 'The sender of the request may not use this model.' },
  { status: 408, error: 'The request did not arrive in time.' },
  { status: 413, error: 'The body of the request is too large for this model.' },
  { status: 429, error: 'There are too many requests; send fewer, or try again later.', headers: RETRY_LATER },
  { status: 431, error: 'The headers of the request are too large.' },
  {
    status: 503,
    flags: ['UO'],
    error: 'Too many requests are in flight to this model; try again later.',
    headers: RETRY_LATER,
  },
  {
    status: 503,
    flags: ['UH', 'UF', 'NC', 'URX', 'UC', 'UR', 'LR'],
    error: 'No pod of this model can answer; try again later.',
    headers: RETRY_LATER,
  },
  { status: 503, error: 'The gateway cannot answer now; try again later.', headers: RETRY_LATER },
  { status: 504, error: 'The model did not answer in time.' },
];

/** Makes JSON of every error that the proxy answers itself. Clients of gRPC get a status of gRPC from it instead. */
export function localReplyConfig(): Json {
  return { mappers: [...REPLIES.map(mapper), { filter: all([FROM_400, NOT_GRPC]), ...body('%LOCAL_REPLY_BODY%') }] };
}

function mapper({ status, flags, filter, as, error, headers }: Reply): Json {
  const filters = [
    statusFilter('EQ', status),
    ...(flags === undefined ? [] : [{ response_flag_filter: { flags } }]),
    ...(filter === undefined ? [] : [filter]),
    NOT_GRPC,
  ];
  return { filter: all(filters), status_code: as, ...body(error), headers_to_add: headers };
}

function body(error: string): Json {
  return { body_format_override: { json_format: { error } } };
}

function all(filters: Json[]): Json {
  return { and_filter: { filters } };
}

function statusFilter(op: string, status: number): Json {
  const value = { default_value: status, runtime_key: 'model-serving.unused' };
  return { status_code_filter: { comparison: { op, value } } };
}

const FROM_400 = statusFilter('GE', 400);

const NOT_GRPC: Json = {
  header_filter: {
    header: {
      name: 'content-type',
      string_match: { prefix: 'application/grpc' },
      treat_missing_header_as_empty: true,
      invert_match: true,
    },
  },
};
