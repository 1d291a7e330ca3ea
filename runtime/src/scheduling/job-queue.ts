import type { Tensor } from '../model';
import { type Job, PRIORITIES, type Priority } from './job';

/** Jobs of one priority that are looked at beyond the first, for such that fit into its run. */
const MOST_PASSED_OVER = 256;

/** Jobs taken from the front of a list before the list is made shorter. */
const MOST_TAKEN = 1024;

/** Estimated memory of an element that is text. */
const TEXT_BYTES = 32;

/** Jobs of one priority, in the order of their arrival. */
interface Lane {
  jobs: Job[];
  head: number;
  rows: number;
}

/** Which jobs are wanted by {@link JobQueue.take}. */
export interface Wanted {
  /** Most rows together, or most jobs when they share no run. The first job is taken whatever its rows. */
  readonly most: number;

  /** Whether the jobs are to share a run: then all but their first dimensions agree. */
  readonly sharing: boolean;

  /** Now, on the clock of `performance.now()`. */
  readonly now: number;

  /** Takes a job that is no longer wanted. */
  readonly drop: (job: Job) => void;
}

/** What waits for a run: the highest priority first, within it the oldest. */
export class JobQueue {
  /** Number of jobs. */
  requests = 0;

  /** Their rows; a job without a number of rows counts as one. */
  rows = 0;

  /** Memory of their inputs, in bytes. */
  bytes = 0;

  private readonly lanes: readonly Lane[] = Object.values(PRIORITIES).map(() => ({ jobs: [], head: 0, rows: 0 }));

  /** Adds a job; its time in the queue begins. */
  add(job: Job, now: number): void {
    const lane = this.lanes[job.priority];
    lane.jobs.push(job);
    this.count(lane, job, 1);
    job.times.queue = -now / 1000; // when it leaves, the time of that is added
  }

  /** Jobs that go before a new one of this priority. */
  requestsAhead(priority: Priority): number {
    let requests = 0;
    for (let index = 0; index <= priority; index += 1) {
      const { jobs, head } = this.lanes[index];
      requests += jobs.length - head;
    }
    return requests;
  }

  /** Rows that go before those of a new job of this priority. */
  rowsAhead(priority: Priority): number {
    let rows = 0;
    for (let index = 0; index <= priority; index += 1) {
      rows += this.lanes[index].rows;
    }
    return rows;
  }

  /** When the job came that has waited longest; undefined when none waits. */
  oldest(): number | undefined {
    let oldest: number | undefined;
    for (const { jobs, head } of this.lanes) {
      if (head < jobs.length) {
        oldest = Math.min(oldest ?? Number.POSITIVE_INFINITY, -jobs[head].times.queue * 1000);
      }
    }
    return oldest;
  }

  /** The next job, as it would be taken. */
  first(): Job | undefined {
    for (const { jobs, head } of this.lanes) {
      if (head < jobs.length) {
        return jobs[head];
      }
    }
    return undefined;
  }

  /** Takes the jobs of the next run. */
  take({ most, sharing, now, drop }: Wanted): Job[] {
    const taken: Job[] = [];
    let shape: readonly Tensor[] | undefined;
    let rows = 0;
    for (const lane of this.lanes) {
      const { jobs } = lane;
      const left: Job[] = [];
      let next = lane.head;
      while (next < jobs.length && rows < most && left.length < MOST_PASSED_OVER) {
        const job = jobs[next];
        next += 1;
        if (unwanted(job, now)) {
          this.leave(lane, job, now);
          drop(job);
          continue;
        }
        const size = sharing ? (job.rows ?? most) : 1;
        const fits =
          taken.length === 0 ||
          (rows + size <= most && (!sharing || (job.rows !== undefined && sameTails(shape, job.inputs))));
        if (!fits) {
          left.push(job);
          continue;
        }
        this.leave(lane, job, now);
        taken.push(job);
        rows += size;
        // A job without a number of rows shares with none.
        shape ??= job.rows === undefined ? [] : job.inputs;
      }
      for (let index = 0; index < left.length; index += 1) {
        jobs[next - left.length + index] = left[index];
      }
      lane.head = next - left.length;
      shorten(lane);
    }
    return taken;
  }

  /**
   * Takes out what has expired or was abandoned.
   *
   * @param drop takes each
   * @returns when the next of the others expires; infinity when none waits
   */
  sweep(now: number, drop: (job: Job) => void): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const lane of this.lanes) {
      const kept: Job[] = [];
      const dropped: Job[] = [];
      for (let index = lane.head; index < lane.jobs.length; index += 1) {
        const job = lane.jobs[index];
        if (unwanted(job, now)) {
          dropped.push(job);
        } else {
          kept.push(job);
          earliest = Math.min(earliest, job.expiresAt);
        }
      }
      lane.jobs = kept;
      lane.head = 0;
      for (const job of dropped) {
        this.leave(lane, job, now);
      }
      dropped.forEach(drop);
    }
    return earliest;
  }

  /** Takes out the newest job of the lowest priority, when that is below this one. */
  evictBelow(priority: Priority, now: number): Job | undefined {
    for (let index = this.lanes.length - 1; index > priority; index -= 1) {
      const lane = this.lanes[index];
      const job = lane.head < lane.jobs.length ? lane.jobs.pop() : undefined;
      if (job !== undefined) {
        this.leave(lane, job, now);
        return job;
      }
    }
    return undefined;
  }

  private leave(lane: Lane, job: Job, now: number): void {
    this.count(lane, job, -1);
    job.times.queue += now / 1000;
  }

  private count(lane: Lane, job: Job, sign: 1 | -1): void {
    const rows = job.rows ?? 1;
    lane.rows += sign * rows;
    this.requests += sign;
    this.rows += sign * rows;
    this.bytes += sign * bytesOf(job.inputs);
  }
}

/** Memory of tensors, in bytes. */
export function bytesOf(tensors: readonly Tensor[]): number {
  let bytes = 0;
  for (const { data } of tensors) {
    bytes += Array.isArray(data) ? data.length * TEXT_BYTES : data.byteLength;
  }
  return bytes;
}

function unwanted(job: Job, now: number): boolean {
  return job.expiresAt <= now || job.abandoned;
}

function shorten(lane: Lane): void {
  if (lane.head === lane.jobs.length) {
    lane.jobs = [];
    lane.head = 0;
  } else if (lane.head > MOST_TAKEN) {
    lane.jobs = lane.jobs.slice(lane.head);
    lane.head = 0;
  }
}

/** Whether inputs agree in all dimensions but the first. */
function sameTails(a: readonly Tensor[] | undefined, b: readonly Tensor[]): boolean {
  return a !== undefined && a.length === b.length && a.every(({ shape }, index) => sameTail(shape, b[index].shape));
}

function sameTail(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) {
    return false;
  }
  for (let axis = 1; axis < a.length; axis += 1) {
    if (a[axis] !== b[axis]) {
      return false;
    }
  }
  return true;
}
