import type { CronJobStatus, JobStatus } from '../local';
import { table } from './table';

/** Jobs for people: a table, and what is not started. Empty when there is nothing to tell. */
export function jobsText(jobs: readonly JobStatus[], cronJobs: readonly CronJobStatus[]): string[] {
  const rows = jobs.map(({ namespace, name, state, succeeded, completions, failed }) => [
    `${namespace}/${name}`,
    state,
    `${succeeded}/${completions}`,
    String(failed),
  ]);
  const suspended = jobs
    .filter(({ state }) => state === 'Suspended')
    .map(({ name }) => `Job ${name} is suspended: --run ${name}`);
  const waiting = cronJobs
    .filter((cronJob) => cronJob.jobs.length === 0)
    .map(({ name, schedule }) => `CronJob ${name} (${schedule}) is not started: --run ${name}`);
  return [
    ...(rows.length === 0 ? [] : [table(['JOB', 'STATUS', 'COMPLETIONS', 'FAILED PODS'], rows)]),
    ...suspended,
    ...waiting,
  ];
}

/** Why Jobs and indexes of them have failed, or are tried again: each one line. */
export function jobFailures(jobs: readonly JobStatus[]): string[] {
  return jobs.flatMap(({ name, state, reason, indexes = [] }) => [
    ...indexes
      .filter((index) => index.state === 'Failed' || index.state === 'Retrying')
      .map((index) => `${name}, index ${index.index}: ${index.state}: ${index.reason}`),
    ...(state === 'Failed' ? [`${name}: ${state}: ${reason}`] : []),
  ]);
}
