/** Names of the element types on the wire, as in the Open Inference Protocol. */
export type Datatype =
  | 'BOOL'
  | 'INT8'
  | 'INT16'
  | 'INT32'
  | 'INT64'
  | 'UINT8'
  | 'UINT16'
  | 'UINT32'
  | 'UINT64'
  | 'FP16'
  | 'BF16'
  | 'FP32'
  | 'FP64'
  | 'BYTES';

/** Elements of a tensor. BOOL is one byte 0 or 1, FP16 and BF16 their 16 bits, BYTES a string an element. */
export type TensorData =
  | Uint8Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | Float32Array
  | Float64Array
  | string[];

/** A dense, row-major array. */
export interface Tensor {
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** What a datatype is made of. */
interface DatatypeTraits {
  /** Name of the element type in onnxruntime; undefined when its interface for Node.js has none. */
  readonly engineType: EngineType | undefined;

  /** Size of an element in memory; undefined when it differs. */
  readonly bytes: number | undefined;

  /** Makes room for so many elements, all zero, false or empty. */
  readonly allocate: (length: number) => TensorData;
}

/** Element types of onnxruntime that can be carried over the wire. */
type EngineType =
  | 'bool'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'float16'
  | 'float32'
  | 'float64'
  | 'string';

/** Every datatype; source: the tables of the Open Inference Protocol, and its text for BF16. */
export const DATATYPES: Readonly<Record<Datatype, DatatypeTraits>> = {
  BOOL: { engineType: 'bool', bytes: 1, allocate: (length) => new Uint8Array(length) },
  INT8: { engineType: 'int8', bytes: 1, allocate: (length) => new Int8Array(length) },
  INT16: { engineType: 'int16', bytes: 2, allocate: (length) => new Int16Array(length) },
  INT32: { engineType: 'int32', bytes: 4, allocate: (length) => new Int32Array(length) },
  INT64: { engineType: 'int64', bytes: 8, allocate: (length) => new BigInt64Array(length) },
  UINT8: { engineType: 'uint8', bytes: 1, allocate: (length) => new Uint8Array(length) },
  UINT16: { engineType: 'uint16', bytes: 2, allocate: (length) => new Uint16Array(length) },
  UINT32: { engineType: 'uint32', bytes: 4, allocate: (length) => new Uint32Array(length) },
  UINT64: { engineType: 'uint64', bytes: 8, allocate: (length) => new BigUint64Array(length) },
  FP16: { engineType: 'float16', bytes: 2, allocate: (length) => new Uint16Array(length) },
  BF16: { engineType: undefined, bytes: 2, allocate: (length) => new Uint16Array(length) },
  FP32: { engineType: 'float32', bytes: 4, allocate: (length) => new Float32Array(length) },
  FP64: { engineType: 'float64', bytes: 8, allocate: (length) => new Float64Array(length) },
  BYTES: { engineType: 'string', bytes: undefined, allocate: (length) => new Array<string>(length).fill('') },
};

const BY_ENGINE_TYPE = new Map(
  Object.entries(DATATYPES).map(([name, { engineType }]): [string | undefined, Datatype] => [
    engineType,
    name as Datatype,
  ]),
);

/** The datatype of an element type of onnxruntime; `undefined` when the wire has none. */
export function datatypeOfEngine(type: string): Datatype | undefined {
  return BY_ENGINE_TYPE.get(type);
}

/** Number of elements of a shape. */
export function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (const dimension of shape) {
    count *= dimension;
  }
  return count;
}
