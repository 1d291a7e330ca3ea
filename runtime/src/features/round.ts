import type { Tensor } from '../model';
import type { Questions } from '../redis';
import type { Job } from '../scheduling';
import type { EntityReply } from './complete-inputs';

/** A request in a round. */
export interface RoundEntry {
  readonly job: Job;

  /** Position of the key of each row among the keys of the round. */
  readonly positions: readonly number[];

  /** Ends the wait of a request that has less time than the round. */
  timer?: NodeJS.Timeout;
  finished: boolean;
}

/** The requests that are looked up in one round trip. */
export class Round implements Questions<readonly (Buffer | null)[]> {
  readonly started = performance.now();
  readonly entries: RoundEntry[] = [];

  /** One for each key, which is read once. */
  readonly commands: string[][] = [];

  /** The reply of each key; undefined = none yet. */
  readonly replies: (EntityReply | undefined)[] = [];

  readonly asBytes = true;
  over = false;

  private readonly positions = new Map<string, number>();

  /** @param fields what is read of each hash */
  constructor(private readonly fields: readonly string[]) {}

  /**
   * Adds a request.
   *
   * @param entities one a row
   * @param keyOf key of an entity in the store
   */
  add(job: Job, { data }: Tensor, keyOf: (entity: string) => string): void {
    const positions = Array.from<string | number | bigint, number>(data, (entity) =>
      this.position(keyOf(String(entity))),
    );
    this.entries.push({ job, positions, finished: false });
  }

  private position(key: string): number {
    const known = this.positions.get(key);
    if (known !== undefined) {
      return known;
    }
    const position = this.commands.push(['HMGET', key, ...this.fields]) - 1;
    this.replies.push(undefined);
    this.positions.set(key, position);
    return position;
  }
}
