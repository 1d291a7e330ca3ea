import type { Type } from 'avsc';
import { type RegisteredSchema, type SchemaFormat, type SchemaOfSubject, wireHeader } from '../registry';
import { avroType, defaultBytes, kindOfType } from './avro-schema';
import { withNewestNames } from './newest-names';
import { avroReader } from './value-reader';
import { avroWriter } from './value-writer';

/** Avro, as it is read. */
export const AVRO: SchemaFormat<Type> = {
  type: 'AVRO',
  compile: avroType,
  reader: (type, latest) => {
    const read = avroReader(type);
    if (latest === undefined) {
      return read;
    }
    const view = withNewestNames(latest);
    return (bytes) => view(read(bytes));
  },
};

/** Avro, as it is written. @throws Error when the schema is no record */
export function avroSubject(schema: RegisteredSchema): SchemaOfSubject {
  const type = avroType(schema);
  const kind = kindOfType(type);
  if (kind.kind !== 'record') {
    throw new Error(`it is ${type.typeName}, but predictions are records`);
  }
  return {
    header: wireHeader(schema.id),
    problems: (names) => {
      const known = kind.fields.map(({ name }) => name);
      const unknown = names.filter((name) => !known.includes(name));
      const absent = kind.fields.filter(
        (field) => !names.includes(field.name) && defaultBytes(field) === undefined && !takesNull(field.type),
      );
      return [
        ...unknown.map((name) => `it has no field '${name}'; it has ${known.map((field) => `'${field}'`).join(', ')}`),
        ...absent.map(({ name }) => `its field '${name}' has no default, and nothing is declared for it`),
      ];
    },
    encode: avroWriter(type),
  };
}

function takesNull(type: Type): boolean {
  const kind = kindOfType(type);
  return kind.kind === 'null' || (kind.kind === 'union' && kind.branches.some(({ typeName }) => typeName === 'null'));
}
