import { isUtf8 } from 'node:buffer';
import protobuf, { type Field, type Reader, type Type } from 'protobufjs';
import { readFixed64, readInt64, readSfixed64, readSint64, readUint64 } from './integer64';
import { absentValue, isEnum, isMessage, keyTypeOf, symbolOf } from './proto-schema';

type Message = Record<string, unknown>;

/** Reads a message up to a position, or to the end of a group; into what was read of it before. */
type ReadMessage = (reader: Reader, end: number, group: number | undefined, message: Message) => Message;
type ReadScalar = (reader: Reader) => unknown;

interface FieldPlan {
  readonly name: string;
  readonly repeated: boolean;
  readonly map: boolean;
  readonly required: boolean;
  readonly wire: number;

  /** Whether several may be in one piece. */
  readonly packable: boolean;
  readonly read: (reader: Reader, before: unknown) => unknown;

  /** Other members of the same oneof. */
  readonly others: readonly string[];
  readonly absent: () => unknown;
}

const DELIMITED = 2;
const GROUP_BEGIN = 3;
const GROUP_END = 4;

/** Nested pieces that no schema has are skipped to this depth. */
const MOST_DEPTH = 100;

const SCALARS: Readonly<Record<string, { readonly wire: number; readonly read: ReadScalar }>> = {
  double: { wire: 1, read: (reader) => reader.double() },
  float: { wire: 5, read: (reader) => reader.float() },
  int32: { wire: 0, read: (reader) => reader.int32() },
  uint32: { wire: 0, read: (reader) => reader.uint32() },
  sint32: { wire: 0, read: (reader) => reader.sint32() },
  fixed32: { wire: 5, read: (reader) => reader.fixed32() },
  sfixed32: { wire: 5, read: (reader) => reader.sfixed32() },
  int64: { wire: 0, read: readInt64 },
  uint64: { wire: 0, read: readUint64 },
  sint64: { wire: 0, read: readSint64 },
  fixed64: { wire: 1, read: readFixed64 },
  sfixed64: { wire: 1, read: readSfixed64 },
  bool: { wire: 0, read: (reader) => reader.bool() },
  bytes: { wire: DELIMITED, read: (reader) => Buffer.from(reader.bytes()) },
  string: { wire: DELIMITED, read: readText },
};

/**
 * A reader of messages: what JSON would have of them, under the names that fields have in the schema. Integers that a number
 * does not hold are bigints, bytes stay bytes, enums are their symbols. A field without presence that is not there has its
 * default; another one is absent.
 *
 * @see https://protobuf.dev/programming-guides/encoding/
 * @returns a function that throws when bytes are no message
 */
export function messageReader(type: Type): (bytes: Buffer) => unknown {
  const read = compile(type, new Map());
  return (bytes) => read(protobuf.Reader.create(bytes), bytes.length, undefined, {});
}

function compile(type: Type, known: Map<Type, ReadMessage>): ReadMessage {
  let read = known.get(type);
  if (read === undefined) {
    let compiled: ReadMessage | undefined;
    known.set(type, (...args) => (compiled as ReadMessage)(...args));
    compiled = readerOf(type, known);
    read = compiled;
    known.set(type, read);
  }
  return read;
}

function readerOf(type: Type, known: Map<Type, ReadMessage>): ReadMessage {
  const plans = new Map(type.fieldsArray.map((field) => [field.id, planOf(field.resolve(), known)]));
  const all = [...plans.values()];
  return (reader, end, group, message) => {
    while (reader.pos < end) {
      const tag = reader.uint32();
      const id = tag >>> 3;
      const wire = tag & 7;
      if (wire === GROUP_END) {
        if (id === group) {
          return complete(message, all);
        }
        throw new Error('a group ends that has not begun');
      }
      const plan = plans.get(id);
      if (plan === undefined || !readField(plan, reader, wire, message)) {
        skip(reader, wire, id, 0);
      }
      if (reader.pos > end) {
        throw new Error('a message is longer than it says');
      }
    }
    if (group !== undefined) {
      throw new Error('a group does not end');
    }
    return complete(message, all);
  };
}

/** @returns false when the field has another form on the wire than in the schema: it is passed over, as unknown ones are */
function readField(plan: FieldPlan, reader: Reader, wire: number, message: Message): boolean {
  const { name, repeated, map, read, others } = plan;
  if (map && wire === DELIMITED) {
    const [key, value] = read(reader, undefined) as [string, unknown];
    message[name] ??= {};
    put(message[name] as Message, key, value);
    return true;
  }
  if (repeated && plan.packable && wire === DELIMITED) {
    const list = listOf(message, name);
    const end = endOfPiece(reader);
    while (reader.pos < end) {
      list.push(read(reader, undefined));
    }
    return true;
  }
  if (wire !== plan.wire) {
    return false;
  }
  if (repeated) {
    listOf(message, name).push(read(reader, undefined));
    return true;
  }
  for (const other of others) {
    delete message[other];
  }
  put(message, name, read(reader, Object.hasOwn(message, name) ? message[name] : undefined));
  return true;
}

