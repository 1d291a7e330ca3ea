import type { ModelConfig } from '../contract';
import { engineThreads, engineWorkers, type LoadedModel, loadModel, type ModelVersion, type Signature } from '../model';
import { Batcher, type Inference, ResponseCache } from '../scheduling';
import type { Logger, ModelMeters } from '../telemetry';
import { type Endpoints, endpointsOf } from './endpoints';
import type { PredictContext } from './http/exchange';
import type { InferenceChains } from './inference-chain';
import type { ServingLimits } from './limits';
import { warmUpInputs } from './warm-up';

/** What the metadata of a model says of its format. */
const PLATFORM = 'onnx_onnxv1';

/** A model version that answers, with all that stands around it. */
export interface ServedModel extends Endpoints {
  readonly version: ModelVersion;

  /** What clients send and get. */
  readonly signature: Signature;

  /** What makes the predictions, as the metadata of a model names it. */
  readonly platform: string;

  /** What else the metadata of the model says. Absent = nothing. */
  readonly properties?: () => Readonly<Record<string, string>>;

  /** Resolves when no request waits for it. */
  idle(): Promise<void>;

  /**
   * Answers what it has taken, then frees it.
   *
   * @param withinMillis longest time for writing what its stages still have to write
   */
  free(withinMillis: number): Promise<void>;
}

/** What is needed to serve a model version. */
export interface ServeModelOptions {
  readonly version: ModelVersion;
  readonly config: ModelConfig;
  readonly meters: ModelMeters;
  readonly limits: ServingLimits;
  readonly context: PredictContext;
  readonly chains: InferenceChains;
  readonly logger: Logger;

  /** Longest time for a request, when the model has no latency budget, in milliseconds. */
  readonly requestTimeoutMillis: number;
}

/**
 * Loads a model and builds what answers for it. It answers as soon as requests are led to it.
 *
 * @throws ModelError when it cannot be served
 */
export async function serveModel(options: ServeModelOptions): Promise<ServedModel & { readonly model: LoadedModel }> {
  const { config, meters, limits, context, chains, logger } = options;
  const started = performance.now();
  const threads = engineThreads();
  const workers = engineWorkers();
  const meter = meters.placement;
  const model = await loadModel(config, { logger, threads, workers, meter, warmUpInputs });
  const batcher = new Batcher(model, meters.runs, logger, limits.batcher, config.batching);
  const inner = withCache(batcher, options);
  const chain = await chains.build({ config, model, inner, logger }).catch(async (error: unknown) => {
    await model.session.close();
    throw error;
  });
  const { signature, inference } = chain;
  const timeLimitMillis = config.latencyBudgetMillis ?? options.requestTimeoutMillis;
  // Another stage may have an answer where the model has none.
  const refusal = inference === batcher ? (expiresAt: number) => batcher.admission.refusal(expiresAt) : undefined;
  const seconds = (performance.now() - started) / 1000;
  meters.setLoadSeconds(seconds);
  const { independentRows, cost, session } = model;
  const batchRows = independentRows ? (config.batching?.maxBatchSize ?? cost?.worthwhileRows) : 1;
  const placement = session.workers > 0 ? 'worker' : 'inline';
  logger.info(
    { seconds, threads, sharedRuns: independentRows, batchRows, placement, inputs: signature.inputs.length },
    'model ready',
  );
  return {
    ...endpointsOf({ model: config, signature, inference, meters, limits, context, timeLimitMillis, refusal }),
    version: options.version,
    model,
    signature,
    platform: PLATFORM,
    idle: () => batcher.idle(),
    free: async (withinMillis) => {
      await batcher.close();
      await chain.close(withinMillis);
      await session.close();
    },
  };
}

function withCache(next: Inference, { config: { cache }, meters }: ServeModelOptions): Inference {
  const { cache: meter, runs } = meters;
  return cache === undefined ? next : new ResponseCache({ config: cache, meter, predictions: runs.predictions, next });
}
