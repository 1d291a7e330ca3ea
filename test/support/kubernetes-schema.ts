import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv';
import type { Manifest } from './manifests';
import { SCHEMAS } from './requires';

interface Definition {
  readonly properties?: { [name: string]: unknown };
  additionalProperties?: unknown;
  readonly 'x-kubernetes-group-version-kind'?: { group: string; version: string; kind: string }[];
}

/** Checks objects against the API of one version of Kubernetes; unknown fields are refused. */
export class KubernetesSchema {
  private readonly ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
  private readonly names = new Map<string, string>();

  constructor(version: string) {
    const path = join(SCHEMAS, `kubernetes-v${version}.0.json`);
    if (!existsSync(path)) {
      throw new Error(`no schema of Kubernetes ${version} at ${path}`);
    }
    const { definitions } = JSON.parse(readFileSync(path, 'utf8')) as { definitions: { [name: string]: Definition } };
    for (const [name, definition] of Object.entries(definitions)) {
      if (definition.properties !== undefined && definition.additionalProperties === undefined) {
        definition.additionalProperties = false;
      }
      for (const { group, version: apiVersion, kind } of definition['x-kubernetes-group-version-kind'] ?? []) {
        this.names.set([group, apiVersion, kind].join('/'), name);
      }
    }
    this.ajv.addSchema({ $id: 'kubernetes', definitions });
  }

  /** What is wrong with an object; empty when the API server would take it. */
  problems({ apiVersion, kind, ...rest }: Manifest): string[] {
    const [version, group = ''] = String(apiVersion).split('/').reverse();
    const name = this.names.get([group, version, kind].join('/'));
    if (name === undefined) {
      return [`${apiVersion} ${kind} is unknown`];
    }
    const validate = this.ajv.getSchema(`kubernetes#/definitions/${name}`);
    validate?.({ apiVersion, kind, ...rest });
    return (validate?.errors ?? []).map(
      ({ instancePath, message, params }) => `${kind}${instancePath} ${message} ${JSON.stringify(params)}`,
    );
  }
}
