import { DYNAMIC, elementCount, hasRows, type Signature, type Tensor, type TensorSpec } from '../model';
import { badRequest, counted } from '../request-error';
import { readBinary, textOf, widthOf } from './binary-tensor';
import { checkShape, written } from './shape';

/**
 * Reads a body that is the data of the only input and nothing else: one row, where the model takes rows.
 *
 * One dimension may be open besides the rows; the length of the body decides it. A body for BYTES is one element,
 * without its length in front.
 *
 * @see https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md
 * @throws RequestError 400
 */
export function readRaw(body: Uint8Array, signature: Signature): Tensor {
  const [spec] = signature.inputs;
  if (signature.inputs.length !== 1) {
    throw badRequest(
      `A body without a JSON part needs a model with one input; this one has ${signature.inputs.length}. ` +
        'Send the JSON part with the names, and its length in Inference-Header-Content-Length.',
    );
  }
  const row = spec.shape[0] === DYNAMIC && hasRows(signature) ? [1, ...spec.shape.slice(1)] : spec.shape;
  const open = row.filter((size) => size === DYNAMIC).length;
  const fixed = elementCount(row.filter((size) => size !== DYNAMIC));
  const isText = spec.datatype === 'BYTES';
  if (isText ? fixed !== 1 : open > 1 || (open === 1 && fixed === 0)) {
    throw badRequest(
      `The shape ${written(spec)} of input '${spec.name}' does not follow from a body without a JSON part; ` +
        'send the JSON part with the shape, and its length in Inference-Header-Content-Length.',
    );
  }
  return isText ? oneText(body, spec, row) : numbers(body, spec, row, fixed);
}

function oneText(body: Uint8Array, spec: TensorSpec, row: readonly number[]): Tensor {
  const shape = row.map(() => 1);
  checkShape(shape, spec, new Map());
  return { datatype: 'BYTES', shape, data: [textOf(body, spec.name, 0)] };
}

function numbers(body: Uint8Array, spec: TensorSpec, row: readonly number[], fixed: number): Tensor {
  const size = body.byteLength / (widthOf(spec.datatype) * fixed);
  if (row.includes(DYNAMIC) && !Number.isInteger(size)) {
    throw badRequest(
      `Input '${spec.name}': the binary data has ${counted(body.byteLength, 'byte')}, which is no multiple of ` +
        `${widthOf(spec.datatype) * fixed}, as ${spec.datatype} of the model's shape ${written(spec)} needs.`,
    );
  }
  const shape = row.map((dimension) => (dimension === DYNAMIC ? size : dimension));
  checkShape(shape, spec, new Map());
  return readBinary(body, spec, shape);
}
