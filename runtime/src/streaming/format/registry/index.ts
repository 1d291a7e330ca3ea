export { KnownSchemas, type ReadValue, type SchemaFormat } from './known-schemas';
export { expect, inField, integerIn, MisfitError, numberOf, objectFrom } from './misfit';
export { allReferences, type RegisteredSchema } from './registered-schema';
export { SchemaReader } from './schema-reader';
export { SchemaRegistry } from './schema-registry';
export { type SchemaOfSubject, SchemaWriter } from './schema-writer';
export { HEADER_BYTES, wireHeader } from './wire-format';
