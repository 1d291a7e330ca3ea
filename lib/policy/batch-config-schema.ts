import type * as contract from '../contract';
import { BATCH_SCHEMA, LOOKUP_SCHEMA } from '../contract';
import { isObject, quote, RULES } from '../kubernetes';
import {
  type Check,
  type ConfigProblem,
  flag,
  is,
  list,
  NAME,
  number,
  object,
  oneOf,
  path,
  port,
  positive,
  problem,
  shape,
  share,
  text,
  texts,
} from './config-checks';
import { model, server } from './config-schema';

/** Problems of the parsed configuration of a batch job; none when the runtime of this version accepts it. */
export function batchConfigProblems(config: unknown): ConfigProblem[] {
  return batchConfig(config, 'config');
}

/** Problems of the parsed configuration of a lookup. */
export function lookupConfigProblems(config: unknown): ConfigProblem[] {
  return lookupConfig(config, 'config');
}

const location = {
  uri: text,
  store: shape<contract.ObjectStoreConfig>(
    {
      type: oneOf('s3', 'gcs', 'azure-blob', 'https', 'file'),
      endpoint: text,
      region: text,
      credentialsPath: path,
      allowPrivate: flag,
    },
    ['endpoint', 'region', 'credentialsPath', 'allowPrivate'],
  ),
};
const format = oneOf('parquet', 'csv', 'json-lines');

const input = shape<contract.DatasetConfig>(
  {
    ...location,
    format,
    csv: shape<contract.CsvConfig>({ delimiter: text, missing: text, columns: texts, multiline: flag }, [
      'delimiter',
      'missing',
      'columns',
      'multiline',
    ]),
  },
  ['csv'],
);

/** A server that speaks the protocol of Redis. */
export const redisServer = {
  checks: {
    address: text,
    database: number,
    username: text,
    passwordPath: path,
    tls: shape<contract.FeatureStoreTlsConfig>({ caPath: path, serverName: text }, ['caPath', 'serverName']),
  },
  optional: ['database', 'username', 'passwordPath', 'tls'],
} as const;
const table = { ...redisServer.checks, table: text };

const fileSink = shape<contract.FileSinkConfig>({ ...location, type: oneOf('files'), format });
const redisSink = shape<contract.RedisSinkConfig>(
  { ...table, type: oneOf('redis'), key: text, columns: texts, timeToLiveMillis: positive },
  [...redisServer.optional, 'columns'],
);
const sink: Check = (value, where) =>
  isObject(value) && value.type === 'redis' ? redisSink(value, where) : fileSink(value, where);

/** What is kept of the outputs of a model. */
export const predictionColumns = some(
  shape<contract.PredictionColumnConfig>(
    {
      name: text,
      output: text,
      kind: oneOf('value', 'element', 'top-k'),
      element: number,
      k: positive,
      classes: list(is((value) => typeof value === 'string', 'a text')),
    },
    ['element', 'k', 'classes'],
  ),
);

const batchConfig = shape<contract.BatchConfig>(
  {
    schema: is((value) => value === BATCH_SCHEMA, quote(BATCH_SCHEMA)),
    name: text,
    run: text,
    timeZone: text,
    models: (value, where) =>
      Array.isArray(value) && value.length === 1
        ? list(model)(value, where)
        : [problem(where, value, 'a list of exactly one model')],
    input,
    features: some(shape<contract.FeatureColumnsConfig>({ input: text, columns: some(text) })),
    passThrough: texts,
    predictions: predictionColumns,
    sinks: some(sink),
    ledger: shape<contract.ObjectLocationConfig>(location),
    shards: positive,
    batchRows: positive,
    partRows: positive,
    maxErrorRatio: share,
    scratchPath: path,
    metricsPort: port,
    progressMillis: positive,
    gracePeriodMillis: positive,
  },
  ['run', 'timeZone', 'passThrough', 'predictions', 'batchRows', 'gracePeriodMillis'],
);

const lookup = shape<contract.PredictionLookupConfig>(
  {
    name: is((value) => NAME.test(String(value)), 'the name of a model', RULES.modelName),
    version: is((value) => NAME.test(String(value)), 'the version of a model', RULES.modelVersion),
    table: shape<contract.RedisTableConfig>(table, [...redisServer.optional]),
    key: text,
    timeoutMillis: positive,
    maxAgeMillis: positive,
    defaultPrediction: object,
  },
  ['maxAgeMillis', 'defaultPrediction'],
);

const lookupConfig = shape<contract.LookupConfig>({
  schema: is((value) => value === LOOKUP_SCHEMA, quote(LOOKUP_SCHEMA)),
  lookups: some(lookup),
  server,
});

/** A list with at least one value. */
function some(check: Check): Check {
  return (value, where) =>
    Array.isArray(value) && value.length > 0
      ? list(check)(value, where)
      : [problem(where, value, 'a list of at least one')];
}
