import { fieldsOf, WireError } from './wire';

/** Messages inside a message, by field number. */
interface Message {
  [field: number]: Message;
}

const EXTERNAL_DATA = 13;
const DATA_LOCATION = 14;
const EXTERNAL = 1;

/** Deeper than any real model nests its graphs. */
const MAX_DEPTH = 64;

// Every way from a model to a tensor in onnx.proto: weights, attributes, subgraphs, functions, training.
const TENSOR: Message = {};
const SPARSE_TENSOR: Message = { 1: TENSOR, 2: TENSOR };
const ATTRIBUTE: Message = { 5: TENSOR, 10: TENSOR, 22: SPARSE_TENSOR, 23: SPARSE_TENSOR };
const NODE: Message = { 5: ATTRIBUTE };
const GRAPH: Message = { 1: NODE, 5: TENSOR, 15: SPARSE_TENSOR };
const FUNCTION: Message = { 7: NODE, 11: ATTRIBUTE };
const TRAINING: Message = { 1: GRAPH, 2: GRAPH };
const MODEL: Message = { 7: GRAPH, 20: TRAINING, 25: FUNCTION };
ATTRIBUTE[6] = GRAPH;
ATTRIBUTE[11] = GRAPH;

/**
 * Whether any tensor of a model has its data in another file.
 *
 * @throws WireError when the model is damaged, or nests deeper than any real one
 */
export function usesExternalData(model: Uint8Array): boolean {
  return search(model, MODEL, 0);
}

function search(bytes: Uint8Array, message: Message, depth: number): boolean {
  if (depth > MAX_DEPTH) {
    throw new WireError('graphs nested too deeply');
  }
  for (const field of fieldsOf(bytes)) {
    if (
      message === TENSOR &&
      (field.number === EXTERNAL_DATA || (field.number === DATA_LOCATION && field.value === EXTERNAL))
    ) {
      return true;
    }
    const inner = message[field.number];
    if (inner !== undefined && field.bytes !== undefined && search(field.bytes, inner, depth + 1)) {
      return true;
    }
  }
  return false;
}
