/** JSON Schemas for kubeconform, made from the definitions of the Kubernetes API. */

const { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
require('tsx/cjs');
const { SCHEMAS } = require('../../test/support/requires.ts');
const { CACHE } = require('./tools');

const VERSION_FILE = /^kubernetes-v(\d+\.\d+)\.0\.json$/;
const REFERENCE = '#/definitions/';

/** Keywords whose value is a schema for each of its keys. */
const NAMED_SCHEMAS = ['properties', 'definitions', 'patternProperties'];

/** Where kubeconform finds the schema of an object, below the folder of a Kubernetes version. */
const SCHEMA_PATH = '{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json';

/** What kubeconform takes for the group of `apiVersion: v1`. */
const CORE_GROUP = 'v1';

/** Folder of the definitions: the variable KUBERNETES_SCHEMAS, or the one beside the checkout that tests use too. */
function definitionsFolder() {
  const given = process.env.KUBERNETES_SCHEMAS;
  const folder = given || SCHEMAS;
  const versions = existsSync(folder) ? readdirSync(folder).filter((file) => VERSION_FILE.test(file)) : [];
  if (versions.length > 0) {
    return folder;
  }
  if (given || process.env.CI) {
    throw new Error(
      `no file kubernetes-v<major>.<minor>.0.json in ${folder}: set KUBERNETES_SCHEMAS to a folder that has some`,
    );
  }
  return undefined;
}

/**
 * Writes the schemas of the kinds that occur in manifests, for every version of Kubernetes that there are definitions of.
 * They are closed: a field that they do not name is refused.
 *
 * @param objects objects of the manifests
 * @returns by Kubernetes version, what kubeconform takes as the location of schemas; `undefined` without definitions
 */
function writeSchemas(objects) {
  const source = definitionsFolder();
  if (source === undefined) {
    return undefined;
  }
  rmSync(join(CACHE, 'schemas'), { recursive: true, force: true });
  const kinds = [...new Map(objects.map(kindOf).map((kind) => [JSON.stringify(kind), kind])).values()];
  const files = readdirSync(source).filter((file) => VERSION_FILE.test(file));
  const versions = files.map((file) => [VERSION_FILE.exec(file)[1], file]);
  return new Map(
    versions.map(([version, file]) => {
      const folder = join(CACHE, 'schemas', version);
      const definitions = closedEach(JSON.parse(readFileSync(join(source, file), 'utf8')).definitions);
      for (const kind of kinds) {
        const schema = builtIn(definitions, kind) ?? custom(source, kind);
        if (schema !== undefined) {
          const group = kind.group === '' ? CORE_GROUP : kind.group;
          mkdirSync(join(folder, group), { recursive: true });
          writeFileSync(join(folder, group, fileOf(kind)), JSON.stringify(schema));
        }
      }
      return [version, join(folder, SCHEMA_PATH)];
    }),
  );
}

function kindOf({ apiVersion, kind }) {
  const [version, group = ''] = String(apiVersion).split('/').reverse();
  return { group, version, kind: String(kind) };
}

function fileOf({ kind, version }) {
  return `${kind.toLowerCase()}_${version}.json`;
}

/** Schema of a kind of Kubernetes itself, with the definitions that it needs. */
function builtIn(definitions, { group, version, kind }) {
  const found = Object.entries(definitions).find(([, definition]) =>
    definition['x-kubernetes-group-version-kind']?.some(
      (each) => each.group === group && each.version === version && each.kind === kind,
    ),
  );
  if (found === undefined) {
    return undefined;
  }
  const needed = {};
  const add = (name) => {
    if (!(name in needed)) {
      needed[name] = definitions[name];
      referencesIn(definitions[name]).forEach(add);
    }
  };
  add(found[0]);
  return { $ref: REFERENCE + found[0], definitions: needed };
}

/** Schema of a custom resource. */
function custom(source, kind) {
  const path = join(source, kind.group, fileOf(kind));
  return existsSync(path) ? closed(JSON.parse(readFileSync(path, 'utf8'))) : undefined;
}

function referencesIn(schema) {
  return [...JSON.stringify(schema).matchAll(/"\$ref":"#\/definitions\/([^"]+)"/g)].map(([, name]) => name);
}

/** The same schema, in which objects have no other fields than those that it names. */
function closed(schema) {
  if (Array.isArray(schema)) {
    return schema.map(closed);
  }
  if (typeof schema !== 'object' || schema === null) {
    return schema;
  }
  const copy = {};
  for (const [key, value] of Object.entries(schema)) {
    copy[key] = NAMED_SCHEMAS.includes(key) ? closedEach(value) : closed(value);
  }
  const open = schema.additionalProperties !== undefined || schema['x-kubernetes-preserve-unknown-fields'] === true;
  return schema.properties === undefined || open ? copy : { ...copy, additionalProperties: false };
}

function closedEach(schemas) {
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, closed(schema)]));
}

module.exports = { writeSchemas };
