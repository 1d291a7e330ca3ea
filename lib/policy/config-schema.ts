import type * as contract from '../contract';
import { CONFIG_SCHEMA } from '../contract';
import { quote, RULES } from '../kubernetes';
import {
  type ConfigProblem,
  flag,
  is,
  list,
  NAME,
  number,
  object,
  oneOf,
  path,
  plain,
  port,
  positive,
  problem,
  ratio,
  sha256,
  shape,
  share,
  text,
  texts,
} from './config-checks';

export type { ConfigProblem } from './config-checks';

/** Problems of a parsed configuration file; none when a predictor of this version accepts it. */
export function configProblems(config: unknown): ConfigProblem[] {
  return servingConfig(config, 'config');
}

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

export const model = shape<contract.ModelConfig>(
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

export const server = shape<contract.ServerConfig>(
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
      ? list(model)(value, where)
      : [problem(where, value, 'a list of at least one model')],
  server,
});
