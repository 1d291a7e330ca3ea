import protobuf, { type Field, type Type, type Writer } from 'protobufjs';
import { expect, inField, integerIn, numberOf, objectFrom } from '../registry';
import { wordsOf } from './integer64';
import { isEnum, isMessage, keyTypeOf } from './proto-schema';

type WriteMessage = (writer: Writer, value: unknown) => void;
type WriteScalar = (writer: Writer, value: unknown) => void;

const DELIMITED = 2;
const GROUP_BEGIN = 3;
const GROUP_END = 4;

const integers = (minimum: bigint, maximum: bigint, bits: string) => (value: unknown) =>
  integerIn(value, minimum, maximum, `an integer of ${bits}`);
const int32 = integers(-(2n ** 31n), 2n ** 31n - 1n, '32 bits');
const uint32 = integers(0n, 2n ** 32n - 1n, '32 bits without sign');
const int64 = integers(-(2n ** 63n), 2n ** 63n - 1n, '64 bits');
const uint64 = integers(0n, 2n ** 64n - 1n, '64 bits without sign');

const SCALARS: Readonly<Record<string, { readonly wire: number; readonly write: WriteScalar }>> = {
  double: { wire: 1, write: (writer, value) => writer.double(numberOf(value)) },
  float: { wire: 5, write: (writer, value) => writer.float(numberOf(value)) },
  int32: { wire: 0, write: (writer, value) => writer.int32(Number(int32(value))) },
  uint32: { wire: 0, write: (writer, value) => writer.uint32(Number(uint32(value))) },
  sint32: { wire: 0, write: (writer, value) => writer.sint32(Number(int32(value))) },
  fixed32: { wire: 5, write: (writer, value) => writer.fixed32(Number(uint32(value))) },
  sfixed32: { wire: 5, write: (writer, value) => writer.sfixed32(Number(int32(value))) },
  int64: { wire: 0, write: (writer, value) => writer.int64(wordsOf(int64(value))) },
  uint64: { wire: 0, write: (writer, value) => writer.uint64(wordsOf(uint64(value))) },
  sint64: { wire: 0, write: (writer, value) => writer.sint64(wordsOf(int64(value))) },
  fixed64: { wire: 1, write: (writer, value) => writer.fixed64(wordsOf(uint64(value))) },
  sfixed64: { wire: 1, write: (writer, value) => writer.sfixed64(wordsOf(int64(value))) },
  bool: {
    wire: 0,
    write: (writer, value) => {
      expect(typeof value === 'boolean', value, 'true or false');
      writer.bool(value as boolean);
    },
  },
  bytes: {
    wire: DELIMITED,
    write: (writer, value) => {
      const bytes = typeof value === 'string' ? Buffer.from(value) : value;
      expect(Buffer.isBuffer(bytes), value, 'bytes');
      writer.bytes(bytes as Buffer);
    },
  },
  string: {
    wire: DELIMITED,
    write: (writer, value) => {
      expect(typeof value === 'string', value, 'a text');
      writer.string(value as string);
    },
  },
};

/** A writer of values as {@link messageReader} gives them. Members that the message does not have are left out. */
export function messageWriter(type: Type): (value: unknown) => Buffer {
  const write = compile(type, new Map());
  return (value) => {
    const writer = protobuf.Writer.create();
    write(writer, value);
    return Buffer.from(writer.finish());
  };
}

function compile(type: Type, known: Map<Type, WriteMessage>): WriteMessage {
  let write = known.get(type);
  if (write === undefined) {
    let compiled: WriteMessage | undefined;
    known.set(type, (writer, value) => (compiled as WriteMessage)(writer, value));
    const fields = [...type.fieldsArray]
      .sort((one, other) => one.id - other.id)
      .map((field) => ({ name: field.name, write: fieldWriter(field.resolve(), known) }));
    compiled = (writer, value) => {
      const members = objectFrom(value);
      for (const field of fields) {
        const member = Object.hasOwn(members, field.name) ? members[field.name] : undefined;
        inField(field.name, () => field.write(writer, member));
      }
    };
    write = compiled;
    known.set(type, write);
  }
  return write;
}

