import { LRUCache } from 'lru-cache';
import type { ResponseCacheConfig } from '../contract';
import { sliceRows, type Tensor } from '../model';
import type { RequestError } from '../protocol';
import type { CacheMeter, RunMeter } from '../telemetry';
import type { Inference, Job, PredictionSource } from './job';
import { JobAround } from './job-around';
import { bytesOf } from './job-queue';
import { tensorKey } from './tensor-key';

/** Memory of an entry besides its tensors: the key, and what the map needs. */
const ENTRY_BYTES = 256;

/** Options of {@link ResponseCache}. */
export interface ResponseCacheOptions {
  readonly config: ResponseCacheConfig;
  readonly meter: CacheMeter;
  readonly predictions: RunMeter['predictions'];

  /** What answers when the cache cannot. */
  readonly next: Inference;
}

/**
 * Keeps answers for equal inputs: equal in datatype, shape and every byte.
 *
 * Equal requests that come while the first is under way wait for its answer. A failure is kept for nobody, and shared only
 * when it is the fault of the inputs.
 */
export class ResponseCache implements Inference {
  private readonly answers: LRUCache<string, readonly Tensor[]>;
  private readonly underWay = new Map<string, Leader>();

  constructor(private readonly options: ResponseCacheOptions) {
    const { maxBytes, maxAgeMillis } = options.config;
    this.answers = new LRUCache({
      maxSize: maxBytes,
      sizeCalculation: (outputs, key) => ENTRY_BYTES + key.length + bytesOf(outputs),
      ttl: maxAgeMillis,
    });
  }

  submit(job: Job): void {
    const { lookups, seconds } = this.options.meter;
    const begun = performance.now();
    const key = tensorKey(job.inputs);
    const outputs = this.answers.get(key);
    const seeking = secondsSince(begun);
    if (outputs !== undefined) {
      lookups.hit.value += 1;
      seconds.hit += seeking;
      this.answer(job, outputs);
      return;
    }
    const leader = this.underWay.get(key);
    if (leader?.follow(job)) {
      lookups.shared.value += 1;
      return;
    }
    lookups.miss.value += 1;
    seconds.miss += seeking;
    const first = new Leader(job, {
      answered: (own) => {
        const answered = performance.now();
        this.underWay.delete(key);
        this.answers.set(key, own);
        this.options.meter.bytes.value = this.answers.calculatedSize;
        seconds.miss += secondsSince(answered);
      },
      failed: () => this.underWay.delete(key),
      share: (follower, own) => this.answer(follower, own),
      repeat: (follower) => this.options.next.submit(follower),
    });
    this.underWay.set(key, first);
    this.options.next.submit(first);
  }

  private answer(job: Job, outputs: readonly Tensor[]): void {
    this.options.predictions['response-cache'].value += 1;
    job.succeed(outputs, undefined, 'response-cache');
  }
}

/** @param start on the clock of `performance.now()` */
function secondsSince(start: number): number {
  return (performance.now() - start) / 1000;
}

/** What happens around the first of equal requests. */
interface LeaderEvents {
  /** It was answered with these outputs, which are its alone. */
  readonly answered: (outputs: readonly Tensor[]) => void;

  /** It was not answered. */
  readonly failed: () => void;

  /** Gives the answer to another one. */
  readonly share: (follower: Job, outputs: readonly Tensor[]) => void;

  /** Runs another one by itself. */
  readonly repeat: (follower: Job) => void;
}

/** The first of equal requests, for which the others wait. */
class Leader extends JobAround {
  private readonly followers: Job[] = [];

  constructor(
    job: Job,
    private readonly events: LeaderEvents,
  ) {
    super(job);
  }

  /** Lets an equal job wait for this one's answer; false when it might be too late for it. */
  follow(job: Job): boolean {
    // What is run for the first is run in the order and within the time of the first.
    if (job.expiresAt < this.outer.expiresAt || job.priority < this.outer.priority) {
      return false;
    }
    this.followers.push(job);
    return true;
  }

  /** As long as somebody waits, it is run. */
  override get abandoned(): boolean {
    return this.outer.abandoned && this.followers.every(({ abandoned }) => abandoned);
  }

  override succeed(outputs: readonly Tensor[], firstRow: number | undefined, source: PredictionSource): void {
    const own = this.ownRows(outputs, firstRow);
    this.events.answered(own);
    try {
      if (this.outer.abandoned) {
        this.outer.discard();
      } else {
        this.outer.succeed(outputs, firstRow, source);
      }
    } finally {
      for (const follower of this.followers) {
        if (follower.abandoned) {
          follower.discard();
        } else {
          this.shareWith(follower, own);
        }
      }
    }
  }

  override fail(error: RequestError): void {
    this.events.failed();
    this.outer.fail(error);
    for (const follower of this.followers) {
      if (error.status === 400) {
        follower.fail(error);
      } else {
        this.events.repeat(follower);
      }
    }
  }

  override discard(): void {
    this.events.failed();
    this.outer.discard();
    for (const follower of this.followers) {
      follower.discard();
    }
  }

  private shareWith(follower: Job, own: readonly Tensor[]): void {
    try {
      this.events.share(follower, own);
    } catch {
      // Its answer cannot be written: then it fails where that is said, as any other.
      this.events.repeat(follower);
    }
  }

  /** The rows of this job, in memory of their own: those of other requests are not kept with them. */
  private ownRows(outputs: readonly Tensor[], firstRow: number | undefined): readonly Tensor[] {
    if (firstRow === undefined) {
      return outputs;
    }
    return outputs.map((output) => {
      const { datatype, shape, data } = sliceRows(output, firstRow, this.rows ?? 1);
      return { datatype, shape, data: data.slice() };
    });
  }
}
