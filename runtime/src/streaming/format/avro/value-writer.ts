import type { Type } from 'avsc';
import { expect, inField, integerIn, MisfitError, numberOf, objectFrom } from '../registry';
import { defaultBytes, kindOfType } from './avro-schema';

type Write = (parts: Buffer[], value: unknown) => void;

const INT = { minimum: -(2n ** 31n), maximum: 2n ** 31n - 1n };
const LONG = { minimum: -(2n ** 63n), maximum: 2n ** 63n - 1n };

/** A writer of values as {@link avroReader} gives them. Members that a record does not have are left out. */
export function avroWriter(type: Type): (value: unknown) => Buffer {
  const write = compile(type, new Map());
  return (value) => {
    const parts: Buffer[] = [];
    write(parts, value);
    return Buffer.concat(parts);
  };
}

function compile(type: Type, known: Map<Type, Write>): Write {
  let write = known.get(type);
  if (write === undefined) {
    let compiled: Write | undefined;
    known.set(type, (parts, value) => (compiled as Write)(parts, value));
    compiled = writerOf(type, known);
    write = compiled;
    known.set(type, write);
  }
  return write;
}

function writerOf(type: Type, known: Map<Type, Write>): Write {
  const kind = kindOfType(type);
  switch (kind.kind) {
    case 'null':
      return (_parts, value) => expect(value === null || value === undefined, value, 'null');
    case 'boolean':
      return (parts, value) => {
        expect(typeof value === 'boolean', value, 'true or false');
        parts.push(Buffer.from([value ? 1 : 0]));
      };
    case 'int':
      return (parts, value) => parts.push(varint(integerIn(value, INT.minimum, INT.maximum, 'an integer of 32 bits')));
    case 'long':
      return (parts, value) =>
        parts.push(varint(integerIn(value, LONG.minimum, LONG.maximum, 'an integer of 64 bits')));
    case 'float':
      return (parts, value) => {
        const bytes = Buffer.allocUnsafe(4);
        bytes.writeFloatLE(numberOf(value));
        parts.push(bytes);
      };
    case 'double':
      return (parts, value) => {
        const bytes = Buffer.allocUnsafe(8);
        bytes.writeDoubleLE(numberOf(value));
        parts.push(bytes);
      };
    case 'bytes':
      return (parts, value) => {
        const bytes = typeof value === 'string' ? Buffer.from(value) : value;
        expect(Buffer.isBuffer(bytes), value, 'bytes');
        parts.push(varint(BigInt((bytes as Buffer).length)), bytes as Buffer);
      };
    case 'string':
      return (parts, value) => {
        expect(typeof value === 'string', value, 'a text');
        parts.push(...text(value as string));
      };
    case 'fixed':
      return (parts, value) => {
        expect(Buffer.isBuffer(value) && value.length === kind.size, value, `exactly ${kind.size} bytes`);
        parts.push(value as Buffer);
      };
    case 'enum':
      return (parts, value) => {
        const position = kind.symbols.indexOf(value as string);
        expect(position >= 0, value, `one of ${kind.symbols.join(', ')}`);
        parts.push(varint(BigInt(position)));
      };
    case 'decimal': {
      const inner = kindOfType(kind.inner);
      const write = compile(kind.inner, known);
      return (parts, value) => write(parts, decimalBytes(numberOf(value), kind.scale, inner));
    }
    case 'union': {
      const writes = kind.branches.map((branch) => compile(branch, known));
      return (parts, value) => writeBranch(parts, value, writes, kind.branches);
    }
    case 'array': {
      const write = compile(kind.inner, known);
      return (parts, value) => {
        expect(Array.isArray(value), value, 'a list');
        const elements = value as unknown[];
        if (elements.length > 0) {
          parts.push(varint(BigInt(elements.length)));
          for (const [index, element] of elements.entries()) {
            inField(String(index), () => write(parts, element));
          }
        }
        parts.push(varint(0n));
      };
    }
    case 'map': {
      const write = compile(kind.inner, known);
      return (parts, value) => {
        const members = Object.entries(objectFrom(value));
        if (members.length > 0) {
          parts.push(varint(BigInt(members.length)));
          for (const [name, member] of members) {
            parts.push(...text(name));
            inField(name, () => write(parts, member));
          }
        }
        parts.push(varint(0n));
      };
    }
    case 'record': {
      const fields = kind.fields.map((field) => ({
        name: field.name,
        absent: defaultBytes(field),
        write: compile(field.type, known),
      }));
      return (parts, value) => {
        const members = objectFrom(value);
        for (const { name, absent, write } of fields) {
          const member = Object.hasOwn(members, name) ? members[name] : undefined;
          if (member === undefined && absent !== undefined) {
            parts.push(absent);
          } else {
            inField(name, () => write(parts, member));
          }
        }
      };
    }
    default:
      throw new Error(`the type ${type.typeName} is not known`);
  }
}

/** The first branch that the value fits. */
function writeBranch(parts: Buffer[], value: unknown, writes: readonly Write[], branches: readonly Type[]): void {
  const before = parts.length;
  for (let position = 0; position < writes.length; position += 1) {
    try {
      parts.push(varint(BigInt(position)));
      writes[position](parts, value);
      return;
    } catch (error) {
      if (!(error instanceof MisfitError)) {
        throw error;
      }
      parts.length = before;
    }
  }
  throw new MisfitError(value, `one of ${branches.map(({ branchName }) => branchName).join(', ')}`);
}

function text(value: string): [Buffer, Buffer] {
  const bytes = Buffer.from(value);
  return [varint(BigInt(bytes.length)), bytes];
}

/** An integer with its sign in the last bit, seven bits a byte. */
function varint(integer: bigint): Buffer {
  let rest = BigInt.asUintN(64, (integer << 1n) ^ (integer >> 63n));
  const bytes: number[] = [];
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  return Buffer.from([...bytes, Number(rest)]);
}

function decimalBytes(value: number, scale: number, inner: ReturnType<typeof kindOfType>): Buffer {
  if (!Number.isFinite(value) || Math.abs(value) >= 1e21 || scale > 100) {
    throw new MisfitError(value, `a decimal of the scale ${scale}`);
  }
  const unscaled = BigInt(value.toFixed(scale).replace('.', ''));
  let length = inner.kind === 'fixed' ? inner.size : 1;
  while (BigInt.asIntN(8 * length, unscaled) !== unscaled) {
    if (inner.kind === 'fixed') {
      throw new MisfitError(value, `a decimal of ${length} bytes`);
    }
    length += 1;
  }
  return Buffer.from(
    BigInt.asUintN(8 * length, unscaled)
      .toString(16)
      .padStart(2 * length, '0'),
    'hex',
  );
}
