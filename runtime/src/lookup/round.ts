import { bucketOf, type RunRecord, type TableKeys } from '../prediction-table';
import type { Questions, RedisReply } from '../redis';
import type { Job } from '../scheduling';

/** A request in a round. */
export interface RoundEntry {
  readonly job: Job;

  /** Position of the key of each row among the keys of the round. */
  readonly positions: readonly number[];

  /** Ends the wait of a request that has less time than the round. */
  timer?: NodeJS.Timeout;
  finished: boolean;
}

/** What a run has of some keys: the text of a row, null = none. */
export class RunQuestions implements Questions<string | null> {
  readonly commands: readonly (readonly string[])[];
  readonly replies: (RedisReply<string | null> | undefined)[];
  over = false;

  constructor(keys: TableKeys, { run, buckets }: RunRecord, entities: readonly string[]) {
    this.commands = entities.map((entity) => ['HGET', keys.bucket(run, bucketOf(entity, buckets)), entity]);
    this.replies = new Array(entities.length).fill(undefined);
  }
}

/** Requests that are looked up in one round trip, in one run. */
export class Round {
  readonly started = performance.now();
  readonly entries: RoundEntry[] = [];

  /** Keys to look up, each once. */
  readonly keys: string[] = [];
  private readonly positions = new Map<string, number>();

  /** Adds a request, whose only input has the keys. */
  add(job: Job): void {
    const keys = job.inputs[0].data as string[];
    this.entries.push({ job, positions: keys.map((key) => this.position(key)), finished: false });
  }

  private position(key: string): number {
    const known = this.positions.get(key);
    if (known !== undefined) {
      return known;
    }
    const position = this.keys.push(key) - 1;
    this.positions.set(key, position);
    return position;
  }
}