function fieldWriter(field: Field, known: Map<Type, WriteMessage>): WriteScalar {
  const { id, repeated, map, required } = field;
  const { wire, write } = contentOf(field, known);
  const one: WriteScalar = (writer, value) => {
    writer.uint32((id << 3) | wire);
    write(writer, value);
    if (wire === GROUP_BEGIN) {
      writer.uint32((id << 3) | GROUP_END);
    }
  };
  const isPacked = field.packed && wire !== DELIMITED && wire !== GROUP_BEGIN;
  const leavesOut = !field.hasPresence && !isMessage(field.resolvedType);
  if (map) {
    return mapWriter(field, { wire, write });
  }
  return (writer, value) => {
    if (value === undefined || value === null) {
      expect(!required, value, 'a value');
    } else if (!repeated) {
      // What is read for an absent field need not be written.
      if (!leavesOut || !isZero(value, field)) {
        one(writer, value);
      }
    } else {
      expect(Array.isArray(value), value, 'a list');
      writeList(writer, value as unknown[], isPacked ? id : undefined, write, one);
    }
  };
}

function isZero(value: unknown, { resolvedType }: Field): boolean {
  if (isEnum(resolvedType)) {
    return value === 0 || (typeof value === 'string' && resolvedType.values[value] === 0);
  }
  return (
    Object.is(value, 0) ||
    value === 0n ||
    value === '' ||
    value === false ||
    (Buffer.isBuffer(value) && value.length === 0)
  );
}

/** @param packed number of a field whose elements are written in one piece */
function writeList(
  writer: Writer,
  list: unknown[],
  packed: number | undefined,
  write: WriteScalar,
  one: WriteScalar,
): void {
  const element = (each: WriteScalar) =>
    list.forEach((value, index) => {
      inField(String(index), () => each(writer, value));
    });
  if (packed === undefined) {
    element(one);
  } else if (list.length > 0) {
    writer.uint32((packed << 3) | DELIMITED).fork();
    element(write);
    writer.ldelim();
  }
}

function mapWriter(field: Field, value: { wire: number; write: WriteScalar }): WriteScalar {
  const key = SCALARS[keyTypeOf(field)];
  return (writer, members) => {
    for (const [name, member] of Object.entries(members === undefined || members === null ? {} : objectFrom(members))) {
      writer.uint32((field.id << 3) | DELIMITED).fork();
      writer.uint32((1 << 3) | key.wire);
      inField(name, () => {
        key.write(writer, keyOf(name, keyTypeOf(field)));
        writer.uint32((2 << 3) | value.wire);
        value.write(writer, member);
      });
      writer.ldelim();
    }
  };
}

function keyOf(name: string, type: string): unknown {
  if (type === 'string') {
    return name;
  }
  if (type === 'bool') {
    return name === 'true' ? true : name === 'false' ? false : name;
  }
  return /^-?\d+$/.test(name) ? BigInt(name) : name;
}

function contentOf(
  field: Field,
  known: Map<Type, WriteMessage>,
): { readonly wire: number; readonly write: WriteScalar } {
  const { resolvedType } = field;
  if (isEnum(resolvedType)) {
    const { values } = resolvedType;
    const rule = `one of ${Object.keys(values).join(', ')}`;
    return {
      wire: 0,
      write: (writer, value) => {
        const number = typeof value === 'string' && Object.hasOwn(values, value) ? values[value] : value;
        writer.int32(Number(integerIn(number, -(2n ** 31n), 2n ** 31n - 1n, rule)));
      },
    };
  }
  if (isMessage(resolvedType)) {
    const write = compile(resolvedType, known);
    if (field.delimited) {
      return { wire: GROUP_BEGIN, write };
    }
    return {
      wire: DELIMITED,
      write: (writer, value) => {
        writer.fork();
        write(writer, value);
        writer.ldelim();
      },
    };
  }
  return SCALARS[field.type];
}
