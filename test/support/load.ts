import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ModelConfig } from '../../lib/contract';
import { type LoadedModel, loadModel } from '../../runtime/src/model';
import { warmUpInputs } from '../../runtime/src/online/warm-up';
import { createLogger } from '../../runtime/src/telemetry';
import { fixture } from './predictor';

/** Loads a model as a predictor does. Call `session.close()` on the result. */
export function load(config: ModelConfig): Promise<LoadedModel> {
  return loadModel(config, { logger: createLogger({ level: 'silent' }), threads: 1, warmUpInputs });
}

/** Writes the bytes of a model into a directory and describes it. */
export function written(
  directory: string,
  name: string,
  bytes: Uint8Array,
  changes: Partial<ModelConfig> = {},
): ModelConfig {
  const path = join(directory, `${name}.onnx`);
  writeFileSync(path, bytes);
  return fixture(path, changes);
}
