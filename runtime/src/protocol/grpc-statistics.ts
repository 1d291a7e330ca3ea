import { delimitedField, integerField, messageField } from './grpc-writer';

/** How often something happened, and its time altogether in nanoseconds. */
export interface StatisticDuration {
  readonly count: number;
  readonly ns: number;
}

/** Durations of a request, in the order of their fields in `inference.InferStatistics`, from 1. */
const DURATIONS = [
  'success',
  'fail',
  'queue',
  'compute_input',
  'compute_infer',
  'compute_output',
  'cache_hit',
  'cache_miss',
] as const;

/** Durations of a run, in the order of their fields in `inference.InferBatchStatistics`, from 2. */
const RUN_DURATIONS = ['compute_input', 'compute_infer', 'compute_output'] as const;

/** What was counted of the runs of one size. */
export interface BatchStatistics extends Readonly<Record<(typeof RUN_DURATIONS)[number], StatisticDuration>> {
  /** Rows. */
  readonly batch_size: number;
}

/**
 * What was counted of a model version, of REST and gRPC, with the names of the statistics extension.
 *
 * @see https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_statistics.md
 */
export interface ModelStatistics {
  readonly name: string;
  readonly version: string;

  /** The last good answer, milliseconds since 1970; 0 = never. */
  readonly last_inference: number;

  /** Rows. */
  readonly inference_count: number;

  /** Runs. */
  readonly execution_count: number;
  readonly inference_stats: Readonly<Record<(typeof DURATIONS)[number], StatisticDuration>>;

  /** Runs by their size, ascending. */
  readonly batch_stats: readonly BatchStatistics[];
}

/** `inference.ModelStatisticsResponse`. */
export function writeStatistics(models: readonly ModelStatistics[]): Buffer {
  return Buffer.concat(models.map((model) => messageField(1, modelStatistics(model))));
}

function modelStatistics(model: ModelStatistics): Buffer[] {
  return [
    delimitedField(1, model.name),
    delimitedField(2, model.version),
    integerField(3, model.last_inference),
    integerField(4, model.inference_count),
    integerField(5, model.execution_count),
    messageField(
      6,
      DURATIONS.map((name, index) => messageField(index + 1, duration(model.inference_stats[name]))),
    ),
    ...model.batch_stats.map((batch) => messageField(7, batchStatistics(batch))),
  ];
}

function batchStatistics(batch: BatchStatistics): Buffer[] {
  return [
    integerField(1, batch.batch_size),
    ...RUN_DURATIONS.map((name, index) => messageField(index + 2, duration(batch[name]))),
  ];
}

function duration({ count, ns }: StatisticDuration): Buffer[] {
  return [integerField(1, count), integerField(2, ns)];
}
