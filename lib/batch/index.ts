export { BatchJob } from './batch-job';
export type { BatchJobProps } from './batch-job-props';
export type { ObjectStoreOptions } from './data-location';
export { type CsvDatasetOptions, Dataset, type DatasetOptions } from './dataset';
export { Ledger } from './ledger';
export { PredictionLookup } from './prediction-lookup';
export type { PredictionLookupProps } from './prediction-lookup-props';
export { type FileSinkOptions, PredictionSink, type RedisSinkOptions } from './prediction-sink';
export {
  type DailyScheduleOptions,
  type HourlyScheduleOptions,
  Schedule,
  type ScheduleOptions,
  Weekday,
  type WeeklyScheduleOptions,
} from './schedule';
export { type CustomSpotNodesOptions, SpotNodes } from './spot-nodes';
