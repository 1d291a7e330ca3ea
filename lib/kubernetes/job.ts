import { createHash } from 'node:crypto';
import { EXIT_CODES } from '../contract';
import type { Json } from './json';
import type { Labels } from './labels';

const HASH_LENGTH = 8;

/** Fields of a Job that can be changed while it is there. */
const CHANGEABLE = ['parallelism', 'suspend', 'activeDeadlineSeconds', 'ttlSecondsAfterFinished'];

/** The schema of Kubernetes 1.28 asks for the list even where exit codes decide. */
const NONE: Json[] = [];

/** What an Indexed Job is made of: one pod at a time for each shard. */
export interface JobInput {
  /** Pod template, from `renderPodTemplate`, with `restartPolicy: Never`. */
  readonly template: Json;
  /** Container whose exit code says that the input is bad. */
  readonly container: string;
  readonly shards: number;
  readonly parallelism: number;
  readonly retriesPerShard: number;
  /** Absent = the other shards go on, however many failed. */
  readonly maxFailedShards?: number;
  readonly deadlineSeconds: number;
  /** Absent = it stays, or its CronJob removes it. */
  readonly ttlSeconds?: number;
  readonly suspend?: boolean;
}

/**
 * `spec` of an Indexed Job.
 *
 * The first rule that matches decides: a pod that had to go costs no retry, bad input ends its shard, a bad configuration
 * everything, in whichever container it is found. A new pod of a shard starts when the old one has ended, so that two rarely
 * work on the same.
 *
 * @see https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-failure-policy
 */
export function renderJob(input: JobInput): Json {
  return {
    completionMode: 'Indexed',
    completions: input.shards,
    parallelism: input.parallelism,
    backoffLimitPerIndex: input.retriesPerShard,
    maxFailedIndexes: input.maxFailedShards,
    podReplacementPolicy: 'Failed',
    activeDeadlineSeconds: input.deadlineSeconds,
    ttlSecondsAfterFinished: input.ttlSeconds,
    suspend: input.suspend,
    podFailurePolicy: {
      rules: [
        { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
        {
          action: 'FailIndex',
          onExitCodes: { containerName: input.container, operator: 'In', values: [EXIT_CODES.badInput] },
          onPodConditions: NONE,
        },
        {
          action: 'FailJob',
          onExitCodes: { operator: 'In', values: [EXIT_CODES.badConfiguration] },
          onPodConditions: NONE,
        },
      ],
    },
    template: input.template,
  };
}

/** What a CronJob is made of. */
export interface CronJobInput {
  /** From `renderJob`. */
  readonly job: Json;
  readonly labels: Labels;
  readonly annotations?: Labels;
  /** Five fields. */
  readonly schedule: string;
  readonly timeZone: string;
  readonly startingDeadlineSeconds: number;
  readonly successfulJobs: number;
  readonly failedJobs: number;
  readonly suspend?: boolean;
}

/** `spec` of a CronJob whose runs never overlap. */
export function renderCronJob(input: CronJobInput): Json {
  return {
    schedule: input.schedule,
    timeZone: input.timeZone,
    concurrencyPolicy: 'Forbid',
    startingDeadlineSeconds: input.startingDeadlineSeconds,
    successfulJobsHistoryLimit: input.successfulJobs,
    failedJobsHistoryLimit: input.failedJobs,
    suspend: input.suspend,
    jobTemplate: { metadata: { labels: { ...input.labels }, annotations: input.annotations }, spec: input.job },
  };
}

/**
 * Name of a Job that runs once. What it computes cannot be changed while it is there, so another declaration is another Job;
 * what Kubernetes lets be changed (how many pods at a time, for how long, whether it is suspended) leaves the name as it is.
 */
export function jobName(base: string, job: Json): string {
  const computed = Object.entries(job).filter(([key]) => !CHANGEABLE.includes(key));
  const hash = createHash('sha256').update(JSON.stringify(computed)).digest('hex');
  return `${base}-${hash.slice(0, HASH_LENGTH)}`;
}
