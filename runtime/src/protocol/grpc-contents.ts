import { DATATYPES, type Datatype, elementCount, type Tensor, type TensorData, type TensorSpec } from '../model';
import { badRequest, type RequestError } from '../request-error';
import { textOf } from './binary-tensor';
import { malformed, WIRE, type WireReader } from './grpc-wire';

/** How the elements of a datatype are written in `InferTensorContents`. */
interface ContentsField {
  /** Number of the field. */
  readonly number: number;

  /** Wire type of one element. */
  readonly type: number;

  /** The memory of a tensor as `read` writes into it. */
  readonly memory: (data: TensorData) => TensorData;

  /** Reads one element that is not packed, or a varint; false when the datatype cannot hold it. */
  readonly read: (reader: WireReader, memory: TensorData, index: number, input: string) => boolean;

  /** What an element must be, for messages. */
  readonly rule: string;
}

/** Names of the fields of `InferTensorContents`, by their number. */
const FIELD_NAMES: Readonly<Record<number, string>> = {
  1: 'bool_contents',
  2: 'int_contents',
  3: 'int64_contents',
  4: 'uint_contents',
  5: 'uint64_contents',
  6: 'fp32_contents',
  7: 'fp64_contents',
  8: 'bytes_contents',
};
const BYTES_FIELD = 8;

/** The field of each datatype; FP16 and BF16 have none. */
const FIELDS: Readonly<Partial<Record<Datatype, ContentsField>>> = {
  BOOL: integers(1, 0, 1, ({ low, high }) => (low !== 0 || high !== 0 ? 1 : 0)),
  INT8: signed(-128, 127),
  INT16: signed(-32_768, 32_767),
  INT32: signed(-2_147_483_648, 2_147_483_647),
  INT64: longs(3),
  UINT8: unsigned(255),
  UINT16: unsigned(65_535),
  UINT32: unsigned(4_294_967_295),
  UINT64: longs(5),
  FP32: floats(6, WIRE.fixed32),
  FP64: floats(7, WIRE.fixed64),
  BYTES: {
    number: BYTES_FIELD,
    type: WIRE.bytes,
    memory: (data) => data,
    read: (reader, memory, index, input) => {
      memory[index] = textOf(reader.binary(), input, index);
      return true;
    },
    rule: 'a string',
  },
};

/**
 * Reads a tensor from typed contents.
 *
 * @param contents parts of its `InferTensorContents`, in order
 * @throws RequestError 400 when they are not exactly a tensor of this datatype and shape
 */
export function readContents(contents: readonly WireReader[], spec: TensorSpec, shape: readonly number[]): Tensor {
  const { name, datatype } = spec;
  const field = FIELDS[datatype];
  if (field === undefined) {
    throw badRequest(`Input '${name}' is ${datatype}, which has no typed contents; send raw_input_contents.`);
  }
  const count = elementCount(shape);
  let bytes = 0;
  for (const { at, end } of contents) {
    bytes += end - at;
  }
  // Before memory is taken: the shape comes from outside, and no element takes less than a byte.
  if (count > bytes) {
    throw wrongCount(name, field, shape, 'fewer');
  }
  const data = DATATYPES[datatype].allocate(count);
  const target = { name, shape, field, count, memory: field.memory(data) };
  let filled = 0;
  for (const part of contents) {
    filled = readPart(part, target, filled);
  }
  if (filled < count) {
    throw wrongCount(name, field, shape, 'fewer');
  }
  return { datatype, shape, data };
}

/** A tensor that is being filled. */
interface Target {
  readonly name: string;
  readonly shape: readonly number[];
  readonly field: ContentsField;
  readonly count: number;
  readonly memory: TensorData;
}

/** Reads one `InferTensorContents`; returns how many elements there are now. */
function readPart(reader: WireReader, target: Target, filled: number): number {
  const { field } = target;
  let next = filled;
  while (reader.next()) {
    if (reader.field !== field.number) {
      skipOther(reader, target);
    } else if (reader.type === WIRE.bytes && field.type !== WIRE.bytes) {
      next = readPacked(reader.delimited(), target, next);
    } else {
      reader.expect(field.type);
      next = readElement(reader, target, next);
    }
  }
  return next;
}

