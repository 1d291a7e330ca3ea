import { JsonPatch } from 'cdk8s';
import { isObject, type Json, objectOf } from './json';
import { RULES } from './rules';
import { quote, type Violation, violation } from './violation';

/** One operation of RFC 6902. */
interface Operation {
  readonly op: string;
  readonly path: string;
  readonly from?: string;
}

/**
 * Applies patches to a pod template. cdk8s applies them too, but leniently: it ignores the removal of what is not there,
 * and makes an addition of a replacement. Here they apply as RFC 6902 says, or are reported and leave the template as it is.
 *
 * @param template pod template; not changed
 * @param patches patches, in order
 */
export function applyPodPatch(template: Json, patches: JsonPatch[]): { template: Json; violations: Violation[] } {
  if (patches.length === 0) {
    return { template, violations: [] };
  }
  let patched: unknown = plain(template);
  const violations: Violation[] = [];
  for (const [index, patch] of patches.entries()) {
    const operation = operationOf(patch);
    const problem = problemOf(operation, patched);
    if (problem === undefined) {
      try {
        patched = JsonPatch.apply(plain(patched), patch);
      } catch (error) {
        violations.push(notApplicable(index, operation, firstLine(error)));
      }
    } else {
      violations.push(notApplicable(index, operation, problem));
    }
  }
  if (!isPodTemplate(patched)) {
    violations.push(
      violation(
        RULES.podPatch,
        'The patched pod template has no metadata.labels or no spec.containers.',
        'Start paths with /metadata/… or /spec/….',
      ),
    );
  }
  return violations.length === 0 ? { template: objectOf(patched), violations } : { template, violations };
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

function operationOf(patch: JsonPatch): Operation {
  // The operation is internal to cdk8s; its text form is the only way in from a library.
  const { operation } = objectOf(plain(patch));
  const { op = '', path = '', from } = objectOf(operation);
  return { op: String(op), path: String(path), ...(from === undefined ? {} : { from: String(from) }) };
}

function problemOf({ op, path, from }: Operation, document: unknown): string | undefined {
  if (path !== '' && !path.startsWith('/')) {
    return `the path ${quote(path)} does not start with '/'`;
  }
  if (from !== undefined && !exists(document, from)) {
    return `there is nothing at ${quote(from)}`;
  }
  if (op === 'replace' || op === 'remove' || op === 'test') {
    return exists(document, path) ? undefined : `there is nothing at ${quote(path)}`;
  }
  return canAdd(document, path) ? undefined : `there is no place for ${quote(path)}`;
}

function exists(document: unknown, path: string): boolean {
  return path === '' || find(document, tokens(path)) !== undefined;
}

function canAdd(document: unknown, path: string): boolean {
  if (path === '') {
    return true;
  }
  const keys = tokens(path);
  const last = keys.pop() ?? '';
  const parent = keys.length === 0 ? document : find(document, keys);
  return Array.isArray(parent)
    ? last === '-' || (/^(0|[1-9]\d*)$/.test(last) && Number(last) <= parent.length)
    : isObject(parent);
}

function tokens(path: string): string[] {
  return path
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function find(document: unknown, keys: string[]): unknown {
  return keys.reduce<unknown>((value, key) => {
    if (Array.isArray(value)) {
      return /^(0|[1-9]\d*)$/.test(key) ? value[Number(key)] : undefined;
    }
    return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  }, document);
}

function isPodTemplate(value: unknown): boolean {
  const { metadata, spec } = objectOf(value);
  const { containers } = objectOf(spec);
  return isObject(objectOf(metadata).labels) && Array.isArray(containers) && containers.length > 0;
}

function notApplicable(index: number, { op, path }: Operation, why: string): Violation {
  return violation(
    RULES.podPatch,
    `podPatch[${index}] (${op} ${quote(path)}) does not apply: ${why}.`,
    "Paths start at the pod template, as in JsonPatch.add('/spec/hostAliases', […]).",
  );
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';
}
