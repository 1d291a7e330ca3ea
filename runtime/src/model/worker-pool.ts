import { setTimeout as sleep } from 'node:timers/promises';
import { errorMessage, type Logger, type PlacementMeter } from '../telemetry';
import type { Tensor } from './datatype';
import { type Run, type Session, SessionLostError } from './session';
import type { Signature } from './signature';
import type { WorkerSession } from './worker-session';

/** A thread that lived shorter than this did not recover: the next attempt waits longer. */
const STABLE_MILLIS = 10_000;
const FIRST_DELAY_MILLIS = 100;
const MAX_DELAY_MILLIS = 30_000;

/** Options of {@link WorkerPool.start}. */
export interface WorkerPoolOptions {
  /** Number of threads, each with the model in memory. */
  readonly size: number;

  /** Starts a thread. */
  readonly start: (onLost: (reason: string) => void) => Promise<WorkerSession>;

  readonly logger: Logger;

  /** Counts threads that ended unexpectedly. */
  readonly meter: Pick<PlacementMeter, 'deaths'> | undefined;
}

/** Worker threads with the same model. One that ends unexpectedly is replaced; its runs fail. */
export class WorkerPool implements Session {
  readonly workers: number;
  readonly signature: Signature;
  private readonly starting = new Set<Promise<void>>();
  private readonly closed = new AbortController();
  private delayMillis = 0;

  private constructor(
    private readonly options: WorkerPoolOptions,
    private readonly sessions: WorkerSession[],
  ) {
    this.workers = options.size;
    this.signature = sessions[0].signature;
  }

  /** Starts the threads. Throws what {@link WorkerSession.start} throws. */
  static async start(options: WorkerPoolOptions): Promise<WorkerPool> {
    const sessions: WorkerSession[] = [];
    const pool: { current?: WorkerPool } = {};
    const began = performance.now();
    const onLost = (reason: string) => pool.current?.lose(reason, performance.now() - began);
    try {
      for (let index = 0; index < options.size; index += 1) {
        sessions.push(await options.start(onLost));
      }
    } catch (error) {
      await Promise.all(sessions.map((session) => session.close()));
      throw error;
    }
    pool.current = new WorkerPool(options, sessions);
    return pool.current;
  }

  async run(inputs: readonly Tensor[], disposable?: boolean): Promise<Run> {
    let idlest: WorkerSession | undefined;
    for (const session of this.sessions) {
      if (!session.ended && (idlest === undefined || session.pending.size < idlest.pending.size)) {
        idlest = session;
      }
    }
    if (idlest !== undefined) {
      return idlest.run(inputs, disposable);
    }
    if (this.starting.size === 0) {
      throw new SessionLostError('no thread of the model is running', false);
    }
    await Promise.race(this.starting);
    return this.run(inputs, disposable);
  }

  /** Lets runs that are under way finish and ends the threads. */
  async close(): Promise<void> {
    this.closed.abort();
    await Promise.all(this.starting);
    await Promise.all(this.sessions.map((session) => session.close()));
  }

  private lose(reason: string, livedMillis: number): void {
    const { meter, logger } = this.options;
    if (meter !== undefined) {
      meter.deaths.value += 1;
    }
    logger.error(
      { reason },
      'a worker thread of the model ended unexpectedly; its requests failed, it is started again',
    );
    this.delayMillis = livedMillis >= STABLE_MILLIS ? 0 : this.nextDelay();
    this.restart();
  }

  private nextDelay(): number {
    return Math.min(MAX_DELAY_MILLIS, Math.max(FIRST_DELAY_MILLIS, this.delayMillis * 2));
  }

  /** Starts a thread for one that has ended, until one starts. Not at once when they end again and again. */
  private restart(): void {
    const { signal } = this.closed;
    if (this.delayMillis > FIRST_DELAY_MILLIS) {
      // Meanwhile runs fail at once.
      sleep(this.delayMillis, undefined, { signal, ref: false }).then(
        () => this.startAgain(),
        () => undefined, // closed
      );
    } else {
      this.startAgain();
    }
  }

  private startAgain(): void {
    const { logger, start } = this.options;
    const attempt = this.replaceEnded(start).catch((error: unknown) => {
      if (!this.closed.signal.aborted) {
        this.delayMillis = this.nextDelay() * 2;
        logger.error(
          { reason: errorMessage(error), delayMillis: this.delayMillis },
          'the worker thread does not start',
        );
        this.restart();
      }
    });
    this.starting.add(attempt);
    void attempt.then(() => this.starting.delete(attempt));
  }

  private async replaceEnded(start: WorkerPoolOptions['start']): Promise<void> {
    const began = performance.now();
    const session = await start((reason) => this.lose(reason, performance.now() - began));
    if (this.closed.signal.aborted) {
      await session.close();
      return;
    }
    this.sessions[this.sessions.findIndex(({ ended }) => ended)] = session;
  }
}