function readPacked(reader: WireReader, target: Target, filled: number): number {
  const { field, memory, count } = target;
  let next = filled;
  if (field.type === WIRE.varint) {
    while (reader.at < reader.end) {
      next = readElement(reader, target, next);
    }
    return next;
  }
  // Numbers of a fixed size are in memory as they are on the wire: little-endian.
  const width = field.type === WIRE.fixed32 ? 4 : 8;
  const length = reader.end - reader.at;
  next += length / width;
  if (length % width !== 0) {
    throw malformed(`the length of ${FIELD_NAMES[field.number]} is no multiple of ${width}`);
  }
  if (next > count) {
    throw wrongCount(target.name, field, target.shape, 'more');
  }
  (memory as Uint8Array).set(reader.view(reader.at, reader.end), filled * width);
  return next;
}

function readElement(reader: WireReader, { name, shape, field, count, memory }: Target, index: number): number {
  if (index >= count) {
    throw wrongCount(name, field, shape, 'more');
  }
  if (!field.read(reader, memory, index, name)) {
    throw badRequest(`Input '${name}': contents.${FIELD_NAMES[field.number]}[${index}] must be ${field.rule}.`);
  }
  return index + 1;
}

/** Fields of other datatypes must have no elements; fields that the protocol does not know are skipped. */
function skipOther(reader: WireReader, { name, field }: Target): void {
  const other = FIELD_NAMES[reader.field];
  const isPacked = reader.type === WIRE.bytes && reader.field !== BYTES_FIELD;
  const start = reader.at;
  reader.skip();
  // A packed field without elements is its length alone.
  if (other !== undefined && !(isPacked && reader.at - start === 1)) {
    throw badRequest(
      `Input '${name}': its elements belong into contents.${FIELD_NAMES[field.number]}; found some in contents.${other}.`,
    );
  }
}

function wrongCount(
  name: string,
  { number }: ContentsField,
  shape: readonly number[],
  than: 'fewer' | 'more',
): RequestError {
  return badRequest(
    `Input '${name}': contents.${FIELD_NAMES[number]} has ${than} elements than the shape [${shape}] needs, ` +
      `which is ${elementCount(shape)}.`,
  );
}

function integers(
  number: number,
  minimum: number,
  maximum: number,
  value: (reader: WireReader) => number,
): ContentsField {
  return {
    number,
    type: WIRE.varint,
    memory: (data) => data,
    read: (reader, memory, index) => {
      reader.varint();
      const integer = value(reader);
      memory[index] = integer;
      return integer >= minimum && integer <= maximum;
    },
    rule: `an integer from ${minimum} to ${maximum}`,
  };
}

function signed(minimum: number, maximum: number): ContentsField {
  return integers(2, minimum, maximum, ({ low }) => low);
}

function unsigned(maximum: number): ContentsField {
  return integers(4, 0, maximum, ({ low }) => low >>> 0);
}

/** Integers of 64 bits, written as two halves: exact, and without an object an element. */
function longs(number: number): ContentsField {
  return {
    number,
    type: WIRE.varint,
    memory: (data) => {
      const { buffer, byteOffset, length } = data as BigInt64Array;
      return new Int32Array(buffer, byteOffset, 2 * length);
    },
    read: (reader, memory, index) => {
      reader.varint();
      memory[2 * index] = reader.low;
      memory[2 * index + 1] = reader.high;
      return true;
    },
    rule: 'an integer of 64 bits',
  };
}

function floats(number: number, type: typeof WIRE.fixed32 | typeof WIRE.fixed64): ContentsField {
  const width = type === WIRE.fixed32 ? 4 : 8;
  return {
    number,
    type,
    memory: (data) => {
      const { buffer, byteOffset, byteLength } = data as Float32Array;
      return new Uint8Array(buffer, byteOffset, byteLength);
    },
    read: (reader, memory, index) => {
      const start = reader.at;
      reader.advance(width);
      (memory as Uint8Array).set(reader.view(start, reader.at), index * width);
      return true;
    },
    rule: 'a number',
  };
}
