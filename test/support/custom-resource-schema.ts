import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv, { type ValidateFunction } from 'ajv';
import type { Manifest } from './manifests';
import { SCHEMAS } from './requires';

interface Schema {
  readonly properties?: { [name: string]: Schema };
  readonly items?: Schema;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  additionalProperties?: unknown;
}

const validators = new Map<string, ValidateFunction>();

/** What is wrong with a custom resource; empty when the API server would take it. Unknown fields are refused. */
export function customResourceProblems(object: Manifest): string[] {
  const [group, version] = String(object.apiVersion).split('/');
  const path = join(SCHEMAS, String(group), `${String(object.kind).toLowerCase()}_${version}.json`);
  const validate = validators.get(path) ?? compile(path);
  validate(JSON.parse(JSON.stringify(object)));
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${object.kind}${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}

function compile(path: string): ValidateFunction {
  const schema: Schema = JSON.parse(readFileSync(path, 'utf8'));
  close(schema);
  const validate = new Ajv({ strict: false, allErrors: true, validateFormats: false }).compile(schema);
  validators.set(path, validate);
  return validate;
}

function close(schema: Schema): void {
  if (schema.properties !== undefined && schema.additionalProperties === undefined) {
    schema.additionalProperties = schema['x-kubernetes-preserve-unknown-fields'] === true;
  }
  for (const inner of [
    ...Object.values(schema.properties ?? {}),
    ...(schema.items === undefined ? [] : [schema.items]),
  ]) {
    close(inner);
  }
}
