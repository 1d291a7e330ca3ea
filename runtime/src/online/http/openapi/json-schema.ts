/** A JSON Schema (2020-12), as OpenAPI 3.1 has it. */
export type JsonSchema = { readonly [key: string]: unknown } | boolean;

/** A reference to a part of the document. */
export function reference(kind: 'schemas' | 'responses' | 'headers', name: string): { readonly $ref: string } {
  return { $ref: `#/components/${kind}/${name}` };
}

/** An object with these keys and no others; all of them are required. */
export function exactObject(properties: Readonly<Record<string, JsonSchema>>): JsonSchema {
  return { type: 'object', required: Object.keys(properties), properties, additionalProperties: false };
}

/** One of several forms. */
export function anyOf(forms: readonly JsonSchema[]): JsonSchema {
  return forms.length === 1 ? forms[0] : { anyOf: forms };
}

/** A list, of a fixed length where one is given. */
export function listOf(items: JsonSchema, length?: number): JsonSchema {
  return { type: 'array', items, ...(length === undefined ? {} : { minItems: length, maxItems: length }) };
}
