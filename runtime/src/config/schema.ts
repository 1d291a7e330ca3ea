import * as z from 'zod';
import { CONFIG_SCHEMA, type ServingConfig } from '../contract';
import { fallbackSchema } from './fallback-schema';
import { featuresSchema } from './features-schema';
import { predictionLogSchema } from './prediction-log-schema';
import { authenticationSchema, corsSchema, tlsSchema } from './security-schema';
import { sourceSchema } from './source-schema';
import { tracingSchema } from './tracing-schema';
import { absolutePath, milliseconds, name, rule, sha256, violationsOf, wholeNumber } from './values';

const MAX_PORT = 65_535;
const MAX_WARM_UP_RUNS = 10_000;
const MAX_BODY_BYTES = 1024 ** 3;

const warmUp = z
  .strictObject({
    runs: wholeNumber(0, MAX_WARM_UP_RUNS),
    request: z.record(z.string(), z.unknown()).readonly().optional(),
  })
  .readonly();

const MAX_ROWS = 65_536;
const MAX_BYTES = Number.MAX_SAFE_INTEGER;

const batchingFields = z
  .strictObject({
    maxBatchSize: wholeNumber(1, MAX_ROWS).optional(),
    preferredBatchSizes: z.array(wholeNumber(1, MAX_ROWS)).min(1).optional(),
    maxDelayMillis: wholeNumber(0, 60_000).optional(),
  })
  .readonly();

const batching = violationsOf(batchingFields, ({ maxBatchSize = MAX_ROWS, preferredBatchSizes = [] }) =>
  preferredBatchSizes.some((size) => size > maxBatchSize)
    ? [
        {
          path: 'preferredBatchSizes',
          rule: 'has no size above maxBatchSize',
          fix: 'Remove the size, or raise maxBatchSize.',
        },
      ]
    : [],
);

const cache = z.strictObject({ maxBytes: wholeNumber(1024, MAX_BYTES), maxAgeMillis: milliseconds }).readonly();

/** One model of a configuration. */
export const modelSchema = z
  .strictObject({
    name,
    version: name,
    format: rule((format) => format === 'onnx', "is 'onnx'", 'Export the model as ONNX; no other format is served.'),
    path: absolutePath,
    sha256,
    source: sourceSchema.optional(),
    latencyBudgetMillis: milliseconds.optional(),
    warmUp,
    batching: batching.optional(),
    cache: cache.optional(),
    features: featuresSchema.optional(),
    fallback: fallbackSchema.optional(),
    predictionLog: predictionLogSchema.optional(),
  })
  .readonly();

const port = wholeNumber(1, MAX_PORT);

const limits = z
  .strictObject({
    maxHeaderBytes: wholeNumber(1024, 1024 * 1024).optional(),
    maxConnections: wholeNumber(1, 1_000_000).optional(),
    maxJsonDepth: wholeNumber(4, 256).optional(),
    maxElements: wholeNumber(1, MAX_BYTES).optional(),
    maxQueuedRequests: wholeNumber(1, 1_000_000).optional(),
    maxResponseBytes: wholeNumber(1024, MAX_BYTES).optional(),
  })
  .readonly();

/** The serving process. */
export const serverSchema = z
  .strictObject({
    httpPort: port,
    grpcPort: port,
    metricsPort: port,
    maxBodyBytes: wholeNumber(1, MAX_BODY_BYTES),
    requestTimeoutMillis: milliseconds,
    drainTimeoutMillis: milliseconds,
    limits: limits.optional(),
    authentication: authenticationSchema.optional(),
    tls: tlsSchema.optional(),
    cors: corsSchema.optional(),
    docs: z.boolean().optional(),
    tracing: tracingSchema.optional(),
    management: z.strictObject({ port }).readonly().optional(),
  })
  .readonly();

const config = z
  .strictObject({
    schema: rule(
      (schema) => schema === CONFIG_SCHEMA,
      `is '${CONFIG_SCHEMA}'`,
      'Use the runtime image that belongs to the version of the library that wrote this file.',
    ),
    models: z.array(modelSchema).min(1),
    server: serverSchema,
  })
  .readonly();

/** True only when both types are the same, optional and read-only keys included. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles only when the schema's type is the contract's: neither can change without the other. */
export function mirrors<Contract>() {
  return <S extends z.ZodType>(schema: S & (Same<z.infer<S>, Contract> extends true ? unknown : never)) => schema as S;
}

/** The contract's {@link ServingConfig}, checked value by value. */
export const configSchema = mirrors<ServingConfig>()(config);
