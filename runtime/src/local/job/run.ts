import type { Logger } from '../../telemetry';
import type { Pod, PodEnd } from '../pod';
import type { PodPlan } from '../pod-plan';
import { type RetryPolicy, retryDelay } from '../restart-delay';
import { Completion } from './completion';
import { outcomeOf } from './outcome';
import type { JobPlan } from './plan';
import type { JobStatus } from './status';

/** What a Job needs. */
export interface JobContext {
  readonly createPod: (plan: PodPlan) => Pod;
  readonly retries: RetryPolicy;
  readonly logger: Logger;
  /** Called at every change of the status. */
  readonly onChange: () => void;
}

/** Timers can wait no longer. */
const MAX_TIMER_MILLIS = 2 ** 31 - 1;

/** A Job as pods: so many at once as its parallelism, and another one for each that fails, as its limits and policy say. */
export class JobRun {
  /** Settles when nothing of it runs, and nothing will. */
  readonly ended: Promise<void>;
  private settle: () => void = () => undefined;
  private readonly completions: Completion[];
  private readonly logger: Logger;
  private state: JobStatus['state'];
  private reason: string | undefined;
  private startTime: Date | undefined;
  private endTime: Date | undefined;
  /** Failures since the last success, of all pods. */
  private failuresInRow = 0;
  private ending = false;
  private nextPod: NodeJS.Timeout | undefined;
  private deadline: NodeJS.Timeout | undefined;

  constructor(
    readonly plan: JobPlan,
    private readonly context: JobContext,
  ) {
    this.completions = Array.from({ length: plan.completions }, (_, index) => new Completion(index));
    this.logger = context.logger.child({ job: `${plan.namespace}/${plan.name}` });
    this.state = plan.suspended ? 'Suspended' : 'Waiting';
    this.ended = new Promise((resolve) => {
      this.settle = resolve;
    });
    if (plan.suspended) {
      this.settle();
    }
  }

  get status(): JobStatus {
    const { namespace, name, cronJob, indexed, completions } = this.plan;
    return {
      namespace,
      name,
      ...(cronJob === undefined ? {} : { cronJob }),
      state: this.state,
      ...(this.reason === undefined ? {} : { reason: this.reason }),
      ...(this.startTime === undefined ? {} : { startTime: this.startTime.toISOString() }),
      ...(this.endTime === undefined ? {} : { endTime: this.endTime.toISOString() }),
      completions,
      succeeded: this.completions.filter(({ state }) => state === 'Complete').length,
      failed: sum(this.completions, ({ failed }) => failed),
      ...(indexed ? { indexes: this.completions.map(({ status }) => status) } : {}),
      pods: this.pods.map(({ status }) => status),
    };
  }

  /** Starts it; does nothing when it is suspended, or was stopped before. */
  start(): void {
    if (this.state !== 'Waiting') {
      return;
    }
    const { completions, parallelism, deadlineMillis } = this.plan;
    this.startTime = new Date();
    this.state = 'Running';
    this.logger.info({ completions, parallelism }, 'job started');
    if (deadlineMillis !== undefined && deadlineMillis <= MAX_TIMER_MILLIS) {
      this.deadline = setTimeout(
        () => this.fail(`DeadlineExceeded: it has not ended within ${deadlineMillis / 1000} s`),
        deadlineMillis,
      );
    }
    this.schedule();
  }

  /** Ends its pods; it will never be complete then. */
  async stop(): Promise<void> {
    if (!this.ending && this.state !== 'Suspended') {
      void this.end('Stopped', undefined);
    }
    await this.ended;
  }

  /** Called when something of its pods has changed. */
  podChanged(): void {
    // Containers that are started again within their pods count, too.
    const restarts = sum(this.pods, ({ status }) => sum(status.containers, ({ restarts }) => restarts));
    const { backoffLimit } = this.plan;
    if (restarts > 0 && restarts >= backoffLimit) {
      const failed = this.pods.flatMap(({ status }) => status.containers).find(({ reason }) => reason !== undefined);
      this.fail(`BackoffLimitExceeded: containers were started again ${restarts} times: ${failed?.reason}`);
    }
    this.context.onChange();
  }

  private get pods(): Pod[] {
    return this.completions.flatMap(({ pod }) => pod ?? []);
  }

