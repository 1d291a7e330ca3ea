import { exactObject, type JsonSchema, listOf, reference } from './json-schema';

const TEXT: JsonSchema = { type: 'string' };
const COUNT: JsonSchema = { type: 'integer', minimum: 0 };

/** Schemas of the model repository extension. */
export const REPOSITORY_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  RepositoryEntry: exactObject({
    name: TEXT,
    version: TEXT,
    state: { enum: ['READY', 'LOADING', 'UNAVAILABLE', 'UNLOADING'] },
    reason: TEXT,
  }),
};

/** Schemas of the statistics extension. */
export const STATISTICS_SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  Duration: exactObject({ count: COUNT, ns: COUNT }),
  Statistics: exactObject({ model_stats: listOf(reference('schemas', 'ModelStatistics')) }),
  ModelStatistics: exactObject({
    name: TEXT,
    version: TEXT,
    last_inference: { ...(COUNT as object), description: 'Milliseconds since 1970; 0 = never.' },
    inference_count: { ...(COUNT as object), description: 'Rows.' },
    execution_count: { ...(COUNT as object), description: 'Runs.' },
    inference_stats: exactObject(
      Object.fromEntries(
        ['success', 'fail', 'queue', 'compute_input', 'compute_infer', 'compute_output', 'cache_hit', 'cache_miss'].map(
          (name) => [name, reference('schemas', 'Duration')],
        ),
      ),
    ),
    batch_stats: listOf(
      exactObject({
        batch_size: COUNT,
        ...Object.fromEntries(
          ['compute_input', 'compute_infer', 'compute_output'].map((name) => [name, reference('schemas', 'Duration')]),
        ),
      }),
    ),
  }),
};
