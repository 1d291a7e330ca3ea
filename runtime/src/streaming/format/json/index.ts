export { CarriedJson } from './carried-json';
export { parseExactly } from './exact-text';
export { JsonReader } from './json-reader';
export { JsonRows, type JsonRowsOptions, parsedOf } from './json-rows';