  /** Starts as many pods as may run now, and sees to it that it is called again when more may. */
  private schedule(): void {
    clearTimeout(this.nextPod);
    if (this.ending) {
      return;
    }
    const open = this.completions.filter(({ isOpen }) => isOpen);
    const now = performance.now();
    const free = this.plan.parallelism - this.pods.length;
    for (const completion of open.filter(({ notBefore }) => notBefore <= now).slice(0, free)) {
      completion.attempt = this.attempt(completion);
    }
    const earliest = Math.min(...open.filter(({ isOpen }) => isOpen).map(({ notBefore }) => notBefore));
    if (Number.isFinite(earliest) && this.pods.length < this.plan.parallelism) {
      // Timers may be early by a fraction of a millisecond.
      this.nextPod = setTimeout(() => this.schedule(), Math.ceil(earliest - now) + 1);
    }
    if (this.completions.every(({ isOver }) => isOver)) {
      this.conclude();
    }
    this.context.onChange();
  }

  private async attempt(completion: Completion): Promise<void> {
    const pod = this.context.createPod(this.plan.pod(completion.index));
    completion.pod = pod;
    completion.state = 'Running';
    const end = await pod.start();
    await pod.removeFiles();
    completion.pod = undefined;
    if (end.succeeded) {
      completion.state = 'Complete';
      this.failuresInRow = 0;
      this.logger.info(this.about(completion), 'completed');
    } else if (this.ending) {
      completion.state = 'Stopped';
    } else {
      this.podFailed(completion, pod.plan.identity.name, end);
    }
    this.schedule();
  }

  private podFailed(completion: Completion, pod: string, { containers }: PodEnd): void {
    const { next, reason, rule, jobReason } = outcomeOf(this.plan, this.completions, completion, containers);
    const details = { ...this.about(completion), pod, reason, ...(rule === undefined ? {} : { rule }) };
    this.failuresInRow += 1;
    if (next === 'retry') {
      this.retry(completion, details);
      return;
    }
    completion.state = 'Failed';
    this.logger.error(details, 'pod failed, and no other one is started');
    if (jobReason !== undefined) {
      this.fail(jobReason);
    }
  }

  private retry(completion: Completion, details: object): void {
    const failures = this.plan.backoffLimitPerIndex === undefined ? this.failuresInRow : completion.failed;
    const delay = retryDelay(failures, this.context.retries);
    completion.state = 'Retrying';
    completion.notBefore = performance.now() + delay;
    this.logger.error({ ...details, retryInSeconds: delay / 1000 }, 'pod failed; another one takes its place');
  }

  /** Nothing is left to do: complete, unless an index has failed. */
  private conclude(): void {
    const failed = this.completions.filter(({ state }) => state === 'Failed').map(({ index }) => index);
    if (failed.length > 0) {
      this.fail(`FailedIndexes: ${failed.join(', ')}`);
    } else {
      void this.end('Complete', undefined);
    }
  }

  private fail(reason: string): void {
    if (!this.ending) {
      void this.end('Failed', reason);
    }
  }

  /** Stops what runs; the Job has ended when all of that has. */
  private async end(state: JobStatus['state'], reason: string | undefined): Promise<void> {
    this.ending = true;
    this.reason = reason;
    clearTimeout(this.nextPod);
    clearTimeout(this.deadline);
    await Promise.all(this.pods.map((pod) => pod.stop()));
    await Promise.all(this.completions.map(({ attempt }) => attempt));
    for (const completion of this.completions.filter(({ isOver }) => !isOver)) {
      completion.state = 'Stopped';
    }
    this.state = state;
    this.endTime = new Date();
    this.tellEnd();
    this.settle();
    this.context.onChange();
  }

  private tellEnd(): void {
    const { completions, succeeded, failed } = this.status;
    const seconds = Math.round(((this.endTime?.getTime() ?? 0) - (this.startTime?.getTime() ?? 0)) / 1000);
    if (this.state === 'Complete') {
      this.logger.info({ completions, failed, seconds }, 'job complete');
    } else if (this.state === 'Failed') {
      this.logger.error({ completions, succeeded, failed, seconds, reason: this.reason }, 'job failed');
    }
  }

  private about({ index }: Completion): object {
    return this.plan.indexed ? { index } : {};
  }
}

function sum<T>(all: readonly T[], of: (one: T) => number): number {
  return all.reduce((total, one) => total + of(one), 0);
}
