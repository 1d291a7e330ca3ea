import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type CollectionTag, parseAllDocuments, type ScalarTag } from 'yaml';
import { errorMessage } from '../telemetry';
import { ManifestError } from './error';

/** An object of Kubernetes as it is written in a manifest; what is in it is checked where it is used. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [key: string]: unknown };
  readonly [key: string]: unknown;
}

/**
 * Reads manifests from files, and from all `.yaml` and `.yml` files of directories and their folders, in the order of
 * their names.
 *
 * @throws ManifestError with everything that cannot be read
 */
export function readManifests(paths: readonly string[]): Manifest[] {
  const problems: string[] = [];
  const manifests = paths.flatMap((path) => {
    try {
      return filesOf(path).flatMap((file) => parseManifests(readFileSync(file, 'utf8'), file));
    } catch (error) {
      problems.push(...(error instanceof ManifestError ? error.problems : [errorMessage(error)]));
      return [];
    }
  });
  if (problems.length === 0 && manifests.length === 0) {
    problems.push(
      `${paths.join(', ')}: no manifest found. Synthesize first (cdk8s synth), then give its output directory.`,
    );
  }
  if (problems.length > 0) {
    throw new ManifestError(problems);
  }
  return manifests;
}

/**
 * Reads the manifests of one text of YAML or JSON.
 *
 * @param subject where the text is from, for messages
 * @throws ManifestError
 */
export function parseManifests(text: string, subject: string): Manifest[] {
  const problems: string[] = [];
  const manifests: Manifest[] = [];
  // Kubernetes reads YAML 1.1, except its times and dates, which stay texts.
  const documents = parseAllDocuments(text, {
    version: '1.1',
    customTags: (tags) => tags.filter((tag) => !isTime(tag)),
  });
  for (const document of 'empty' in documents ? [] : documents) {
    if (document.errors.length > 0) {
      problems.push(...document.errors.map(({ message }) => `${subject}: ${message.trim()}`));
      continue;
    }
    const value: unknown = document.toJS();
    if (value !== null && value !== undefined) {
      collect(value, subject, manifests, problems);
    }
  }
  if (problems.length > 0) {
    throw new ManifestError(problems);
  }
  return manifests;
}

function collect(value: unknown, subject: string, manifests: Manifest[], problems: string[]): void {
  if (isRecord(value) && value.kind === 'List' && Array.isArray(value.items)) {
    for (const item of value.items) {
      collect(item, subject, manifests, problems);
    }
  } else if (isManifest(value)) {
    manifests.push(value);
  } else {
    problems.push(`${subject}: a document is no Kubernetes object: it needs apiVersion, kind and metadata.name.`);
  }
}

function filesOf(path: string): string[] {
  if (!statSync(path).isDirectory()) {
    return [path];
  }
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.ya?ml$/.test(name))
    .sort()
    .map((name) => join(path, name));
}

function isManifest(value: unknown): value is Manifest {
  return (
    isRecord(value) &&
    typeof value.apiVersion === 'string' &&
    typeof value.kind === 'string' &&
    isRecord(value.metadata) &&
    typeof value.metadata.name === 'string'
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTime(tag: ScalarTag | CollectionTag | string): boolean {
  return (
    typeof tag === 'object' && (tag.tag === 'tag:yaml.org,2002:timestamp' || ('format' in tag && tag.format === 'TIME'))
  );
}
