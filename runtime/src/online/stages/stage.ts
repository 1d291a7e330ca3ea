import type { ModelConfig } from '../../contract';
import type { LoadedModel, Signature } from '../../model';
import type { Inference } from '../../scheduling';
import type { Logger, StageMetrics } from '../../telemetry';

/** A stage around the batcher of a model, with what it holds. */
export interface Stage {
  readonly inference: Inference;

  /**
   * Frees what it holds, and writes what it still has to write.
   *
   * @param withinMillis longest time for it
   */
  readonly close: (withinMillis: number) => Promise<void> | void;
}

/** What a stage is made of. */
export interface StageContext {
  readonly config: ModelConfig;
  readonly model: LoadedModel;

  /** What clients send and get, as far as the stages inside this one decide it. */
  readonly signature: Signature;

  /** What the stage stands around. */
  readonly next: Inference;

  readonly metrics: StageMetrics;

  /** Logs with the name and version of the model. */
  readonly logger: Logger;
}
