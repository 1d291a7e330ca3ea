import { type CronJob, type Job, keyText, type ObjectKey, type Objects } from '../objects';
import type { PlanOptions } from '../pod-plan';
import { type JobPlan, planJob } from './plan';
import { type JobRequest, jobNameAt } from './request';

/**
 * Plans every Job, and a Job for every run of a CronJob that is asked for; what cannot be run here is added to `problems`.
 *
 * Runs of a CronJob that forbids or replaces concurrent ones follow each other, in the order in which they are asked for.
 */
export function planJobs(
  { jobs, cronJobs }: Pick<Objects, 'jobs' | 'cronJobs'>,
  requests: readonly JobRequest[],
  options: PlanOptions,
  problems: string[],
): JobPlan[] {
  const asked = new Set<Job>();
  const runs = requests.flatMap((request): JobPlan[] => {
    const found = find(request.name, cronJobs, jobs, problems);
    if (found === undefined) {
      return [];
    }
    if (isCronJob(found)) {
      const { namespace, name, spec, concurrent } = found;
      const job = { namespace, name: jobNameAt(name, request.time ?? new Date()), spec };
      return [planJob(job, { cronJob: name, suspended: false, follows: !concurrent }, options, problems)];
    }
    if (request.time !== undefined) {
      problems.push(`--run ${request.name}: it is a Job, which has no scheduled time. Leave @ and what follows out.`);
    }
    asked.add(found);
    return [];
  });
  const plans = [
    ...jobs.map((job) =>
      planJob(job, { suspended: job.spec.suspend && !asked.has(job), follows: false }, options, problems),
    ),
    ...runs,
  ];
  const seen = new Set<string>();
  for (const plan of plans) {
    if (seen.has(keyText(plan))) {
      problems.push(`There are two Jobs ${keyText(plan)}. Ask once for a minute of a CronJob.`);
    }
    seen.add(keyText(plan));
  }
  return plans;
}

/** A CronJob goes before a Job of the same name: Jobs run without being asked for. */
function find(
  wanted: string,
  cronJobs: readonly CronJob[],
  jobs: readonly Job[],
  problems: string[],
): Job | CronJob | undefined {
  const isMeant = (candidate: ObjectKey) => wanted === candidate.name || wanted === keyText(candidate);
  const ofCronJobs = cronJobs.filter(isMeant);
  const found = ofCronJobs.length > 0 ? ofCronJobs : jobs.filter(isMeant);
  if (found.length === 1) {
    return found[0];
  }
  problems.push(
    found.length === 0
      ? `--run ${wanted}: there is no CronJob or Job of that name. ${choices([...cronJobs, ...jobs])}`
      : `--run ${wanted}: there are several of that name: ${found.map(keyText).join(', ')}. Give the namespace, too.`,
  );
  return undefined;
}

function choices(candidates: readonly ObjectKey[]): string {
  return candidates.length === 0
    ? 'Give the directory that holds it.'
    : `There are: ${candidates.map(keyText).join(', ')}.`;
}

function isCronJob(object: Job | CronJob): object is CronJob {
  return 'schedule' in object;
}
