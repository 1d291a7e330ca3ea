// TensorProto.DataType of onnx.proto, and the name of the Open Inference Protocol.
const DATATYPES: { readonly [elementType: number]: string } = {
  1: 'FP32',
  2: 'UINT8',
  3: 'INT8',
  4: 'UINT16',
  5: 'INT16',
  6: 'INT32',
  7: 'INT64',
  8: 'BYTES',
  9: 'BOOL',
  10: 'FP16',
  11: 'FP64',
  12: 'UINT32',
  13: 'UINT64',
  16: 'BF16',
};

/** The datatype on the wire of an ONNX element type; `undefined` when there is none. */
export function datatypeOf(elementType: number): string | undefined {
  return DATATYPES[elementType];
}
