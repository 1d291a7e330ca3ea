import type * as contract from '../contract';
import { CONFIG_SCHEMA } from '../contract';
import { isObject, quote, RULES, type Rule } from '../kubernetes';

/** What is wrong with a configuration file. */
export interface ConfigProblem {
  readonly rule: Rule;
  readonly found: string;
}

type Check = (value: unknown, path: string) => ConfigProblem[];

/** One check for each key of a type of the contract: a key that is new there does not compile without one here. */
type Shape<T> = { readonly [K in keyof Required<T>]: Check };

const NAME = /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/;
const SHA256 = /^[0-9a-f]{64}$/;

/** Problems of a parsed configuration file; none when a predictor of this version accepts it. */
export function configProblems(config: unknown): ConfigProblem[] {
  return servingConfig(config, 'config');
}

const text: Check = is((value) => typeof value === 'string' && value !== '', 'a text');
const path: Check = is((value) => typeof value === 'string' && value.startsWith('/'), 'an absolute path');
const flag: Check = is((value) => typeof value === 'boolean', 'true or false');
const object: Check = is(isObject, 'an object');
const number: Check = is((value) => Number.isSafeInteger(value) && Number(value) >= 0, 'a whole number');
const positive: Check = is((value) => Number.isSafeInteger(value) && Number(value) > 0, 'a whole number above zero');
const port: Check = is((value) => Number.isInteger(value) && Number(value) > 0 && Number(value) < 65_536, 'a port');
const sha256: Check = is((value) => SHA256.test(String(value)), 'a SHA-256', RULES.digest);
const texts = list(text);
const plain: Check = is((value) => ['number', 'string', 'boolean'].includes(typeof value), 'a number, text or flag');
const share: Check = is((value) => Number(value) >= 0 && Number(value) <= 1, 'a number from 0 to 1');
const ratio: Check = is((value) => Number(value) > 0 && Number(value) <= 1, 'a number above 0, up to 1');

const source = shape<contract.ModelSourceConfig>(
  {
    type: is((value) => ['s3', 'gcs', 'azure-blob', 'https'].includes(String(value)), 'a kind of source'),
    uri: text,
    endpoint: text,
    region: text,
    credentialsPath: path,
    archiveMember: text,
    archiveSha256: sha256,
    maxBytes: positive,
    timeoutMillis: positive,
    allowPrivate: flag,
    redirectHosts: texts,
  },
  ['endpoint', 'region', 'credentialsPath', 'archiveMember', 'archiveSha256', 'redirectHosts'],
);

const warmUp = shape<contract.WarmUpConfig>({ runs: number, request: object }, ['request']);

const batching = shape<contract.BatchingConfig>(
  { maxBatchSize: positive, preferredBatchSizes: list(positive), maxDelayMillis: number },
  ['maxBatchSize', 'preferredBatchSizes', 'maxDelayMillis'],
);

const cache = shape<contract.ResponseCacheConfig>({ maxBytes: positive, maxAgeMillis: positive });

const features = shape<contract.FeatureLookupConfig>(
  {
    type: oneOf('redis'),
    address: text,
    database: number,
    username: text,
    passwordPath: path,
    tls: shape<contract.FeatureStoreTlsConfig>({ caPath: path, serverName: text }, ['caPath', 'serverName']),
    entity: text,
    key: is((value) => String(value).includes('{entity}'), "a key with '{entity}'"),
    features: list(
      shape<contract.FeatureConfig>({ name: text, input: text, column: number, defaultValue: plain }, [
        'column',
        'defaultValue',
      ]),
    ),
    timeoutMillis: positive,
    timestampField: text,
    maxAgeMillis: positive,
  },
  ['database', 'username', 'passwordPath', 'tls', 'timestampField', 'maxAgeMillis'],
);

const fallback = shape<contract.FallbackConfig>(
  {
    type: oneOf('prediction', 'model', 'cached'),
    prediction: object,
    model: shape<contract.ModelReference>({ name: text, version: text }),
    cached: shape<contract.CachedFallbackConfig>({ maxBytes: positive, maxAgeMillis: positive }),
  },
  ['prediction', 'model', 'cached'],
);

