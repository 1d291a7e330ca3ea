import type { ModelSignature, TensorMetadata } from '../signature';
import { datatypeOf } from './datatype';
import { usesExternalData } from './external-data';
import { type Field, fieldsOf, textOf, WireError } from './wire';
import { type ZipMap, zipMapOf } from './zip-map';

// Field numbers of onnx.proto.
const MODEL = { irVersion: 1, graph: 7, opsetImport: 8 };
const OPSET = { domain: 1, version: 2 };
const GRAPH = { node: 1, initializer: 5, input: 11, output: 12 };
const TENSOR = { name: 8 };
const VALUE_INFO = { name: 1, type: 2 };
const TYPE = { tensor: 1 };
const TENSOR_TYPE = { elementType: 1, shape: 2 };
const SHAPE = { dimension: 1 };
const DIMENSION = { value: 1 };

const DYNAMIC = -1;
const FIRST_IR_VERSION = 3;

/** What an ONNX file says of itself. */
export interface OnnxModel {
  readonly irVersion: number;

  /** Version of each operator set, by domain; `ai.onnx` is the standard one. */
  readonly opsets: { readonly [domain: string]: number };

  readonly signature: ModelSignature;

  /** What keeps inputs and outputs from being served, as sentences. */
  readonly unservable: string[];

  /** Whether weights are in another file. */
  readonly externalData: boolean;
}

/** The bytes are no ONNX model. The message says why, as the end of a sentence. */
export class NotOnnxError extends Error {
  override readonly name = 'NotOnnxError';
}

/**
 * Reads an ONNX file: versions, inputs (weights excluded) and outputs. An output that a ZipMap node makes counts as the
 * tensor of probabilities that the runtime serves in its place.
 *
 * @throws NotOnnxError when the bytes are no complete ONNX model
 * @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
export function readOnnxModel(bytes: Uint8Array): OnnxModel {
  try {
    return read(bytes);
  } catch (error) {
    if (error instanceof WireError) {
      throw new NotOnnxError(`it is damaged, or of another format (found ${error.message})`);
    }
    throw error;
  }
}

function read(bytes: Uint8Array): OnnxModel {
  let irVersion = 0;
  let graph: Uint8Array | undefined;
  const opsets: Record<string, number> = {};
  for (const field of fieldsOf(bytes)) {
    if (field.number === MODEL.irVersion) {
      irVersion = field.value ?? 0;
    } else if (field.number === MODEL.graph) {
      graph = field.bytes;
    } else if (field.number === MODEL.opsetImport && field.bytes !== undefined) {
      const [domain, version] = readOpset(field.bytes);
      opsets[domain] = version;
    }
  }
  if (irVersion < FIRST_IR_VERSION || graph === undefined || Object.keys(opsets).length === 0) {
    throw new NotOnnxError('it has no IR version, no operator set or no graph');
  }
  return { irVersion, opsets, ...readGraph(graph), externalData: usesExternalData(bytes) };
}

function readOpset(opset: Uint8Array): [domain: string, version: number] {
  let domain = '';
  let version = 0;
  for (const { number, value, bytes } of fieldsOf(opset)) {
    if (number === OPSET.domain && bytes !== undefined) {
      domain = textOf(bytes);
    } else if (number === OPSET.version) {
      version = value ?? 0;
    }
  }
  return [domain === '' ? 'ai.onnx' : domain, version];
}

function readGraph(graph: Uint8Array): Pick<OnnxModel, 'signature' | 'unservable'> {
  const weights = new Set<string>();
  const zipMaps: ZipMap[] = [];
  const inputs: Value[] = [];
  const outputs: Value[] = [];
  for (const { number, bytes } of fieldsOf(graph)) {
    if (bytes === undefined) {
      continue;
    }
    if (number === GRAPH.initializer) {
      weights.add(nameOf(bytes, TENSOR.name));
    } else if (number === GRAPH.node) {
      zipMaps.push(...[zipMapOf(bytes)].filter((zipMap) => zipMap !== undefined));
    } else if (number === GRAPH.input) {
      inputs.push(readValue(bytes));
    } else if (number === GRAPH.output) {
      outputs.push(readValue(bytes));
    }
  }
  if (outputs.length === 0) {
    throw new NotOnnxError('its graph has no outputs');
  }
  // Before IR version 4 every weight is listed as an input too.
  const given = inputs.filter(({ name }) => !weights.has(name));
  const made = outputs.map((output) => asProbabilities(output, zipMaps));
  return {
    signature: { inputs: given.flatMap(metadataOf), outputs: made.flatMap(metadataOf) },
    unservable: [...problemsOf('input', given), ...problemsOf('output', made)],
  };
}

/** An input or output as the file has it. */
interface Value {
  readonly name: string;
  /** ONNX element type; `undefined` when it is no dense tensor. */
  readonly elementType: number | undefined;
  readonly shape: number[];
}

function asProbabilities(output: Value, zipMaps: ZipMap[]): Value {
  const zipMap = zipMaps.find((candidate) => candidate.output === output.name);
  return zipMap === undefined ? output : { name: output.name, elementType: 1, shape: [DYNAMIC, zipMap.classes] };
}

function metadataOf({ name, elementType, shape }: Value): TensorMetadata[] {
  const datatype = elementType === undefined ? undefined : datatypeOf(elementType);
  return datatype === undefined ? [] : [{ name, datatype, shape }];
}

function problemsOf(what: string, values: Value[]): string[] {
  const names = new Set<string>();
  return values.flatMap(({ name, elementType }) => {
    const again = names.has(name);
    names.add(name);
    if (name === '' || again) {
      return [`An ${what} has ${again ? `the name '${name}' of another one` : 'no name'}.`];
    }
    if (elementType === undefined) {
      return [`The ${what} '${name}' is a sequence, a map or a sparse tensor.`];
    }
    const datatype = datatypeOf(elementType);
    return datatype === undefined
      ? [`The ${what} '${name}' has the element type ${elementType} of ONNX, which the wire does not have.`]
      : [];
  });
}

function readValue(value: Uint8Array): Value {
  let name = '';
  let tensor: Uint8Array | undefined;
  for (const { number, bytes } of fieldsOf(value)) {
    if (number === VALUE_INFO.name && bytes !== undefined) {
      name = textOf(bytes);
    } else if (number === VALUE_INFO.type && bytes !== undefined) {
      tensor = lastOf(bytes, TYPE.tensor)?.bytes;
    }
  }
  if (tensor === undefined) {
    return { name, elementType: undefined, shape: [] };
  }
  const shape = lastOf(tensor, TENSOR_TYPE.shape)?.bytes;
  return {
    name,
    elementType: lastOf(tensor, TENSOR_TYPE.elementType)?.value ?? 0,
    shape: shape === undefined ? [] : readShape(shape),
  };
}

function readShape(shape: Uint8Array): number[] {
  const sizes: number[] = [];
  for (const { number, bytes } of fieldsOf(shape)) {
    if (number === SHAPE.dimension && bytes !== undefined) {
      const size = lastOf(bytes, DIMENSION.value)?.value ?? DYNAMIC;
      sizes.push(size < 0 ? DYNAMIC : size);
    }
  }
  return sizes;
}

function nameOf(message: Uint8Array, field: number): string {
  const name = lastOf(message, field)?.bytes;
  return name === undefined ? '' : textOf(name);
}

/** The last field of a number, which is the one that counts. */
function lastOf(message: Uint8Array, number: number): Field | undefined {
  let last: Field | undefined;
  for (const field of fieldsOf(message)) {
    last = field.number === number ? field : last;
  }
  return last;
}
