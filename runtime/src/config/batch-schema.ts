import * as z from 'zod';
import { BATCH_SCHEMA, type BatchConfig, type PredictionSinkConfig } from '../contract';
import { ConfigurationError } from './error';
import { redisTlsSchema } from './features-schema';
import { withContainerPaths, withStandIns } from './in-sandbox';
import { predictionSchema } from './prediction-schema';
import { problemsOf } from './problems';
import { currentSandbox, volumePath } from './sandbox';
import { mirrors, modelSchema } from './schema';
import {
  absolutePath,
  type FieldViolation,
  hostAndPort,
  httpUrl,
  milliseconds,
  name,
  oneOf,
  rule,
  text,
  violationsOf,
  wholeNumber,
} from './values';

const STORES = ['s3', 'gcs', 'azure-blob', 'https', 'file'] as const;
const FORMATS = ['parquet', 'csv', 'json-lines'] as const;
const MAX_SHARDS = 10_000;
const MAX_ROWS = 1_000_000_000;

/** What an address looks like, by the type of its store. */
const ADDRESSES: Readonly<Record<string, { readonly form: string; readonly pattern: RegExp }>> = {
  s3: { form: 's3://bucket/key', pattern: /^s3:\/\/[^/]+(\/|$)/ },
  gcs: { form: 'gs://bucket/object', pattern: /^gs:\/\/[^/]+(\/|$)/ },
  'azure-blob': { form: 'https://account.blob.core.windows.net/container/blob', pattern: /^https?:\/\/[^/]+\/[^/]+/ },
  https: { form: 'an https:// address', pattern: /^https?:\/\/[^/]+\// },
  file: { form: 'an absolute path without ..', pattern: /^\/(?!.*(^|\/)\.\.(\/|$))/ },
};

const store = z
  .strictObject({
    type: oneOf(STORES),
    endpoint: httpUrl.optional(),
    region: rule(
      (region) => /^[A-Za-z0-9-]+$/.test(region),
      'is the name of a region',
      'For example eu-central-1.',
    ).optional(),
    credentialsPath: absolutePath.optional(),
    allowPrivate: z.boolean().optional(),
  })
  .readonly();

type Located = { readonly uri: string; readonly store: z.infer<typeof store> };

const location = { uri: text, store };

function addressViolations({ uri, store: { type, endpoint, allowPrivate = false } }: Located): FieldViolation[] {
  const address = ADDRESSES[type];
  return [
    ...(address !== undefined && !address.pattern.test(uri)
      ? [{ path: 'uri', rule: `is ${address.form} for the type ${type}`, fix: 'Correct the address or the type.' }]
      : []),
    ...(!allowPrivate && [uri, endpoint ?? ''].some((url) => url.startsWith('http://'))
      ? [
          {
            path: 'uri',
            rule: 'is encrypted (https://), and its endpoint, unless store.allowPrivate is true',
            fix: 'Use https://, or allow private addresses for a server inside the cluster.',
          },
        ]
      : []),
    ...(endpoint !== undefined && (type === 'https' || type === 'file')
      ? [{ path: 'store', rule: `has no endpoint for the type ${type}`, fix: 'Write the whole address in uri.' }]
      : []),
  ];
}

function writableViolations(value: Located): FieldViolation[] {
  return [
    ...addressViolations(value),
    ...(value.store.type === 'https'
      ? [{ path: 'store', rule: 'can be written', fix: 'Name an object store or a path; a web server is read only.' }]
      : []),
    ...(/[*?#{}]/.test(value.uri)
      ? [
          {
            path: 'uri',
            rule: 'is a folder without *, ?, #, { and }',
            fix: 'Name one folder; runs get folders of their own.',
          },
        ]
      : []),
  ];
}

const csv = z
  .strictObject({
    delimiter: rule((value) => [...value].length === 1, 'is one character', 'For example ;.').optional(),
    missing: z.string().optional(),
    columns: z.array(text).min(1).optional(),
    multiline: z.boolean().optional(),
  })
  .readonly();

const input = violationsOf(
  z.strictObject({ ...location, format: oneOf(FORMATS), csv: csv.optional() }).readonly(),
  (value) => [
    ...addressViolations(value),
    ...(value.csv !== undefined && value.format !== 'csv'
      ? [{ path: 'csv', rule: 'is given for the format csv alone', fix: 'Remove it, or change the format.' }]
      : []),
    ...(value.store.type === 'https' && value.uri.includes('*')
      ? [{ path: 'uri', rule: 'has no * for the type https', fix: 'Web servers list no files; name one file.' }]
      : []),
  ],
);

const files = violationsOf(
  z.strictObject({ ...location, type: z.literal('files'), format: oneOf(FORMATS) }).readonly(),
  writableViolations,
);

/** Fields of a table of predictions in Redis, as writers and readers name it. */
export const predictionTableFields = {
  address: hostAndPort,
  database: wholeNumber(0, 65_535).optional(),
  username: text.optional(),
  passwordPath: absolutePath.optional(),
  tls: redisTlsSchema.optional(),
  table: text,
};

const redis = z
  .strictObject({
    ...predictionTableFields,
    type: z.literal('redis'),
    key: text,
    columns: z.array(text).min(1).optional(),
    timeToLiveMillis: wholeNumber(1, Number.MAX_SAFE_INTEGER),
  })
  .readonly();

const config = z
  .strictObject({
    schema: rule(
      (schema) => schema === BATCH_SCHEMA,
      `is '${BATCH_SCHEMA}'`,
      'Use the runtime image that belongs to the version of the library that wrote this file.',
    ),
    name,
    run: name.optional(),
    timeZone: rule(isTimeZone, 'is a time zone of the IANA database', 'For example Europe/Berlin.').optional(),
    models: z.array(modelSchema).min(1).max(1),
    input,
    features: z.array(z.strictObject({ input: text, columns: z.array(text).min(1) }).readonly()).min(1),
    passThrough: z.array(text).optional(),
    predictions: z.array(predictionSchema).min(1).optional(),
    sinks: z.array(z.discriminatedUnion('type', [files, redis])).min(1),
    ledger: violationsOf(z.strictObject(location).readonly(), writableViolations),
    shards: wholeNumber(1, MAX_SHARDS),
    batchRows: wholeNumber(1, MAX_ROWS).optional(),
    partRows: wholeNumber(1, MAX_ROWS),
    maxErrorRatio: z.number().min(0).max(1),
    scratchPath: absolutePath,
    metricsPort: wholeNumber(1, 65_535),
    progressMillis: milliseconds,
    gracePeriodMillis: milliseconds.optional(),
  })
  .readonly();

/** The contract's {@link BatchConfig}, with the rules that tie its fields together. */
const batchSchema = violationsOf(mirrors<BatchConfig>()(config), ({ passThrough = [], predictions = [], sinks }) => {
  const columns = [...passThrough, ...predictions.map((column) => column.name)];
  return [
    ...repeated(columns).map((column) => ({
      path: 'predictions',
      rule: `name no column twice ('${column}', with passThrough)`,
      fix: 'Give the column another name.',
    })),
    ...repeated(sinks.map(placeOf)).map((place) => ({
      path: 'sinks',
      rule: `write to places of their own (${place} is there twice)`,
      fix: 'Remove one of the two.',
    })),
  ];
});

/**
 * Checks a configuration of a batch job that is already parsed.
 *
 * @returns the configuration, with the paths and ports of the sandbox when the process runs in one
 * @throws ConfigurationError with everything that is wrong at once
 */
export function checkedBatchConfig(value: unknown, subject: string): BatchConfig {
  const parsed = batchSchema.safeParse(value);
  if (!parsed.success) {
    throw new ConfigurationError(subject, problemsOf(parsed.error.issues, value));
  }
  const sandbox = currentSandbox();
  if (sandbox === undefined) {
    return parsed.data;
  }
  const { metricsPort, input: table, ledger, sinks } = parsed.data;
  return withStandIns(
    withContainerPaths({
      ...parsed.data,
      input: inContainer(table),
      ledger: inContainer(ledger),
      sinks: sinks.map((sink) => (sink.type === 'files' ? inContainer(sink) : sink)),
      metricsPort: sandbox.ports[metricsPort] ?? 0,
    }),
    sandbox,
  );
}

/** Pods compare what they are declared with, and read what others have written down: their paths must be the same. */
function inContainer<T extends Located>(value: T): T {
  return value.store.type === 'file' ? { ...value, uri: volumePath(value.uri) } : value;
}

function placeOf(sink: PredictionSinkConfig): string {
  return sink.type === 'files' ? sink.uri.replace(/\/+$/, '') : `${sink.address} ${sink.database ?? 0} ${sink.table}`;
}

function repeated(values: readonly string[]): string[] {
  return [...new Set(values.filter((value, index) => values.indexOf(value) < index))];
}

function isTimeZone(value: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: value });
    return true;
  } catch {
    return false;
  }
}
