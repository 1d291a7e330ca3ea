import {
  checkConfigMapSize,
  checkDuration,
  checkGpuImage,
  checkResources,
  configMapBytes,
  isDnsLabel,
  millisOf,
  quote,
  RULES,
  type Rule,
  readableMillis,
  type Violation,
  violation,
} from '../kubernetes';
import { checkPodOptions, checkRedisServer } from '../online';
import type { BatchJobProps } from './batch-job-props';
import { checkColumns } from './column-rules';
import type { JobSettings } from './job-settings';
import { redisSinks } from './prediction-sink';
import { checkSchedule } from './schedule-rules';
import { checkTables } from './table-rules';

const MOST_SHARDS = 10_000;
const MOST_RETRIES = 100;
const MOST_RETAINED = 1000;
const MOST_BATCH_ROWS = 1_000_000;
const MOST_PART_ROWS = 1_000_000_000;
const LEAST_STARTING_MILLIS = 10_000;

const RUN = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;

/** Checks everything that a batch job is declared with, except the pod itself. */
export function checkBatchJob(props: BatchJobProps, settings: JobSettings, config: string): Violation[] {
  return [
    ...props.model._violations,
    ...checkTables(props),
    ...checkColumns(props),
    ...(props.schedule === undefined ? [] : checkSchedule(props.schedule)),
    ...checkRun(props),
    ...checkTimes(props, settings),
    ...checkRetention(props),
    ...checkNumbers(props, settings),
    ...redisSinks(props.outputs).flatMap((options) => checkRedisServer('PredictionSink.redis', options)),
    ...checkPod(props, settings),
    ...checkConfigMapSize(
      'The configuration of the job',
      configMapBytes({ 'config.json': config }),
      'Name fewer classes and columns.',
    ),
  ];
}

function checkRun({ run, schedule }: BatchJobProps): Violation[] {
  const problem =
    run === undefined
      ? undefined
      : schedule !== undefined
        ? ', and there is a schedule'
        : RUN.test(run)
          ? undefined
          : '';
  return problem === undefined
    ? []
    : [
        violation(
          RULES.runId,
          `run is ${quote(run)}${problem}.`,
          schedule === undefined ? "Write it as in '2026-11-22'." : 'Remove run: each run has its scheduled time.',
        ),
      ];
}

function checkTimes(
  props: BatchJobProps,
  { intervalMillis, deadlineMillis, startingMillis }: JobSettings,
): Violation[] {
  const found = (
    ['deadline', 'startingDeadline', 'gracePeriod', 'ttlAfterFinished', 'progressInterval'] as const
  ).flatMap((prop) => checkDuration(prop, props[prop]));
  if (intervalMillis !== undefined && deadlineMillis >= intervalMillis) {
    found.push(
      violation(
        RULES.jobTimes,
        `deadline is ${readableMillis(deadlineMillis)}, and the schedule has two runs within ${readableMillis(intervalMillis)}.`,
        'Lower the deadline, or leave it out.',
      ),
    );
  }
  if (props.startingDeadline !== undefined && startingMillis < LEAST_STARTING_MILLIS) {
    found.push(
      violation(
        RULES.jobTimes,
        `startingDeadline is ${readableMillis(startingMillis)}.`,
        'Write Duration.minutes(5), or leave it out.',
      ),
    );
  }
  for (const { timeToLive } of redisSinks(props.outputs)) {
    found.push(...checkDuration('timeToLive', timeToLive));
    if (intervalMillis !== undefined && millisOf(timeToLive) <= intervalMillis) {
      found.push(
        violation(
          RULES.predictionAge,
          `timeToLive is ${readableMillis(millisOf(timeToLive))}, and the next run starts ${readableMillis(intervalMillis)} after the last one.`,
          'Write at least twice the time between two runs, so that one may fail.',
        ),
      );
    }
  }
  return found;
}

function checkRetention(props: BatchJobProps): Violation[] {
  const unfit =
    props.schedule === undefined
      ? (['startingDeadline', 'successfulJobsRetained', 'failedJobsRetained'] as const)
      : (['ttlAfterFinished'] as const);
  return [
    ...unfit
      .filter((prop) => props[prop] !== undefined)
      .map((prop) =>
        violation(
          RULES.jobRetention,
          `${prop} is set, and there is ${props.schedule === undefined ? 'no' : 'a'} schedule.`,
          props.schedule === undefined ? `Remove ${prop}.` : 'Write successfulJobsRetained and failedJobsRetained.',
        ),
      ),
    ...(['successfulJobsRetained', 'failedJobsRetained'] as const).flatMap((prop) =>
      checkWhole(RULES.jobRetention, prop, props[prop], 0, MOST_RETAINED),
    ),
  ];
}

function checkNumbers(props: BatchJobProps, { shards, parallelism, scratchBytes }: JobSettings): Violation[] {
  const { maxErrorRatio = 0, queue } = props;
  const ofShards = Number.isInteger(shards) && shards >= 1 ? shards : MOST_SHARDS;
  return [
    ...checkWhole(RULES.shards, 'shards', shards, 1, MOST_SHARDS),
    ...checkWhole(RULES.shards, 'parallelism', props.parallelism === undefined ? undefined : parallelism, 1, ofShards),
    ...checkWhole(RULES.shards, 'retriesPerShard', props.retriesPerShard, 0, MOST_RETRIES),
    ...checkWhole(RULES.shards, 'maxFailedShards', props.maxFailedShards, 0, ofShards),
    ...checkWhole(RULES.jobRows, 'batchRows', props.batchRows, 1, MOST_BATCH_ROWS),
    ...checkWhole(RULES.jobRows, 'partRows', props.partRows, 1, MOST_PART_ROWS),
    ...(maxErrorRatio >= 0 && maxErrorRatio <= 1
      ? []
      : [
          violation(
            RULES.errorRatio,
            `maxErrorRatio is ${quote(maxErrorRatio)}.`,
            'Write for example 0.001 for one row in a thousand.',
          ),
        ]),
    ...(scratchBytes > 0
      ? []
      : [violation(RULES.positiveAmount, 'scratchSize is 0.', 'Write a size such as Size.gibibytes(4).')]),
    ...(queue === undefined || isDnsLabel(queue)
      ? []
      : [violation(RULES.queueName, `queue is ${quote(queue)}.`, "Write it as in 'batch'.")]),
  ];
}

function checkWhole(rule: Rule, prop: string, value: number | undefined, least: number, most: number): Violation[] {
  return value === undefined || (Number.isInteger(value) && value >= least && value <= most)
    ? []
    : [violation(rule, `${prop} is ${quote(value)}.`, `Write a whole number from ${least} to ${most}.`)];
}

function checkPod(props: BatchJobProps, settings: JobSettings): Violation[] {
  return [
    ...checkResources(settings.resources, settings.needs),
    ...checkGpuImage(settings.resources.gpu, settings.bundledImage),
    ...checkPodOptions({ ...props, nodeSelector: settings.nodeSelector, tolerations: settings.tolerations }, settings),
    ...settings.monitors.flatMap(({ _violations }) => _violations),
  ];
}
