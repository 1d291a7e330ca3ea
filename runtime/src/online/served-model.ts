import type { ModelConfig } from '../contract';
import { engineThreads, engineWorkers, type LoadedModel, loadModel, type ModelVersion } from '../model';
import { GrpcCodec, V1Codec, V2Codec } from '../protocol';
import { Batcher, type Inference, ResponseCache } from '../scheduling';
import type { Logger, ModelMeters } from '../telemetry';
import type { GrpcEndpoint } from './grpc';
import { type PredictContext, PredictEndpoint } from './http/exchange';
import type { InferenceChain, InferenceChains } from './inference-chain';
import type { ServingLimits } from './limits';
import { warmUpInputs } from './warm-up';

/** A model version that answers, with all that stands around it. */
export interface ServedModel {
  readonly version: ModelVersion;
  readonly v1: PredictEndpoint;
  readonly v2: PredictEndpoint;
  readonly grpc: GrpcEndpoint;
  readonly model: LoadedModel;
  readonly batcher: Batcher;
  readonly chain: InferenceChain;
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
export async function serveModel(options: ServeModelOptions): Promise<ServedModel> {
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
  const shared = { context, inference, timeLimitMillis, refusal };
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
    version: options.version,
    model,
    batcher,
    chain,
    v1: new PredictEndpoint({
      ...shared,
      codec: new V1Codec(signature, config.name, limits.wire),
      meter: meters.requests.v1,
    }),
    v2: new PredictEndpoint({
      ...shared,
      codec: new V2Codec(signature, config.name, config.version, limits.wire),
      meter: meters.requests.v2,
    }),
    grpc: {
      codec: new GrpcCodec(signature, config.name, config.version, limits.wire),
      inference,
      meter: meters.requests.grpc,
      timeLimitMillis,
      refusal,
    },
  };
}

function withCache(next: Inference, { config: { cache }, meters }: ServeModelOptions): Inference {
  const { cache: meter, runs } = meters;
  return cache === undefined ? next : new ResponseCache({ config: cache, meter, predictions: runs.predictions, next });
}
