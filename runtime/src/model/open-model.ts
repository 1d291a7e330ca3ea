import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MODEL_FILE } from '../contract';
import { errorCode } from '../telemetry';
import { withFileSource } from './byte-source';
import { ModelError } from './error';
import { type OnnxFile, readOnnx } from './onnx-file';
import { needsCopy, writeServableCopy } from './servable-file';
import { type ServableFile, type Session, UnservableError } from './session';
import { WireError } from './wire';

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
  open: (file: ServableFile) => Promise<Opened>,
): Promise<Opened> {
  const { inputs, outputs } = file.bfloat16;
  const bfloat16 = new Set([...inputs, ...outputs]);
  try {
    return needsCopy(file) ? await openCopy(path, file, bfloat16, open) : await open({ path, bfloat16 });
  } catch (error) {
    if (error instanceof UnservableError) {
      throw new ModelError(`the model cannot be served: ${error.message}`, path, { cause: error });
    }
    throw error;
  }
}

/** Opens a copy that the engine can exchange, in a directory of its own that nobody else can write to. */
async function openCopy<Opened>(
  path: string,
  file: OnnxFile,
  bfloat16: ReadonlySet<string>,
  open: (file: ServableFile) => Promise<Opened>,
): Promise<Opened> {
  const directory = await mkdtemp(join(tmpdir(), 'model-serving-'));
  try {
    const copy = join(directory, MODEL_FILE);
    writeServableCopy(path, file, copy);
    return await open({ path: copy, bfloat16 });
  } catch (error) {
    if (errorCode(error) === 'ENOSPC') {
      const [has, without] =
        bfloat16.size === 0
          ? ['has ZipMap nodes', 'with the option zipmap=False']
          : ['takes or gives bfloat16', 'with inputs and outputs of float32'];
      throw new ModelError(
        `the model ${has}, and the copy that the engine can exchange does not fit into ${tmpdir()}. ` +
          `Export it ${without}, or give the container's /tmp more room.`,
        path,
        { cause: error },
      );
    }
    throw error;
  } finally {
    await rm(directory, { recursive: true });
  }
}
