import type { BatchConfig, ModelConfig } from '../../contract';
import { engineThreads, type LoadedModel, loadModel } from '../../model';
import { V1Codec } from '../../protocol';
import type { Logger } from '../../telemetry';
import { BatchError } from './error';

/** The one model of a batch job. @throws BatchError when there is none */
export function declaredModel({ models }: BatchConfig): ModelConfig {
  const [model] = models;
  if (model === undefined) {
    throw BatchError.declaration('The configuration has no model. Declare one.');
  }
  return model;
}

/** Verifies and opens the model; rows are scored in this thread, nobody waits for an answer. @throws ModelError */
export function loadDeclaredModel(config: BatchConfig, logger: Logger): Promise<LoadedModel> {
  return loadModel(declaredModel(config), {
    logger,
    threads: engineThreads(),
    inlineSeconds: Number.POSITIVE_INFINITY,
    warmUpInputs: (request, signature) =>
      // Through text, so that integers of any size are read as they are in a request.
      new V1Codec(signature).decode(Buffer.from(JSON.stringify(request))).inputs,
  });
}
