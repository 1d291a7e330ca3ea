import { errorMessage, type Logger, type PlacementMeter } from '../telemetry';
import type { Tensor } from './datatype';
import type { Run, Session } from './session';
import type { Signature } from './signature';

/** Where the runs of a model go on. */
export type Placement = 'inline' | 'worker';

/** Weight of one run in the average time of runs. */
const WEIGHT = 0.05;

/** A single run counts for no more than so many times the limit: a pause of the machine is not the model's cost. */
const MOST_OF_LIMIT = 4;

/** Options of {@link PlacedSession}. */
export interface PlacedSessionOptions {
  /** Opens the model in worker threads. */
  readonly openInWorkers: () => Promise<Session>;

  /** Runs that take longer than this on average leave the event loop, in seconds. */
  readonly inlineSeconds: number;

  readonly logger: Logger;
  readonly meter: Pick<PlacementMeter, 'placement'> | undefined;
}

/**
 * A model that runs in the event loop as long as that is cheap.
 *
 * A short run is cheapest there; a long one would hold up health checks and other models. What a model costs is measured
 * when it is loaded, and watched, because the requests may be larger than the sample: it moves to worker threads when its
 * runs take too long, while it goes on serving. It does not move back.
 */
export class PlacedSession implements Session {
  private average = 0;
  private running = 0;
  private moving: Promise<void> | undefined;
  private left: Session | undefined;

  constructor(
    private session: Session,
    private readonly options: PlacedSessionOptions,
  ) {
    this.report();
  }

  get signature(): Signature {
    return this.session.signature;
  }

  get workers(): number {
    return this.session.workers;
  }

  get placement(): Placement {
    return this.workers === 0 ? 'inline' : 'worker';
  }

  async run(inputs: readonly Tensor[], disposable?: boolean): Promise<Run> {
    if (this.workers > 0) {
      return this.session.run(inputs, disposable);
    }
    this.running += 1;
    try {
      const run = await this.session.run(inputs, disposable);
      this.watch(run.seconds);
      return run;
    } finally {
      this.running -= 1;
      this.closeLeft();
    }
  }

  /** Moves the model to worker threads. Until it is open there, runs go on where they are. */
  moveToWorkers(): Promise<void> {
    this.moving ??= this.move();
    return this.moving;
  }

  async close(): Promise<void> {
    await this.moving?.catch(() => undefined); // said where it was started
    await this.session.close();
    await this.left?.close();
  }

  private async move(): Promise<void> {
    const workers = await this.options.openInWorkers();
    this.left = this.session;
    this.session = workers;
    this.report();
    this.closeLeft();
  }

  /** Frees the session in the event loop, once no run is under way in it. */
  private closeLeft(): void {
    if (this.running === 0 && this.left !== undefined) {
      const { left } = this;
      this.left = undefined;
      left.close().catch((error: unknown) => {
        this.options.logger.error({ reason: errorMessage(error) }, 'a session could not be closed');
      });
    }
  }

  private watch(seconds: number): void {
    const { inlineSeconds, logger } = this.options;
    this.average += WEIGHT * (Math.min(seconds, MOST_OF_LIMIT * inlineSeconds) - this.average);
    if (this.average > inlineSeconds && this.moving === undefined) {
      logger.info(
        { averageSeconds: this.average },
        'runs take longer than measured; the model moves to a worker thread',
      );
      this.moveToWorkers().catch((error: unknown) => {
        logger.error(
          { reason: errorMessage(error) },
          'the model stays in the event loop: no worker thread could open it',
        );
      });
    }
  }

  private report(): void {
    const { meter } = this.options;
    if (meter !== undefined) {
      meter.placement.inline.value = this.placement === 'inline' ? 1 : 0;
      meter.placement.worker.value = this.placement === 'worker' ? 1 : 0;
    }
  }
}
