import { keyText } from '../objects';
import type { Pod } from '../pod';
import type { PodPlan } from '../pod-plan';
import type { JobPlan } from './plan';
import { type JobContext, JobRun } from './run';
import type { JobStatus } from './status';

/** What Jobs need. */
export interface JobsContext extends Omit<JobContext, 'createPod'> {
  /** Makes a pod, which calls the function at every change of its status. */
  readonly createPod: (plan: PodPlan, onChange: () => void) => Pod;
}

/** All Jobs. */
export class Jobs {
  /** Settles when each has ended, but for those that are suspended. */
  readonly ended: Promise<unknown>;
  private readonly runs: readonly JobRun[];

  constructor(plans: readonly JobPlan[], { createPod, ...context }: JobsContext) {
    this.runs = plans.map((plan) => {
      const run: JobRun = new JobRun(plan, {
        ...context,
        createPod: (pod) => createPod(pod, () => run.podChanged()),
      });
      return run;
    });
    this.ended = Promise.all(this.runs.map(({ ended }) => ended));
  }

  get status(): JobStatus[] {
    return this.runs.map(({ status }) => status);
  }

  /** Starts them; those that follow another when that has ended. */
  start(): void {
    const last = new Map<string, JobRun>();
    for (const run of this.runs) {
      const { namespace, cronJob, follows } = run.plan;
      const group = cronJob === undefined ? undefined : keyText({ namespace, name: cronJob });
      const before = follows && group !== undefined ? last.get(group) : undefined;
      if (before === undefined) {
        run.start();
      } else {
        void before.ended.then(() => run.start());
      }
      if (group !== undefined) {
        last.set(group, run);
      }
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.runs.map((run) => run.stop()));
  }
}