function planOf(field: Field, known: Map<Type, ReadMessage>): FieldPlan {
  const { name, repeated, map, required, partOf } = field;
  const { wire, read } = map ? { wire: DELIMITED, read: mapEntry(field, known) } : contentOf(field, known);
  return {
    name,
    repeated,
    map,
    required,
    wire,
    read,
    packable: wire !== DELIMITED && wire !== GROUP_BEGIN,
    others: partOf?.oneof.filter((other) => other !== name) ?? [],
    absent: () => absentValue(field),
  };
}

function contentOf(field: Field, known: Map<Type, ReadMessage>): Pick<FieldPlan, 'wire' | 'read'> {
  const { resolvedType, id } = field;
  if (isEnum(resolvedType)) {
    return { wire: 0, read: (reader) => symbolOf(resolvedType, reader.int32()) };
  }
  if (isMessage(resolvedType)) {
    const read = compile(resolvedType, known);
    const target = (before: unknown) => (before ?? {}) as Message;
    return field.delimited
      ? { wire: GROUP_BEGIN, read: (reader, before) => read(reader, reader.len, id, target(before)) }
      : { wire: DELIMITED, read: (reader, before) => read(reader, endOfPiece(reader), undefined, target(before)) };
  }
  return SCALARS[field.type];
}

/** An entry of a map is a message of its key and its value. */
function mapEntry(field: Field, known: Map<Type, ReadMessage>): FieldPlan['read'] {
  const key = SCALARS[keyTypeOf(field)];
  const value = contentOf(field, known);
  const { resolvedType, type } = field;
  const absent = () =>
    isEnum(resolvedType) ? symbolOf(resolvedType, 0) : isMessage(resolvedType) ? {} : DEFAULTS[type];
  return (reader) => {
    const end = endOfPiece(reader);
    let found: [unknown, unknown] = [DEFAULTS[keyTypeOf(field)], absent()];
    while (reader.pos < end) {
      const tag = reader.uint32();
      if (tag === ((1 << 3) | key.wire)) {
        found = [key.read(reader), found[1]];
      } else if (tag === ((2 << 3) | value.wire)) {
        found = [found[0], value.read(reader, undefined)];
      } else {
        skip(reader, tag & 7, tag >>> 3, 0);
      }
    }
    return [String(found[0]), found[1]];
  };
}

const DEFAULTS: Readonly<Record<string, unknown>> = Object.fromEntries(
  Object.keys(SCALARS).map((type) => [
    type,
    type === 'string' ? '' : type === 'bytes' ? Buffer.alloc(0) : type === 'bool' ? false : 0,
  ]),
);

function complete(message: Message, plans: readonly FieldPlan[]): Message {
  for (const { name, absent, required } of plans) {
    if (!Object.hasOwn(message, name)) {
      if (required) {
        throw new Error(`the field '${name}' is absent, and the schema requires it`);
      }
      const value = absent();
      if (value !== undefined) {
        put(message, name, value);
      }
    }
  }
  return message;
}

function skip(reader: Reader, wire: number, id: number, depth: number): void {
  if (wire !== GROUP_BEGIN) {
    reader.skipType(wire);
    return;
  }
  if (depth > MOST_DEPTH) {
    throw new Error('groups are nested too deep');
  }
  for (;;) {
    const tag = reader.uint32();
    if ((tag & 7) === GROUP_END) {
      if (tag >>> 3 !== id) {
        throw new Error('a group ends that has not begun');
      }
      return;
    }
    skip(reader, tag & 7, tag >>> 3, depth + 1);
  }
}

function endOfPiece(reader: Reader): number {
  const length = reader.uint32();
  const end = reader.pos + length;
  if (end > reader.len) {
    throw new Error(`${length} bytes are needed at byte ${reader.pos}, and ${reader.len - reader.pos} are left`);
  }
  return end;
}

function listOf(message: Message, name: string): unknown[] {
  message[name] ??= [];
  return message[name] as unknown[];
}

function readText(reader: Reader): string {
  const bytes = reader.bytes();
  if (!isUtf8(bytes)) {
    throw new Error('a string is not UTF-8');
  }
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
}

/** A member of any name: `__proto__` as well. */
function put(message: Message, name: string, value: unknown): void {
  if (name === '__proto__') {
    Object.defineProperty(message, name, { value, enumerable: true, configurable: true, writable: true });
  } else {
    message[name] = value;
  }
}
