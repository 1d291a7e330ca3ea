import { type JsonSchema, reference } from './json-schema';

/** What an answer is, as OpenAPI describes it. */
export interface AnswerDescription {
  readonly description: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly content?: Readonly<Record<string, unknown>>;
}

/** Statuses of refusals. */
export type Refusal = 400 | 401 | 404 | 406 | 408 | 413 | 415 | 429 | 431 | 500 | 503 | 504;

/** Any request may be refused so: what is not HTTP, too slow or too much. */
const OF_ANY: readonly Refusal[] = [400, 408, 429, 431];

const DESCRIPTIONS: Readonly<Record<Refusal, string>> = {
  400: 'The request does not fit: the text names the place, the rule and the fix.',
  401: 'Credentials are missing, unknown or expired.',
  404: 'There is no such model or version.',
  406: 'The header `Accept-Encoding` takes no coding that the server has.',
  408: 'The request did not arrive in time.',
  413: 'The body is larger than the limit.',
  415: 'The content coding, or the kind of event, is not taken.',
  429: 'The server has too much to do to answer in time.',
  431: 'The headers are larger than the limit.',
  500: 'The model failed for values that fit, or the server has a fault.',
  503: 'The model is loading, could not be loaded or is being unloaded; or something that the answer needs is away.',
  504: 'The request waited longer than its time limit, and was not run.',
};

const HEADERS: Readonly<Record<string, { readonly description: string; readonly schema: JsonSchema }>> = {
  'Retry-After': { description: 'Seconds after which to try again.', schema: { type: 'string', pattern: '^\\d+$' } },
  'WWW-Authenticate': { description: 'How to send credentials.', schema: { type: 'string', pattern: '^Bearer' } },
  'Accept-Encoding': { description: 'Content codings that are taken.', schema: { type: 'string' } },
  'Server-Timing': {
    description: 'Milliseconds in each stage.',
    schema: { type: 'string', pattern: '^queue;dur=' },
  },
  'x-prediction-source': {
    description:
      'What answered, when it was not the model: the response cache, the fallback, or an older run of a table.',
    schema: { enum: ['response-cache', 'default', 'cached', 'model', 'previous-run'] },
  },
  'x-request-id': { description: 'As in the request.', schema: { type: 'string' } },
  'Inference-Header-Content-Length': {
    description: 'Length of the JSON part, when binary data follow it.',
    schema: { type: 'string', pattern: '^\\d+$' },
  },
};

/** Headers that an answer with a refusal has, besides those of every answer. */
const HEADERS_OF: Readonly<Partial<Record<Refusal, string>>> = {
  401: 'WWW-Authenticate',
};

/** Headers of the document's components. */
export const headerComponents: Readonly<Record<string, unknown>> = HEADERS;

/** Answers of the document's components, by their status. */
export function refusalComponents(): Record<string, AnswerDescription> {
  return Object.fromEntries(
    Object.entries(DESCRIPTIONS).map(([status, description]) => {
      const header = HEADERS_OF[Number(status) as Refusal];
      return [
        status,
        {
          description,
          ...(header === undefined ? {} : { headers: headers(header) }),
          content: { 'application/json': { schema: reference('schemas', 'Error') } },
        },
      ];
    }),
  );
}

/**
 * The answers of an operation.
 *
 * @param good its answer with status 200
 * @param refusals statuses besides those that any request may get
 * @param authenticated whether credentials are asked for
 */
export function answers(good: AnswerDescription, refusals: readonly Refusal[], authenticated: boolean): object {
  const statuses = [...OF_ANY, ...refusals, ...(authenticated ? ([401, 503] as const) : [])];
  const entries = [...new Set(statuses)]
    .sort((a, b) => a - b)
    .map((status) => [`${status}`, reference('responses', `${status}`)]);
  return { 200: good, ...Object.fromEntries(entries) };
}

/** Headers of an answer, by reference. */
export function headers(...names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [name, reference('headers', name)]));
}