const predictionLog = shape<contract.PredictionLogConfig>({
  sampleRatio: ratio,
  redact: texts,
  maxQueuedEvents: positive,
  sink: shape<contract.PredictionLogSinkConfig>(
    { type: oneOf('file', 'http'), path, maxBytes: positive, url: text, authorizationPath: path },
    ['path', 'maxBytes', 'url', 'authorizationPath'],
  ),
});

const authentication = shape<contract.AuthenticationConfig>(
  {
    apiKeys: shape<contract.ApiKeysConfig>({ path }),
    jwt: shape<contract.JwtConfig>({ issuer: text, audience: text, algorithms: texts, jwksUri: text, jwksPath: path }, [
      'jwksUri',
      'jwksPath',
    ]),
  },
  ['apiKeys', 'jwt'],
);

const limits = shape<contract.LimitsConfig>(
  {
    maxHeaderBytes: positive,
    maxConnections: positive,
    maxJsonDepth: positive,
    maxElements: positive,
    maxQueuedRequests: positive,
    maxResponseBytes: positive,
  },
  ['maxHeaderBytes', 'maxConnections', 'maxJsonDepth', 'maxElements', 'maxQueuedRequests', 'maxResponseBytes'],
);

const model = shape<contract.ModelConfig>(
  {
    name: is((value) => NAME.test(String(value)), 'the name of a model', RULES.modelName),
    version: is((value) => NAME.test(String(value)), 'the version of a model', RULES.modelVersion),
    format: is((value) => value === 'onnx', "'onnx'"),
    path,
    sha256,
    source,
    latencyBudgetMillis: positive,
    warmUp,
    batching,
    cache,
    features,
    fallback,
    predictionLog,
  },
  ['source', 'latencyBudgetMillis', 'batching', 'cache', 'features', 'fallback', 'predictionLog'],
);

const server = shape<contract.ServerConfig>(
  {
    httpPort: port,
    grpcPort: port,
    metricsPort: port,
    maxBodyBytes: positive,
    requestTimeoutMillis: positive,
    drainTimeoutMillis: positive,
    limits,
    authentication,
    tls: shape<contract.TlsConfig>({ certificatePath: path, keyPath: path, clientCaPath: path }, ['clientCaPath']),
    cors: shape<contract.CorsConfig>({ origins: texts }),
    docs: flag,
    tracing: shape<contract.TracingConfig>({ url: text, sampleRatio: share, authorizationPath: path }, [
      'authorizationPath',
    ]),
    management: shape<contract.ManagementConfig>({ port }),
  },
  ['limits', 'authentication', 'tls', 'cors', 'docs', 'tracing', 'management'],
);

const servingConfig = shape<contract.ServingConfig>({
  schema: is((value) => value === CONFIG_SCHEMA, quote(CONFIG_SCHEMA)),
  models: (value, where) =>
    Array.isArray(value) && value.length > 0
      ? value.flatMap((each, index) => model(each, `${where}[${index}]`))
      : [problem(where, value, 'a list of at least one model')],
  server,
});

function oneOf(...values: string[]): Check {
  return is((value) => values.includes(String(value)), values.join(' or '));
}

function list(check: Check): Check {
  return (value, where) =>
    Array.isArray(value)
      ? value.flatMap((each, index) => check(each, `${where}[${index}]`))
      : [problem(where, value, 'a list')];
}

function is(holds: (value: unknown) => boolean, what: string, rule?: Rule): Check {
  return (value, where) => (holds(value) ? [] : [problem(where, value, what, rule)]);
}

function shape<T>(checks: Shape<T>, optional: (keyof T)[] = []): Check {
  return (value, where) => {
    if (!isObject(value)) {
      return [problem(where, value, 'an object')];
    }
    const entries = Object.entries<Check>(checks);
    const unknown = Object.keys(value).filter((key) => !Object.hasOwn(checks, key));
    return [
      ...unknown.map((key) => ({
        rule: RULES.configuration,
        found: `${where}.${key} is no key of the configuration.`,
      })),
      ...entries.flatMap(([key, check]) =>
        value[key] === undefined && optional.some((name) => name === key) ? [] : check(value[key], `${where}.${key}`),
      ),
    ];
  };
}

function problem(where: string, value: unknown, what: string, rule: Rule = RULES.configuration): ConfigProblem {
  return { rule, found: `${where} is ${quote(value)}, and must be ${what}.` };
}
