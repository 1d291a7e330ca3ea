import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MODEL_FILE } from '../contract';
import { errorCode } from '../telemetry';
import { withFileSource } from './byte-source';
import { ModelError } from './error';
import { type OnnxFile, readOnnx } from './onnx-file';
import { type Session, UnservableError } from './session';
import { WireError } from './wire';
import { removeZipMaps } from './zip-map';

/**
 * Reads what the engine does not tell of a model, or cannot cope with.
 *
 * @throws ModelError when the file is not a model, or needs other files
 */
export function inspectModel(path: string): OnnxFile {
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

/**
 * Opens a model in a form that the engine can exchange.
 *
 * @param path the model
 * @param file what {@link inspectModel} found in it
 * @param open opens a file; it is not needed any more afterwards
 * @throws ModelError when the model cannot be served
 */
export async function openModel<Opened extends Session>(
  path: string,
  file: OnnxFile,
  open: (path: string) => Promise<Opened>,
): Promise<Opened> {
  try {
    return file.zipMaps.length === 0 ? await open(path) : await openWithoutZipMaps(path, file, open);
  } catch (error) {
    if (error instanceof UnservableError) {
      throw new ModelError(`the model cannot be served: ${error.message}`, path, { cause: error });
    }
    throw error;
  }
}

/** Opens a copy without ZipMap nodes, in a directory of its own that nobody else can write to. */
async function openWithoutZipMaps<Opened>(
  path: string,
  file: OnnxFile,
  open: (path: string) => Promise<Opened>,
): Promise<Opened> {
  const directory = await mkdtemp(join(tmpdir(), 'model-serving-'));
  try {
    const copy = join(directory, MODEL_FILE);
    removeZipMaps(path, file, copy);
    return await open(copy);
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
