/** Field numbers of onnx.proto (IR version 13) that are read or written here. */
export const FIELDS = {
  model: { irVersion: 1, graph: 7, opsetImport: 8, training: 20, functions: 25 },
  opset: { domain: 1, version: 2 },
  graph: { node: 1, initializer: 5, input: 11, output: 12, valueInfo: 13, annotation: 14, sparseInitializer: 15 },
  node: { input: 1, output: 2, opType: 4, attribute: 5, domain: 7 },
  attribute: {
    name: 1,
    integer: 3,
    tensor: 5,
    graph: 6,
    integers: 8,
    strings: 9,
    tensors: 10,
    graphs: 11,
    type: 20,
    sparse: 22,
    sparses: 23,
  },
  tensor: { name: 8, externalData: 13, dataLocation: 14 },
  sparseTensor: { values: 1, indices: 2 },
  annotation: { tensor: 1, parameters: 2 },
  entry: { value: 2 },
  functionBody: { node: 7 },
  training: { initialization: 1, algorithm: 2 },
  valueInfo: { name: 1, type: 2 },
  type: { tensor: 1 },
  tensorType: { elementType: 1, shape: 2 },
  shape: { dimension: 1 },
  dimension: { value: 1 },
} as const;

/** Element types of ONNX. */
export const FLOAT = 1;
export const BFLOAT16 = 16;
