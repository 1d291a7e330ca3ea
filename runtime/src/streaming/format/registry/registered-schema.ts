/** A schema of a registry, with those that it refers to. */
export interface RegisteredSchema {
  readonly id: number;

  /** `AVRO`, `PROTOBUF` or `JSON`. */
  readonly type: string;

  readonly text: string;
  readonly references: readonly SchemaReference[];
}

/** A schema that another one refers to. */
export interface SchemaReference {
  /** How it is referred to: the full name of a type, or the path of an import. */
  readonly name: string;
  readonly schema: RegisteredSchema;
}

/** All schemas that one refers to, directly or not, each before those that refer to it. */
export function allReferences({ references }: RegisteredSchema): SchemaReference[] {
  const found = new Map<string, SchemaReference>();
  for (const reference of references) {
    for (const inner of [...allReferences(reference.schema), reference]) {
      if (!found.has(inner.name)) {
        found.set(inner.name, inner);
      }
    }
  }
  return [...found.values()];
}
