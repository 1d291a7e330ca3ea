import type { StreamConfig } from '../../contract';
import { engineThreads, engineWorkers, loadModel, type Signature } from '../../model';
import { InferenceChains, warmUpInputs } from '../../online';
import { Batcher, type Inference } from '../../scheduling';
import { type Logger, type ServingMetrics, StageMetrics } from '../../telemetry';
import { StreamError } from '../event';

/** Longest time for what the stages around a model still have to write at the end. */
const CLOSE_MILLIS = 5000;

/** The model of a consumer, with its features and fallback. */
export interface OpenModel {
  /** What events have to give, and what predictions are. */
  readonly signature: Signature;
  readonly inference: Inference;

  /** Whether rows may share a run. */
  readonly independentRows: boolean;
  close(): Promise<void>;
}

/**
 * Verifies, loads and warms up the model, and what answers for it.
 *
 * @throws ModelError when a file is not the promised one, or cannot be served
 */
export async function openModels(
  { models }: StreamConfig,
  metrics: ServingMetrics,
  logger: Logger,
): Promise<OpenModel> {
  const chains = new InferenceChains(new StageMetrics(metrics.registry), undefined);
  const opened: OpenModel[] = [];
  for (const config of models) {
    const { name, version } = config;
    const own = logger.child({ model: name, version });
    const meters = metrics.forModel(config);
    const model = await loadModel(config, {
      logger: own,
      threads: engineThreads(),
      workers: engineWorkers(),
      meter: meters.placement,
      warmUpInputs,
    });
    const batcher = new Batcher(model, meters.runs, own);
    const chain = await chains.build({ config, model, inner: batcher, logger: own });
    meters.setReady(true);
    opened.push({
      signature: chain.signature,
      inference: chain.inference,
      independentRows: model.independentRows,
      close: async () => {
        await batcher.close();
        await chain.close(CLOSE_MILLIS);
        await model.session.close();
      },
    });
    own.info({ independentRows: model.independentRows, workers: model.session.workers }, 'model ready');
  }
  const [first] = opened;
  if (first === undefined) {
    throw StreamError.declaration('The configuration has no model. Declare one.');
  }
  return {
    ...first,
    close: async () => {
      for (const model of opened) {
        await model.close();
      }
    },
  };
}
