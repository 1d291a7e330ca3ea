import { randomInt, randomUUID } from 'node:crypto';
import { ENVIRONMENT } from '../../contract';
import type { FailureRule } from '../job-schema';
import { type Job, keyText, type ObjectKey, type Workload } from '../objects';
import { type PlanOptions, type PodPlan, planPod } from '../pod-plan';
import type { Container } from '../schema';
import { ruleProblems } from './rules';

/** A Job that can be run as processes. */
export interface JobPlan extends ObjectKey {
  /** CronJob that it is a run of. */
  readonly cronJob?: string;
  /** Whether it waits until a user asks for it. */
  readonly suspended: boolean;
  /** Whether it starts when the run of its CronJob before it has ended, instead of beside it. */
  readonly follows: boolean;
  readonly indexed: boolean;
  readonly completions: number;
  readonly parallelism: number;
  /** Most failures of all pods. */
  readonly backoffLimit: number;
  /** Most failures of the pods of one index; absent = an index alone never fails. */
  readonly backoffLimitPerIndex?: number;
  /** Most indexes that may fail before the others are given up; absent = any number. */
  readonly maxFailedIndexes?: number;
  readonly failureRules: readonly FailureRule[];
  /** Longest duration of the whole Job, in milliseconds; absent = none. */
  readonly deadlineMillis?: number;
  /** Plans one more pod. @param index which of the completions it is for */
  pod(index: number): PodPlan;
}

/** What a Job is, besides what it declares. */
export type JobTraits = Pick<JobPlan, 'cronJob' | 'suspended' | 'follows'>;

const BACKOFF_LIMIT = 6;

/** Labels that the controller of Jobs gives to pods; the first two of them under their older names, too. */
const LABELS = {
  job: 'batch.kubernetes.io/job-name',
  controller: 'batch.kubernetes.io/controller-uid',
  index: 'batch.kubernetes.io/job-completion-index',
} as const;

/** Plans a Job; what cannot be run here as it is written is added to `problems`. */
export function planJob(job: Job, traits: JobTraits, options: PlanOptions, problems: string[]): JobPlan {
  const { namespace, name, spec } = job;
  problems.push(...ruleProblems(spec).map((text) => `Job ${keyText(job)}: ${text}`));
  const { completions = 1, parallelism, backoffLimitPerIndex, maxFailedIndexes, activeDeadlineSeconds } = spec;
  const indexed = spec.completionMode === 'Indexed';
  const uid = randomUUID();
  const pod = (index: number, found: string[]) => {
    const names = podNames(name, indexed ? index : undefined);
    return planPod(workloadOf(job, uid, indexed ? index : undefined), names, options, found);
  };
  // All pods have the same faults: they are told once.
  pod(0, problems);
  return {
    ...traits,
    namespace,
    name,
    indexed,
    completions,
    parallelism,
    backoffLimit: spec.backoffLimit ?? (backoffLimitPerIndex === undefined ? BACKOFF_LIMIT : Number.POSITIVE_INFINITY),
    backoffLimitPerIndex,
    maxFailedIndexes,
    failureRules: spec.podFailurePolicy?.rules ?? [],
    deadlineMillis: activeDeadlineSeconds === undefined ? undefined : activeDeadlineSeconds * 1000,
    pod: (index) => pod(index, []),
  };
}

/** The template with what the controller of Jobs adds to it. */
function workloadOf({ namespace, name, spec: { template } }: Job, uid: string, index: number | undefined): Workload {
  const ofIndex: Record<string, string> = index === undefined ? {} : { [LABELS.index]: String(index) };
  const { metadata, spec } = template;
  const containersOf = (containers: readonly Container[]) =>
    index === undefined ? [...containers] : containers.map(withIndex);
  return {
    namespace,
    name,
    template: {
      ...template,
      metadata: {
        ...metadata,
        labels: {
          ...metadata.labels,
          'job-name': name,
          [LABELS.job]: name,
          'controller-uid': uid,
          [LABELS.controller]: uid,
          ...ofIndex,
        },
        annotations: { ...metadata.annotations, ...ofIndex },
      },
      spec: {
        ...spec,
        initContainers: containersOf(spec.initContainers),
        containers: containersOf(spec.containers),
      },
    },
  };
}

function withIndex(container: Container): Container {
  const name = ENVIRONMENT.completionIndex;
  if (container.env.some((variable) => variable.name === name)) {
    return container;
  }
  const valueFrom = { fieldRef: { fieldPath: `metadata.labels['${LABELS.index}']` } };
  return { ...container, env: [...container.env, { name, valueFrom }] };
}

const SUFFIX_LETTERS = 'bcdfghjklmnpqrstvwxz2456789';
const SUFFIX_LENGTH = 5;

function podNames(job: string, index: number | undefined): { name: string; hostname: string } {
  const base = index === undefined ? job : `${job}-${index}`;
  const suffix = Array.from({ length: SUFFIX_LENGTH }, () => SUFFIX_LETTERS[randomInt(SUFFIX_LETTERS.length)]).join('');
  const name = `${base}-${suffix}`;
  return { name, hostname: index === undefined ? name : base };
}
