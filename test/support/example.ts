import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseAllDocuments } from 'yaml';

const ROOT = resolve(__dirname, '../..');

/** A Kubernetes object as data. */
export interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly [key: string]: unknown;
}

/** Runs `cdk8s synth` in an example's folder, as its README says; returns the folder with the manifests. */
export function synthesize(example: string): string {
  const output = mkdtempSync(join(tmpdir(), `${example}-`));
  execFileSync(join(ROOT, 'node_modules/.bin/cdk8s'), ['synth', '--check-upgrade=false', '--output', output], {
    cwd: join(ROOT, 'examples', example),
    env: { ...process.env, PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env.PATH}` },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return output;
}

/** All objects of a folder of manifests, in their order. */
export function manifestsOf(folder: string): Manifest[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.yaml'))
    .sort()
    .flatMap((file) => parseAllDocuments(readFileSync(join(folder, file), 'utf8')))
    .map((document) => document.toJS() as Manifest);
}

/** Manifests for a snapshot: a model carried in a ConfigMap is shown by its digest and size. */
export function forSnapshot(manifests: readonly Manifest[]): unknown[] {
  return manifests.map((manifest) => {
    const { binaryData } = manifest as { binaryData?: Record<string, string> };
    if (binaryData === undefined) {
      return manifest;
    }
    const shown = Object.entries(binaryData).map(([key, text]) => {
      const bytes = Buffer.from(text, 'base64');
      return [key, `${bytes.length} bytes, sha256 ${createHash('sha256').update(bytes).digest('hex')}`];
    });
    return { ...manifest, binaryData: Object.fromEntries(shown) };
  });
}
