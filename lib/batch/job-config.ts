import {
  BATCH_SCHEMA,
  type BatchConfig,
  type FeatureColumnsConfig,
  type ModelConfig,
  PATHS,
  PORTS,
  type PredictionSinkConfig,
} from '../contract';
import { millisOf } from '../kubernetes';
import { rowWidth } from '../model';
import type { BatchJobProps } from './batch-job-props';
import type { JobSettings } from './job-settings';
import { fileSinks, redisSinks } from './prediction-sink';

const DEFAULT_PART_ROWS = 500_000;
const DEFAULT_PROGRESS_MILLIS = 10_000;

/** The configuration file of a batch job. The same input gives the same text, byte by byte. */
export function renderJobConfig(props: BatchJobProps, settings: JobSettings): string {
  const { schedule, progressInterval } = props;
  const config: BatchConfig = {
    schema: BATCH_SCHEMA,
    name: settings.name,
    run: props.run,
    timeZone: schedule?.timeZone,
    models: modelConfigs(settings),
    input: { ...settings.input, format: props.input.format, csv: props.input._csv },
    features: featureColumns(props),
    passThrough: props.passThrough,
    predictions: props.predictions?.map(({ _config: config }) => config),
    sinks: sinkConfigs(props, settings),
    ledger: settings.ledger ?? { uri: '', store: { type: 'file' } },
    shards: settings.shards,
    batchRows: props.batchRows,
    partRows: props.partRows ?? DEFAULT_PART_ROWS,
    maxErrorRatio: props.maxErrorRatio ?? 0,
    scratchPath: PATHS.scratch,
    metricsPort: PORTS.metrics,
    progressMillis: progressInterval === undefined ? DEFAULT_PROGRESS_MILLIS : Math.ceil(millisOf(progressInterval)),
    gracePeriodMillis: Math.ceil(settings.graceMillis),
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

/** Columns of every input: as declared, else where an input takes one value a row the column of its name. */
export function featureColumns({ features, model }: BatchJobProps): FeatureColumnsConfig[] {
  const declared = Object.entries(features ?? {}).map(([input, columns]) => ({ input, columns }));
  const others = (model.signature?.inputs ?? []).filter(
    (input) => !declared.some((each) => each.input === input.name) && rowWidth(input) === 1,
  );
  return [...declared, ...others.map(({ name }) => ({ input: name, columns: [name] }))];
}

function modelConfigs({ models: { models } }: JobSettings): ModelConfig[] {
  return models.map(({ model, path, download }) => ({
    name: model.name,
    version: model.version,
    format: model.format,
    path,
    sha256: model.sha256 ?? '',
    source: download,
    // The rows of the first part warm it up.
    warmUp: { runs: 0 },
  }));
}

function sinkConfigs({ outputs, model }: BatchJobProps, { files, redis }: JobSettings): PredictionSinkConfig[] {
  return [
    ...fileSinks(outputs).flatMap(({ format }, index): PredictionSinkConfig[] => {
      const location = files[index];
      return location === undefined ? [] : [{ type: 'files', ...location, format }];
    }),
    ...redisSinks(outputs).flatMap((options, index): PredictionSinkConfig[] => {
      const server = redis[index];
      const { key, columns, table = model.name, timeToLive } = options;
      return server === undefined
        ? []
        : [{ type: 'redis', ...server, table, key, columns, timeToLiveMillis: Math.ceil(millisOf(timeToLive)) }];
    }),
  ];
}
