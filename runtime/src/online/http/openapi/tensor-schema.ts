import { type Datatype, DYNAMIC, elementCount, type TensorSpec } from '../../../model';
import { anyOf, type JsonSchema, listOf, reference } from './json-schema';

/** The smallest numbers that round to infinity: half a step above the largest ones of the type. */
const LIMITS = { FP16: 65_520, BF16: 3.39617752923046e38, FP32: 3.4028235677973366e38 };

/** What JSON has no number for. */
const NON_FINITE: JsonSchema = { enum: ['NaN', 'Infinity', '-Infinity'] };

/** One element of a tensor in JSON, by its datatype: components of the document. */
export const ELEMENT_SCHEMAS: Readonly<Record<Datatype, JsonSchema>> = {
  BOOL: { type: 'boolean' },
  INT8: integer('-128', '127'),
  INT16: integer('-32768', '32767'),
  INT32: { ...integer('-2147483648', '2147483647'), format: 'int32' },
  INT64: { ...integer('-9223372036854775808', '9223372036854775807'), format: 'int64' },
  UINT8: integer('0', '255'),
  UINT16: integer('0', '65535'),
  UINT32: integer('0', '4294967295'),
  UINT64: integer('0', '18446744073709551615'),
  FP16: real({ exclusiveMinimum: -LIMITS.FP16, exclusiveMaximum: LIMITS.FP16 }),
  BF16: real({ exclusiveMinimum: -LIMITS.BF16, exclusiveMaximum: LIMITS.BF16 }),
  FP32: real({ exclusiveMinimum: -LIMITS.FP32, exclusiveMaximum: LIMITS.FP32 }),
  FP64: real({ minimum: -Number.MAX_VALUE, maximum: Number.MAX_VALUE }),
  // Without U+0000: the engine ends a string there.
  BYTES: { type: 'string', pattern: '^[^\\u0000]*$' },
};

/** One element of a tensor in JSON. */
export function elementSchema({ datatype }: Pick<TensorSpec, 'datatype'>): JsonSchema {
  return reference('schemas', datatype);
}

/** Nested lists with these sizes; -1 = open. */
export function nestedSchema(sizes: readonly number[], element: JsonSchema): JsonSchema {
  return sizes.reduceRight<JsonSchema>((items, size) => listOf(items, size === DYNAMIC ? undefined : size), element);
}

/** The elements of a tensor in one list, row by row. */
export function flatSchema(spec: TensorSpec): JsonSchema {
  const { shape } = spec;
  return listOf(elementSchema(spec), shape.includes(DYNAMIC) ? undefined : elementCount(shape));
}

/** The sizes of a tensor. */
export function shapeSchema({ shape }: TensorSpec): JsonSchema {
  const sizes = shape.map((size) => (size === DYNAMIC ? OPEN_SIZE : { const: size }));
  return sizes.length === 0
    ? { type: 'array', maxItems: 0 }
    : { type: 'array', prefixItems: sizes, items: false, minItems: sizes.length, maxItems: sizes.length };
}

const OPEN_SIZE = { type: 'integer', minimum: 0, maximum: 2 ** 31 - 1 };

function real(bounds: object): JsonSchema {
  return anyOf([{ type: 'number', ...bounds }, NON_FINITE]);
}

/** With limits as they are written: the largest are no JavaScript numbers. */
function integer(minimum: string, maximum: string): { readonly [key: string]: unknown } {
  return { type: 'integer', minimum: digits(minimum), maximum: digits(maximum) };
}

/** A number that `JSON.stringify` writes in these digits; the types do not know it yet. */
function digits(text: string): unknown {
  return (JSON as typeof JSON & { rawJSON(text: string): unknown }).rawJSON(text);
}
