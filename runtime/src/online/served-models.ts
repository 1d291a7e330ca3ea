import { setImmediate as turn } from 'node:timers/promises';
import type { UnusableModel } from '../config';
import type { ModelConfig, ServingConfig } from '../contract';
import { engineThreads, loadModel, ModelError, ModelRegistry, type ModelVersion } from '../model';
import { V1Codec, V2Codec } from '../protocol';
import { Batcher } from '../scheduling';
import { errorMessage, type Logger, type ModelMeters, type RequestMeter } from '../telemetry';
import { type PredictContext, PredictEndpoint } from './http/exchange';
import { chainInference, type InferenceChain } from './inference-chain';
import type { ServingLimits } from './limits';
import { warmUpInputs } from './warm-up';

/** A model version that answers. */
export interface ServedModel {
  readonly version: ModelVersion;
  readonly v1: PredictEndpoint;
  readonly v2: PredictEndpoint;
  readonly batcher: Batcher;
  readonly chain: InferenceChain;
}

/** A model of the configuration, and what is measured of it. */
interface DeclaredModel {
  readonly config: ModelConfig;
  readonly meters: ModelMeters;
}

/** Options of {@link ServedModels}. */
export interface ServedModelsOptions {
  readonly config: ServingConfig;
  readonly unusable: readonly UnusableModel[];
  readonly limits: ServingLimits;
  readonly context: PredictContext;
}

/** Loads the models of a configuration and keeps what answers for them. */
export class ServedModels {
  readonly registry = new ModelRegistry();
  private readonly served = new Map<ModelVersion, ServedModel>();
  private readonly declared = new Map<ModelVersion, DeclaredModel>();
  private readonly logger: Logger;
  private stopped = false;

  constructor(private readonly options: ServedModelsOptions) {
    this.logger = options.context.logger;
    for (const model of options.config.models) {
      const meters = options.context.metrics.forModel(model);
      this.declared.set(this.registry.add(model.name, model.version), { config: model, meters });
    }
    for (const { name, version, reason } of options.unusable) {
      this.registry.add(name, version).setUnavailable(reason);
    }
  }

  /** What answers for a model, when it is ready. */
  get(version: ModelVersion): ServedModel | undefined {
    return this.served.get(version);
  }

  /** Counts the requests of a model, ready or not; undefined when it is not part of the configuration. */
  requestMeter(version: ModelVersion, protocol: 'v1' | 'v2'): RequestMeter | undefined {
    return this.declared.get(version)?.meters.requests[protocol];
  }

  /**
   * Loads all models, one after the other.
   *
   * @param onFailure `exit`: the first failure ends the loading; `report`: the model is listed with its reason
   * @param onLoaded called after each model
   * @throws ModelError with `exit`
   */
  async load(onFailure: 'exit' | 'report', onLoaded: () => void): Promise<void> {
    for (const [version, declared] of this.declared) {
      if (this.stopped) {
        return;
      }
      try {
        await this.loadOne(declared, version);
      } catch (error) {
        version.setUnavailable(error instanceof ModelError ? error.reason : 'the model cannot be loaded');
        if (onFailure === 'exit') {
          throw error;
        }
        this.logger.error(
          { model: version.name, version: version.version, reason: errorMessage(error) },
          'model not loaded',
        );
      }
      onLoaded();
      // Opening a model blocks the event loop; health checks get their turn between two of them.
      await turn();
    }
  }

  /** Resolves when no request waits for any model. */
  async idle(): Promise<void> {
    await Promise.all([...this.served.values()].map(({ batcher }) => batcher.idle()));
  }

  /** Loads no further models. */
  stopLoading(): void {
    this.stopped = true;
  }

  /** Frees the models. No request may be waiting. */
  async close(): Promise<void> {
    await Promise.all([...this.served.values()].map(({ chain }) => chain.close()));
    await Promise.all([...this.served.keys()].map(({ model }) => model?.session.close()));
    this.served.clear();
  }

  private async loadOne({ config, meters }: DeclaredModel, version: ModelVersion): Promise<void> {
    const { context, limits } = this.options;
    const started = performance.now();
    const logger = this.logger.child({ model: config.name, version: config.version });
    const threads = engineThreads();
    const model = await loadModel(config, { logger, threads, warmUpInputs });
    const batcher = new Batcher(model, meters.runs, logger, limits.batcher);
    const timeLimitMillis = config.latencyBudgetMillis ?? this.options.config.server.requestTimeoutMillis;
    const chain = chainInference(model, batcher);
    const { signature, inference } = chain;
    const shared = { context, inference, timeLimitMillis };
    this.served.set(version, {
      version,
      batcher,
      chain,
      v1: new PredictEndpoint({ ...shared, codec: new V1Codec(signature), meter: meters.requests.v1 }),
      v2: new PredictEndpoint({
        ...shared,
        codec: new V2Codec(signature, config.name, config.version),
        meter: meters.requests.v2,
      }),
    });
    const seconds = (performance.now() - started) / 1000;
    meters.setLoadSeconds(seconds);
    meters.setReady(true);
    version.setReady(model);
    const { independentRows } = model;
    logger.info({ seconds, threads, sharedRuns: independentRows, inputs: signature.inputs.length }, 'model ready');
  }
}
