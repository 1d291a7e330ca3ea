import type { Signature, Tensor } from '../model';
import { V1Codec } from '../protocol';

/**
 * The inputs of a declared warm-up request, a V1 body.
 *
 * @throws RequestError when it does not fit the model
 */
export function warmUpInputs(request: { readonly [key: string]: unknown }, signature: Signature): readonly Tensor[] {
  // Through text, so that integers of any size are read as they are in a request.
  return new V1Codec(signature).decode(Buffer.from(JSON.stringify(request))).inputs;
}
