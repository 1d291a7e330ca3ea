import type { ApiObjectMetadata, Duration, Size } from 'cdk8s';
import type { ModelResources, NetworkPeer } from '../kubernetes';
import type { Model, PredictionColumn } from '../model';
import type { PodOptions } from '../online';
import type { Dataset } from './dataset';
import type { Ledger } from './ledger';
import type { PredictionSink } from './prediction-sink';
import type { Schedule } from './schedule';
import type { SpotNodes } from './spot-nodes';

/** Properties of {@link BatchJob}. */
export interface BatchJobProps extends PodOptions {
  /** The model. */
  readonly model: Model;

  /** The rows. */
  readonly input: Dataset;

  /** Where the predictions go: at least one. */
  readonly outputs: PredictionSink[];

  /**
   * Columns of the table that become an input of the model, in order, by the name of the input: as many as the input has
   * elements a row.
   *
   * @default - for inputs of one value a row the column of the input's own name; the model's file has to be known at synth
   */
  readonly features?: { [input: string]: string[] };

  /**
   * Columns that are copied beside the predictions.
   *
   * @default - all that are no features
   */
  readonly passThrough?: string[];

  /**
   * Columns that the outputs of the model become.
   *
   * @default - a column for each output, under its name
   */
  readonly predictions?: PredictionColumn[];

  /**
   * When the job runs.
   *
   * @default - once, as soon as it is applied; a changed declaration is another job
   */
  readonly schedule?: Schedule;

  /**
   * Identifies the run, for a job without a schedule: up to 63 letters, digits, `.`, `_` and `-`. The same run never writes
   * a row twice, so a job that is applied again with the same `run` goes on where the last one ended. Where the input has
   * `{date}` or `{hour}`, it is them, in UTC: `2026-11-22`, `2026-11-22T05`.
   *
   * @default - the name of the Kubernetes Job; for a schedule, that stands for the scheduled time
   */
  readonly run?: string;

  /**
   * Where plan, checkpoints and the record of the run are kept.
   *
   * @default - beside the first output that is files
   */
  readonly ledger?: Ledger;

  /**
   * Number of shards: parts of the rows that each a pod computes, and that fail and go on apart. From 1 to 10000.
   *
   * @default 1
   */
  readonly shards?: number;

  /**
   * How many shards are computed at the same time.
   *
   * @default - all of them
   */
  readonly parallelism?: number;

  /**
   * How often a shard is tried again. Pods that had to go because of their node, and bad input, do not count.
   *
   * @default 3
   */
  readonly retriesPerShard?: number;

  /**
   * How many shards may fail before the others are ended too. A run with a failed shard is never complete, whatever this is.
   *
   * @default - all: the others go on, and what they computed counts when the run is started again
   */
  readonly maxFailedShards?: number;

  /**
   * Longest time of a run, all retries included.
   *
   * @default - a day; with a schedule, nine tenths of the shortest time between two runs if that is less
   */
  readonly deadline?: Duration;

  /**
   * Largest share of the rows of a shard that may be errors, from 0 to 1. Beyond it the shard fails, and with it the run.
   * Rows with an error are written with their reason, apart from the predictions.
   *
   * @default 0
   */
  readonly maxErrorRatio?: number;

  /**
   * Rows of one run of the model.
   *
   * @default - found by measuring
   */
  readonly batchRows?: number;

  /**
   * Rows of one part of the output, and so of the work that a pod loses when it is killed: at most so many where the row
   * groups of the input allow it.
   *
   * @default 500000
   */
  readonly partRows?: number;

  /**
   * Time after which a finished job is removed. With a schedule, `successfulJobsRetained` and `failedJobsRetained` say it.
   *
   * @default Duration.days(7)
   */
  readonly ttlAfterFinished?: Duration;

  /**
   * How many jobs of a schedule are kept that succeeded.
   *
   * @default 3
   */
  readonly successfulJobsRetained?: number;

  /**
   * How many jobs of a schedule are kept that failed.
   *
   * @default 3
   */
  readonly failedJobsRetained?: number;

  /**
   * How late a run of a schedule may start, for example because the last one was still busy. Later it is left out.
   *
   * @default - half the shortest time between two runs, at least 200 seconds and at most an hour
   */
  readonly startingDeadline?: Duration;

  /**
   * Starts no pods, and no runs of the schedule, until it is false. Pods that run are ended; they go on where they were.
   *
   * @default false
   */
  readonly suspend?: boolean;

  /**
   * Name of the queue of Kueue that admits the job.
   *
   * @default - none: it starts at once
   * @see https://kueue.sigs.k8s.io/docs/tasks/run/jobs/
   */
  readonly queue?: string;

  /**
   * Runs the pods on spot nodes: their labels and taints are added to `nodeSelector` and `tolerations`.
   *
   * @default - on any node that `nodeSelector` and `tolerations` allow
   */
  readonly spot?: SpotNodes;

  /**
   * What each pod asks for, and at most gets. The job uses as many threads as it has cores, and of the memory what it is given.
   *
   * @default - one core; 1 GiB of memory, and twice the model file where its size is known; room for `scratchSize`
   */
  readonly resources?: ModelResources;

  /**
   * Space on the disk of the node for downloads, and for parts that are not yet uploaded.
   *
   * @default Size.gibibytes(4)
   */
  readonly scratchSize?: Size;

  /**
   * Longest time that a pod gets to finish the part it is at, when it has to go.
   *
   * @default Duration.minutes(1)
   */
  readonly gracePeriod?: Duration;

  /**
   * Time between two log lines about the progress.
   *
   * @default Duration.seconds(10)
   */
  readonly progressInterval?: Duration;

  /**
   * Who may read the metrics.
   *
   * @default - all pods of the namespace `monitoring`
   */
  readonly monitors?: NetworkPeer[];

  /**
   * Metadata of all objects: labels and annotations are added to each; `name` names them all in place of the name that
   * is made of model and construct path; `namespace` replaces the chart's.
   *
   * @default - name and labels made of the model and the construct path
   */
  readonly metadata?: ApiObjectMetadata;
}
