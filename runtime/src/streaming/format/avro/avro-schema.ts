import { type Schema, Type, types } from 'avsc';
import { allReferences, type RegisteredSchema } from '../registry';

/** A decimal number: bytes of a two's complement integer, which is that many digits too large. */
class DecimalType extends types.LogicalType {
  readonly scale: number;

  constructor(schema: Schema, options?: unknown) {
    super(schema, options);
    const { scale = 0 } = schema as { readonly scale?: unknown };
    if (typeof scale !== 'number' || !Number.isInteger(scale) || scale < 0) {
      throw new Error(`the scale of a decimal is ${String(scale)}`);
    }
    this.scale = scale;
  }

  protected override _fromValue(value: unknown): unknown {
    return value;
  }

  protected override _toValue(value: unknown): unknown {
    return value;
  }
}

/**
 * The type that a schema says.
 *
 * @throws Error when the schema, or one that it refers to, is none of Avro
 */
export function avroType(schema: RegisteredSchema): Type {
  const registry = {};
  // Unions are told apart by their branches here, so that none is ambiguous.
  const options = { registry, wrapUnions: 'always' as const, logicalTypes: { decimal: DecimalType } };
  for (const { schema: inner } of allReferences(schema)) {
    Type.forSchema(JSON.parse(inner.text) as Schema, options);
  }
  return Type.forSchema(JSON.parse(schema.text) as Schema, options);
}

/** Kinds of types, with what belongs to them. */
export type AvroKind =
  | { readonly kind: 'null' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'bytes' | 'string' }
  | { readonly kind: 'enum'; readonly symbols: readonly string[] }
  | { readonly kind: 'fixed'; readonly size: number }
  | { readonly kind: 'array' | 'map'; readonly inner: Type }
  | { readonly kind: 'union'; readonly branches: readonly Type[] }
  | { readonly kind: 'decimal'; readonly inner: Type; readonly scale: number }
  | { readonly kind: 'record'; readonly fields: readonly types.Field[] };

/** What a type is. */
export function kindOfType(type: Type): AvroKind {
  const { typeName } = type;
  switch (typeName) {
    case 'enum':
      return { kind: 'enum', symbols: (type as types.EnumType).symbols };
    case 'fixed':
      return { kind: 'fixed', size: (type as types.FixedType).size };
    case 'array':
      return { kind: 'array', inner: (type as types.ArrayType).itemsType };
    case 'map':
      return { kind: 'map', inner: (type as types.MapType).valuesType as Type };
    case 'record':
    case 'error':
      return { kind: 'record', fields: (type as types.RecordType).fields };
    case 'union:wrapped':
    case 'union:unwrapped':
      return { kind: 'union', branches: (type as types.WrappedUnionType).types };
    default:
      return type instanceof DecimalType
        ? { kind: 'decimal', inner: type.underlyingType, scale: type.scale }
        : { kind: typeName as 'null' };
  }
}

/** Bytes of the default of a field; undefined when it has none. */
export function defaultBytes(field: types.Field): Buffer | undefined {
  const value: unknown = field.defaultValue();
  return value === undefined ? undefined : field.type.toBuffer(value);
}
