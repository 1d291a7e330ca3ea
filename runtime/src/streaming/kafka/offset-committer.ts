import { setTimeout as wait } from 'node:timers/promises';
import { exponentialDelay } from '../../scheduling';
import type { Assignment, PartitionOffset } from './assignment';

const FIRST_PAUSE = 50;
const MOST_PAUSE = 2000;

/** What commits offsets, and tells later how that ended. */
export interface OffsetClient {
  commit(offsets: readonly PartitionOffset[]): unknown;
}

/**
 * Commits what is done, one request at a time: what is done meanwhile goes with the next one. Offsets only ever grow, so a
 * commit that may have failed is made again.
 */
export class OffsetCommitter {
  private running: Promise<void> = Promise.resolve();
  private following: Promise<void> | undefined;
  private answered: ((error: unknown) => void) | undefined;
  private stopped = false;

  constructor(
    private readonly client: OffsetClient,
    private readonly assignment: Assignment,
    private readonly onRetry: (error: unknown) => void,
  ) {}

  /** Whether an answer is waited for: it comes only while the client is polled. */
  get waiting(): boolean {
    return this.answered !== undefined;
  }

  /** Resolves when all that is done by now is committed, or belongs to others. */
  commit(): Promise<void> {
    if (this.following === undefined) {
      this.following = this.running.then(() => {
        this.running = this.following ?? Promise.resolve();
        this.following = undefined;
        return this.commitAll();
      });
    }
    return this.following;
  }

  /** The client tells how a commit ended. */
  readonly onAnswer = (error: unknown): void => {
    this.answered?.(error);
  };

  /** Tries no more. */
  stop(): void {
    this.stopped = true;
  }

  private async commitAll(): Promise<void> {
    for (let attempt = 0; !this.stopped; attempt += 1) {
      const offsets = this.assignment.toCommit();
      if (offsets.length === 0) {
        return;
      }
      try {
        await this.commitOnce(offsets);
        this.assignment.committed(offsets);
        return;
      } catch (error) {
        this.onRetry(error);
        await wait(exponentialDelay(attempt, FIRST_PAUSE, MOST_PAUSE));
      }
    }
  }

  private commitOnce(offsets: readonly PartitionOffset[]): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      this.answered = (error) => {
        this.answered = undefined;
        if (error) {
          reject(error);
        } else {
          resolve();
        }
      };
      try {
        this.client.commit(offsets);
      } catch (error) {
        this.answered(error);
      }
    });
  }
}
