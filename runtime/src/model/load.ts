import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MODEL_FILE, type ModelConfig } from '../contract';
import { errorCode, errorMessage, type Logger } from '../telemetry';
import { withFileSource } from './byte-source';
import type { Tensor } from './datatype';
import { ModelError } from './error';
import { verifyFile } from './integrity';
import { type OnnxFile, readOnnx } from './onnx-file';
import { hasIndependentRows, zeroInputs } from './row-independence';
import { openSession, type Session, UnservableError } from './session';
import type { Signature } from './signature';
import { WireError } from './wire';
import { removeZipMaps } from './zip-map';

/** A model that can be run, warm. */
export interface LoadedModel {
  readonly session: Session;

  /** Inputs and outputs; class labels included. */
  readonly signature: Signature;

  /** Whether rows of several requests may share a run. */
  readonly independentRows: boolean;

  /** Inputs that the model has evaluated; undefined when it can evaluate no zeros and no warm-up request is declared. */
  readonly sample?: readonly Tensor[];
}

/** Options of {@link loadModel}. */
export interface LoadOptions {
  readonly logger: Logger;

  /** Number of threads for one run. */
  readonly threads: number;

  /** Turns the declared warm-up request into inputs. Throws when it does not fit the model. */
  readonly warmUpInputs: (request: { readonly [key: string]: unknown }, signature: Signature) => readonly Tensor[];
}

/**
 * Verifies, opens and warms up a model.
 *
 * @throws ModelError when the file is not the promised one, cannot be served, or fails for its warm-up request
 */
export async function loadModel(config: ModelConfig, options: LoadOptions): Promise<LoadedModel> {
  const { path } = await verifyFile(config.path, config.sha256);
  const file = inspect(path);
  const session = await open(path, file, options.threads);
  try {
    const sample = await warmUp(session, config, options);
    return {
      session,
      signature: session.signature,
      sample,
      independentRows: sample !== undefined && (await hasIndependentRows(session, sample)),
    };
  } catch (error) {
    await session.close();
    throw error;
  }
}

function inspect(path: string): OnnxFile {
  let file: OnnxFile | undefined;
  try {
    file = withFileSource(path, readOnnx);
  } catch (error) {
    if (error instanceof WireError) {
      throw new ModelError(`the file is damaged or is not an ONNX model (${error.message}). Export it again.`, path, {
        cause: error,
      });
    }
    throw error;
  }
  if (file === undefined) {
    throw new ModelError('the file holds no ONNX graph. Export the model as ONNX.', path);
  }
  if (file.externalData) {
    throw new ModelError(
      'the model keeps weights in other files (external data), which its SHA-256 does not cover. Save it as one file.',
      path,
    );
  }
  return file;
}

async function open(path: string, file: OnnxFile, threads: number): Promise<Session> {
  try {
    if (file.zipMaps.length === 0) {
      return await openSession(path, threads);
    }
    return withLabels(await openWithoutZipMaps(path, file, threads), file);
  } catch (error) {
    if (error instanceof UnservableError) {
      throw new ModelError(`the model cannot be served: ${error.message}`, path, { cause: error });
    }
    throw error;
  }
}

/** Opens a copy without ZipMap nodes, in a directory of its own that nobody else can write to. */
async function openWithoutZipMaps(path: string, file: OnnxFile, threads: number): Promise<Session> {
  const directory = await mkdtemp(join(tmpdir(), 'model-serving-'));
  try {
    const copy = join(directory, MODEL_FILE);
    removeZipMaps(path, file, copy);
    return await openSession(copy, threads);
  } catch (error) {
    if (errorCode(error) === 'ENOSPC') {
      throw new ModelError(
        `the model has ZipMap nodes, and the copy without them does not fit into ${tmpdir()}. ` +
          "Export it with the option zipmap=False, or give the container's /tmp more room.",
        path,
        { cause: error },
      );
    }
    throw error;
  } finally {
    await rm(directory, { recursive: true });
  }
}

function withLabels(session: Session, { zipMaps }: OnnxFile): Session {
  const labels = new Map(zipMaps.map((zipMap) => [zipMap.output, zipMap.labels]));
  const outputs = session.signature.outputs.map((output) => ({ ...output, classLabels: labels.get(output.name) }));
  return {
    signature: { inputs: session.signature.inputs, outputs },
    run: (inputs) => session.run(inputs),
    close: () => session.close(),
  };
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
