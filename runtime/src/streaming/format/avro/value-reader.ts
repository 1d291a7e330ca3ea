import type { Type } from 'avsc';
import { AvroCursor } from './avro-cursor';
import { kindOfType } from './avro-schema';

type Read = (cursor: AvroCursor) => unknown;

/** Elements that take no bytes would let a few bytes fill the memory. */
const MOST_EMPTY_ELEMENTS = 65_536;

/**
 * A reader of values: what JSON would have of them. Integers that a number does not hold are bigints, bytes stay bytes, enums
 * are their symbols, decimals numbers; of unions the value alone is given.
 *
 * @returns a function that throws when bytes are not exactly one value
 */
export function avroReader(type: Type): (bytes: Buffer) => unknown {
  const read = compile(type, new Map());
  return (bytes) => {
    const cursor = new AvroCursor(bytes);
    const value = read(cursor);
    if (cursor.left > 0) {
      throw new Error(`${cursor.left} bytes are left behind it`);
    }
    return value;
  };
}

/** @param known readers of types, which may contain themselves */
function compile(type: Type, known: Map<Type, Read>): Read {
  let read = known.get(type);
  if (read === undefined) {
    let compiled: Read | undefined;
    known.set(type, (cursor) => (compiled as Read)(cursor));
    compiled = readerOf(type, known);
    read = compiled;
    known.set(type, read);
  }
  return read;
}

function readerOf(type: Type, known: Map<Type, Read>): Read {
  const kind = kindOfType(type);
  switch (kind.kind) {
    case 'null':
      return () => null;
    case 'boolean':
      return (cursor) => cursor.boolean();
    case 'int':
      return (cursor) => cursor.int();
    case 'long':
      return (cursor) => cursor.long();
    case 'float':
      return (cursor) => cursor.float();
    case 'double':
      return (cursor) => cursor.double();
    case 'bytes':
      return (cursor) => cursor.take(cursor.size());
    case 'string':
      return (cursor) => cursor.string();
    case 'fixed':
      return (cursor) => cursor.take(kind.size);
    case 'enum':
      return (cursor) => chosen(kind.symbols, cursor.size(), 'symbol');
    case 'decimal': {
      const read = compile(kind.inner, known);
      return (cursor) => decimalOf(read(cursor) as Buffer, kind.scale);
    }
    case 'union': {
      const reads = kind.branches.map((branch) => compile(branch, known));
      return (cursor) => chosen(reads, cursor.size(), 'branch')(cursor);
    }
    case 'array': {
      const read = compile(kind.inner, known);
      return (cursor) => {
        const elements: unknown[] = [];
        inBlocks(cursor, () => elements.push(read(cursor)));
        return elements;
      };
    }
    case 'map': {
      const read = compile(kind.inner, known);
      return (cursor) => {
        const members: Record<string, unknown> = {};
        inBlocks(cursor, () => put(members, cursor.string(), read(cursor)));
        return members;
      };
    }
    case 'record': {
      const fields = kind.fields.map((field) => ({ name: field.name, read: compile(field.type, known) }));
      return (cursor) => {
        const members: Record<string, unknown> = {};
        for (const { name, read } of fields) {
          put(members, name, read(cursor));
        }
        return members;
      };
    }
    default:
      throw new Error(`the type ${type.typeName} is not known`);
  }
}

/** Elements come in blocks, each with their number in front; a negative one is followed by the bytes of the block. */
function inBlocks(cursor: AvroCursor, read: () => void): void {
  let empty = 0;
  for (let count = cursor.size(); count !== 0; count = cursor.size()) {
    if (count < 0) {
      cursor.size();
    }
    for (let element = 0; element < Math.abs(count); element += 1) {
      const before = cursor.left;
      read();
      if (cursor.left === before) {
        empty += 1;
        if (empty > MOST_EMPTY_ELEMENTS) {
          throw new Error(`a list has more than ${MOST_EMPTY_ELEMENTS} elements without bytes`);
        }
      }
    }
  }
}

function chosen<T>(choices: readonly T[], position: number, what: string): T {
  const choice = choices[position];
  if (choice === undefined) {
    throw new Error(`there is no ${what} ${position}`);
  }
  return choice;
}

/** A member of any name: `__proto__` as well. */
export function put(members: Record<string, unknown>, name: string, value: unknown): void {
  if (name === '__proto__') {
    Object.defineProperty(members, name, { value, enumerable: true, configurable: true, writable: true });
  } else {
    members[name] = value;
  }
}

function decimalOf(bytes: Buffer, scale: number): number {
  const hex = bytes.toString('hex');
  const unscaled = hex === '' ? 0n : BigInt.asIntN(8 * bytes.length, BigInt(`0x${hex}`));
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  return Number(`${unscaled < 0n ? '-' : ''}${whole}.${digits.slice(digits.length - scale)}`);
}
