import type { Logger } from '../telemetry';
import type { ServedModel } from './served-model';

/** A version that another one follows is freed after this time: by then it has what was on its way to it. */
const FREE_AFTER_MILLIS = 5000;

/** Longest time for what the stages of a model still have to write. */
export const WRITE_MILLIS = 5000;

/** Models that others answer for from now on. They answer what is on its way to them, then they are freed. */
export class LeavingModels {
  private readonly timers = new Map<ServedModel, NodeJS.Timeout>();

  /** @param inTurn frees a model when nothing else is loaded or freed */
  constructor(
    private readonly logger: Logger,
    private readonly inTurn: (change: () => Promise<void>) => Promise<void>,
  ) {}

  /** Those that are not freed yet. */
  get all(): ServedModel[] {
    return [...this.timers.keys()];
  }

  /**
   * Frees a model after a while.
   *
   * @param onFreed called after that
   */
  add(model: ServedModel, onFreed: () => void = () => undefined): void {
    const timer = setTimeout(() => {
      this.timers.delete(model);
      this.inTurn(() => model.free(WRITE_MILLIS).finally(onFreed)).catch((error: unknown) =>
        this.logger.error({ error }, 'a model could not be freed'),
      );
    }, FREE_AFTER_MILLIS);
    this.timers.set(model, timer.unref());
  }

  /** Frees none any more: whoever asks for all of them does it. */
  clear(): void {
    for (const timer of this.timers.values()) {
      clearTimeout(timer);
    }
    this.timers.clear();
  }
}
