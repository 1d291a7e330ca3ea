import type { ModelConfig, ModelReference } from '../contract';
import { type LoadedModel, ModelError, type Signature } from '../model';
import type { Inference } from '../scheduling';
import type { Logger, StageMetrics } from '../telemetry';
import type { Tracing } from '../tracing';
import type { Stage, StageContext } from './stages/stage';

/** What answers the requests for one model version, from the outside in. */
export interface InferenceChain {
  /** What clients send and get: the model's own, but for inputs that are looked up. */
  readonly signature: Signature;

  /** Takes the requests. */
  readonly inference: Inference;

  /**
   * Frees what the stages hold, and writes what they still have to write. No request may be waiting.
   *
   * @param withinMillis longest time for it
   */
  close(withinMillis: number): Promise<void>;
}

/** A model whose stages are built. */
export interface ChainedModel {
  readonly config: ModelConfig;
  readonly model: LoadedModel;

  /** What runs the model: its batcher, with its response cache when it has one. */
  readonly inner: Inference;

  /** Logs with the name and version of the model. */
  readonly logger: Logger;
}

/** A chain without what stands around it for its own clients alone. */
interface BuiltChain {
  readonly config: ModelConfig;
  readonly signature: Signature;
  readonly inference: Inference;
}

/**
 * Puts the declared stages around the models of a process, so that a request meets them in this order: trace, prediction
 * log, fallback, features, response cache, batcher. What is not declared is not there, and its program is not even loaded.
 */
export class InferenceChains {
  private readonly built = new Map<string, BuiltChain>();
  private readonly logFiles = new Map<string, string>();

  /** @param tracing makes the spans of requests; undefined = there are none */
  constructor(
    private readonly metrics: StageMetrics,
    private readonly tracing: Tracing | undefined,
  ) {}

  /**
   * Builds the stages of a model. One that is built already for the same name and version is replaced.
   *
   * @throws ModelError when a stage does not fit the model
   */
  async build({ config, model, inner, logger }: ChainedModel): Promise<InferenceChain> {
    const stages: Stage[] = [];
    let { signature } = model;
    let inference = inner;
    const context = (): StageContext => ({ config, model, signature, next: inference, metrics: this.metrics, logger });
    const add = (stage: Stage) => {
      stages.unshift(stage);
      inference = stage.inference;
    };
    try {
      if (config.features !== undefined) {
        const { featureStage } = require('./stages/feature-stage') as typeof import('./stages/feature-stage');
        const stage = await featureStage(context(), config.features);
        add(stage);
        signature = stage.signature;
      }
      const own: BuiltChain = { config, signature, inference };
      if (config.fallback !== undefined) {
        const { fallbackStage } = require('./stages/fallback-stage') as typeof import('./stages/fallback-stage');
        add(fallbackStage(context(), config.fallback, this.find));
      }
      if (config.predictionLog !== undefined) {
        const { predictionLogStage } =
          require('./stages/prediction-log-stage') as typeof import('./stages/prediction-log-stage');
        this.claimLogFile(config);
        add(predictionLogStage(context(), config.predictionLog));
      }
      if (this.tracing !== undefined) {
        add({ inference: this.tracing.around(inference, config), close: () => undefined });
      }
      this.checkFallbacksTo(own);
      this.built.set(keyOf(config), own);
      return {
        signature,
        inference,
        close: async (withinMillis) => {
          if (this.built.get(keyOf(config)) === own) {
            this.built.delete(keyOf(config));
          }
          await closeAll(stages, withinMillis);
        },
      };
    } catch (error) {
      await closeAll(stages, 0);
      throw error;
    }
  }

  private readonly find = (model: ModelReference): BuiltChain | undefined => this.built.get(keyOf(model));

  /** Models that were built before the one that answers for them are checked when that one is there. */
  private checkFallbacksTo(target: BuiltChain): void {
    for (const { config, signature } of this.built.values()) {
      if (config.fallback?.model !== undefined && keyOf(config.fallback.model) === keyOf(target.config)) {
        const { checkFallbackTarget } = require('./stages/fallback-stage') as typeof import('./stages/fallback-stage');
        checkFallbackTarget(target.config.path, signature, target.signature);
      }
    }
  }

  /** Two logs in one file would set it aside under each other. */
  private claimLogFile(config: ModelConfig): void {
    const file = config.predictionLog?.sink.path;
    if (file === undefined) {
      return;
    }
    const owner = this.logFiles.get(file) ?? keyOf(config);
    if (owner !== keyOf(config)) {
      throw new ModelError(`predictionLog: ${file} is the log of another model; name a file of its own.`, config.path);
    }
    this.logFiles.set(file, owner);
  }
}

function keyOf({ name, version }: ModelReference): string {
  return JSON.stringify([name, version]);
}

async function closeAll(stages: readonly Stage[], withinMillis: number): Promise<void> {
  await Promise.all(stages.map(({ close }) => close(withinMillis)));
}
