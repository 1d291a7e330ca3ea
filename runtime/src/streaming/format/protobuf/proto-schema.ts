import protobuf, { type Enum, type Field, type MapField, type Root, type Type } from 'protobufjs';
import { allReferences, type RegisteredSchema } from '../registry';

/** A file of messages. */
export interface ProtoFile {
  readonly root: Root;

  /** Messages at the top of the file, in order. */
  readonly messages: readonly Type[];
}

/**
 * The file that a schema is.
 *
 * @throws Error when it, or one that it imports, cannot be read
 */
export function protoFile(schema: RegisteredSchema): ProtoFile {
  const root = new protobuf.Root();
  for (const { name, schema: imported } of allReferences(schema)) {
    if (protobuf.common.get(name) === null) {
      add(imported.text, root);
    }
  }
  add(schema.text, root);
  root.resolveAll();
  // Alone, because imported files may have the same package.
  const alone = new protobuf.Root();
  const parsed = protobuf.parse(schema.text, alone, { keepCase: true });
  const scope = parsed.package === undefined ? alone : alone.lookup(parsed.package);
  return { root, messages: messagesIn(scope).map(({ fullName }) => root.lookupType(fullName)) };
}

/** The message that a value is of, by the positions in front of it: in the file, then in each message. */
export function messageAt({ messages }: ProtoFile, path: readonly number[]): Type {
  let scope: readonly Type[] = messages;
  let found: Type | undefined;
  for (const position of path) {
    found = scope[position];
    if (found === undefined) {
      throw new Error(`its schema has no message ${path.join('.')}`);
    }
    scope = messagesIn(found);
  }
  if (found === undefined) {
    throw new Error('the number of its message is absent');
  }
  return found;
}

/** Types of numbers with 64 bits. */
const LONGS: ReadonlySet<string> = new Set(['int64', 'uint64', 'sint64', 'fixed64', 'sfixed64']);

/** What is read for a field that is not there; undefined = it counts as absent. */
export function absentValue(field: Field): unknown {
  if (field.repeated) {
    return [];
  }
  if (field.map) {
    return {};
  }
  const isDeclared = field.options?.default !== undefined;
  if ((field.hasPresence || isMessage(field.resolvedType)) && !isDeclared) {
    return undefined;
  }
  const value: unknown = field.defaultValue;
  if (isEnum(field.resolvedType)) {
    return symbolOf(field.resolvedType, value as number);
  }
  if (field.type === 'bytes') {
    return typeof value === 'string' ? Buffer.from(value, 'latin1') : Buffer.from((value as number[] | null) ?? []);
  }
  return LONGS.has(field.type) ? Number(value) : value;
}

/** Name of a value of an enum; its number when it has none. */
export function symbolOf({ valuesById }: Enum, value: number): string | number {
  return (valuesById as Partial<Record<number, string>>)[value] ?? value;
}

export function isEnum(type: Field['resolvedType']): type is Enum {
  return type instanceof protobuf.Enum;
}

export function isMessage(type: Field['resolvedType']): type is Type {
  return type instanceof protobuf.Type;
}

/** Type of the keys of a map. */
export function keyTypeOf(field: Field): string {
  // The library's types know no relation between the two.
  return (field as unknown as MapField).keyType;
}

function add(text: string, root: Root): void {
  const { imports = [], weakImports = [] } = protobuf.parse(text, root, { keepCase: true });
  for (const path of [...imports, ...weakImports]) {
    const known = protobuf.common.get(path);
    if (known !== null) {
      root.addJSON(known.nested ?? {});
    }
  }
}

function messagesIn(scope: protobuf.ReflectionObject | null): Type[] {
  const nested = scope instanceof protobuf.Namespace ? scope.nestedArray : [];
  return nested.filter((inner) => inner instanceof protobuf.Type);
}
