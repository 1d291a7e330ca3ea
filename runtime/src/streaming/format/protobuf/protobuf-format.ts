import protobuf, { type Type } from 'protobufjs';
import { type RegisteredSchema, type SchemaFormat, type SchemaOfSubject, wireHeader } from '../registry';
import { messageReader } from './message-reader';
import { messageWriter } from './message-writer';
import { withNewestNames } from './newest-names';
import { messageAt, type ProtoFile, protoFile } from './proto-schema';

/** Messages may be nested so deep. */
const MOST_POSITIONS = 32;

/** Positions of the first message of a file, in short. */
const FIRST_MESSAGE = Buffer.from([0]);

/** Protocol buffers, as they are read. */
export const PROTOBUF: SchemaFormat<ProtoFile> = {
  type: 'PROTOBUF',
  compile: protoFile,
  reader: (file, latest) => {
    const readers = new Map<string, (bytes: Buffer) => unknown>();
    return (bytes) => {
      const { path, length } = messagePath(bytes);
      const name = path.join('.');
      let read = readers.get(name);
      if (read === undefined) {
        read = readerOf(messageAt(file, path), latest);
        readers.set(name, read);
      }
      return read(bytes.subarray(length));
    };
  },
};

/** Protocol buffers, as they are written: the first message of the schema. @throws Error when it has none */
export function protobufSubject(schema: RegisteredSchema): SchemaOfSubject {
  const [type] = protoFile(schema).messages;
  if (type === undefined) {
    throw new Error('it has no message');
  }
  const known = type.fieldsArray.map(({ name }) => name);
  return {
    header: Buffer.concat([wireHeader(schema.id), FIRST_MESSAGE]),
    problems: (names) => [
      ...names
        .filter((name) => !known.includes(name))
        .map((name) => `it has no field '${name}'; it has ${known.map((field) => `'${field}'`).join(', ')}`),
      ...type.fieldsArray
        .filter(({ name, required }) => required && !names.includes(name))
        .map(({ name }) => `its field '${name}' is required, and nothing is declared for it`),
    ],
    encode: messageWriter(type),
  };
}

function readerOf(type: Type, latest: ProtoFile | undefined): (bytes: Buffer) => unknown {
  const read = messageReader(type);
  const newest = latest?.root.lookup(type.fullName);
  if (!(newest instanceof protobuf.Type)) {
    return read;
  }
  const view = withNewestNames(type, newest);
  return (bytes) => view(read(bytes));
}

/**
 * Positions of the message that a value is of: their number, then each, as integers with their sign in the last bit; 0 alone is
 * the first message.
 */
function messagePath(bytes: Buffer): { readonly path: readonly number[]; readonly length: number } {
  const reader = protobuf.Reader.create(bytes);
  const count = reader.sint32();
  if (count < 0 || count > MOST_POSITIONS) {
    throw new Error(`it says ${count} positions of its message`);
  }
  const path = count === 0 ? [0] : Array.from({ length: count }, () => reader.sint32());
  return { path, length: reader.pos };
}
