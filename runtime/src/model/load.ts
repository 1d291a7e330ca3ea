import type { ModelConfig } from '../contract';
import { errorMessage, type Logger, type PlacementMeter } from '../telemetry';
import type { Tensor } from './datatype';
import { ModelError } from './error';
import { verifyFile } from './integrity';
import type { OnnxFile } from './onnx-file';
import { inspectModel, openModel } from './open-model';
import { PlacedSession } from './placed-session';
import { hasIndependentRows, zeroInputs } from './row-independence';
import { measureRunCost, type RunCost } from './run-cost';
import { openSession, type Session } from './session';
import type { Signature } from './signature';
import { WorkerPool } from './worker-pool';
import { WorkerSession } from './worker-session';

/** A full batch that takes longer than this leaves the event loop, in seconds. */
const INLINE_SECONDS = 0.001;

/** Opening a larger file would hold up the event loop for a tenth of a second or more: it is opened in its thread. */
const INLINE_FILE_BYTES = 16 * 1024 * 1024;

/** A model that can be run, warm. */
export interface LoadedModel {
  readonly session: Session;

  /** Inputs and outputs; class labels included. */
  readonly signature: Signature;

  /** Whether rows of several requests may share a run. */
  readonly independentRows: boolean;

  /** Inputs that the model has evaluated; undefined when it can evaluate no zeros and no warm-up request is declared. */
  readonly sample?: readonly Tensor[];

  /** What its runs cost; undefined when there is no sample to measure with. */
  readonly cost?: RunCost;
}

/** Options of {@link loadModel}. */
export interface LoadOptions {
  readonly logger: Logger;

  /** Number of threads for one run. */
  readonly threads: number;

  /**
   * Number of worker threads, when the model needs them and its requests cannot share runs.
   *
   * @default 1
   */
  readonly workers?: number;

  /**
   * A full batch that takes longer leaves the event loop, in seconds. 0 = every model; infinity = none.
   *
   * @default 0.001
   */
  readonly inlineSeconds?: number;

  /** Counts where the model runs, and worker threads that end unexpectedly. */
  readonly meter?: PlacementMeter;

  /** Turns the declared warm-up request into inputs. Throws when it does not fit the model. */
  readonly warmUpInputs: (request: { readonly [key: string]: unknown }, signature: Signature) => readonly Tensor[];
}

/**
 * Verifies, opens, places and warms up a model.
 *
 * @throws ModelError when the file is not the promised one, cannot be served, or fails for its warm-up request
 */
export async function loadModel(config: ModelConfig, options: LoadOptions): Promise<LoadedModel> {
  const { inlineSeconds = INLINE_SECONDS, threads, logger, meter } = options;
  const { path, bytes } = await verifyFile(config.path, config.sha256);
  const file = inspectModel(path);
  let size = 1;
  const openInWorkers = async (): Promise<Session> => {
    const session = await startPool(config, file, { ...options, workers: size, threads: size > 1 ? 1 : threads });
    // A thread's first run is slow, as every first run.
    await Promise.all(sample === undefined ? [] : Array.from({ length: size }, () => session.run(sample ?? [])));
    return session;
  };
  let sample: readonly Tensor[] | undefined;
  const isLarge = bytes > INLINE_FILE_BYTES && inlineSeconds !== Number.POSITIVE_INFINITY;
  const opened = isLarge
    ? await openInWorkers()
    : await openModel(path, file, (servable) => openSession(servable, threads));
  const session = new PlacedSession(opened, { openInWorkers, inlineSeconds, logger, meter });
  try {
    sample = await warmUp(session, config, options);
    const independentRows = sample !== undefined && (await hasIndependentRows(session, sample));
    const { maxBatchSize } = config.batching ?? {};
    const cost = sample && (await measureRunCost(session, sample, independentRows, maxBatchSize));
    size = independentRows ? 1 : (options.workers ?? 1);
    if (session.placement === 'inline' && fullBatchSeconds(cost, maxBatchSize) > inlineSeconds) {
      await session.moveToWorkers();
    }
    return { session, signature: labelled(session.signature, file), independentRows, sample, cost };
  } catch (error) {
    await session.close();
    throw error;
  }
}

/** Opens the model in threads; each checks the file again, because it may be started again much later. */
function startPool(config: ModelConfig, file: OnnxFile, options: LoadOptions): Promise<WorkerPool> {
  const { threads, workers = 1, logger, meter } = options;
  return WorkerPool.start({
    size: workers,
    logger,
    meter,
    start: async (onLost) => {
      const { path } = await verifyFile(config.path, config.sha256);
      return openModel(path, file, (servable) => WorkerSession.start({ file: servable, threads, onLost }));
    },
  });
}

/** Seconds of the largest shared run; 0 when it is not known. */
function fullBatchSeconds(cost: RunCost | undefined, maxBatchSize: number | undefined): number {
  const rows = Math.min(maxBatchSize ?? Number.POSITIVE_INFINITY, cost?.worthwhileRows ?? 0);
  return cost?.points.findLast((point) => point.rows <= rows)?.seconds ?? cost?.points[0].seconds ?? 0;
}

function labelled({ inputs, outputs }: Signature, { zipMaps }: OnnxFile): Signature {
  const labels = new Map(zipMaps.map((zipMap) => [zipMap.output, zipMap.labels]));
  return { inputs, outputs: outputs.map((output) => ({ ...output, classLabels: labels.get(output.name) })) };
}

async function warmUp(
  session: Session,
  { name, version, path, warmUp: { runs, request } }: ModelConfig,
  { logger, warmUpInputs }: LoadOptions,
): Promise<readonly Tensor[] | undefined> {
  let inputs: readonly Tensor[] = zeroInputs(session.signature);
  try {
    inputs = request === undefined ? inputs : warmUpInputs(request, session.signature);
    // One run at least, to have an example of inputs that work.
    for (let run = 0; run < Math.max(1, runs); run += 1) {
      await session.run(inputs);
    }
    return inputs;
  } catch (error) {
    if (request !== undefined) {
      throw new ModelError(
        `the warm-up request fails: ${errorMessage(error).replace(/\.$/, '')}. Declare a request that the model can answer.`,
        path,
        { cause: error },
      );
    }
    logger.warn(
      { model: name, version, reason: errorMessage(error) },
      'the model cannot be warmed up with zeros; declare a warm-up request',
    );
    return undefined;
  }
}
