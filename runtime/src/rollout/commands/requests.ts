import * as z from 'zod';
import { ROLLOUT_ANNOTATION_PREFIX, ROLLOUT_VERBS } from '../../contract';
import type { ConfigMapObject } from '../../kubernetes-api';
import type { PersonRequest, Verb } from '../machine';

const MOST_CHARACTERS = 500;

const command = z.object({ id: z.string().min(1), by: z.string().optional(), why: z.string().optional() });

const managers = z.array(
  z.object({ manager: z.string().optional(), fieldsV1: z.record(z.string(), z.unknown()).optional() }).catch({}),
);

/** What people ask for by annotations of a ConfigMap. A value that is no JSON object is the reason alone. */
export function requestsIn({ metadata }: ConfigMapObject): PersonRequest[] {
  const { annotations = {}, managedFields } = metadata;
  return ROLLOUT_VERBS.flatMap((verb) => {
    const value = annotations[annotationOf(verb)];
    return value === undefined ? [] : [requestOf(verb, value, managerOf(verb, managedFields))];
  });
}

/** The annotations without requests. */
export function withoutRequests(annotations: Readonly<Record<string, string>> = {}): Record<string, string> {
  const names = ROLLOUT_VERBS.map(annotationOf);
  return Object.fromEntries(Object.entries(annotations).filter(([name]) => !names.includes(name)));
}

function annotationOf(verb: Verb): string {
  return `${ROLLOUT_ANNOTATION_PREFIX}${verb}`;
}

function requestOf(verb: Verb, value: string, manager: string): PersonRequest {
  const { data } = command.safeParse(parse(value));
  return data === undefined
    ? { verb, by: manager, why: value.slice(0, MOST_CHARACTERS) }
    : {
        verb,
        id: data.id.slice(0, MOST_CHARACTERS),
        by: (data.by || manager).slice(0, MOST_CHARACTERS),
        why: (data.why ?? '').slice(0, MOST_CHARACTERS),
      };
}

/** Who wrote an annotation, as the API remembers it. */
function managerOf(verb: Verb, managedFields: unknown): string {
  const entries = managers.safeParse(managedFields).data ?? [];
  const key = `f:${annotationOf(verb)}`;
  const found = entries.findLast(({ fieldsV1 }) => {
    const metadata = objectAt(fieldsV1, 'f:metadata');
    return Object.hasOwn(objectAt(metadata, 'f:annotations'), key);
  });
  return found?.manager ?? 'kubectl';
}

function objectAt(value: object | undefined, key: string): object {
  const found: unknown = value === undefined ? undefined : (value as Record<string, unknown>)[key];
  return typeof found === 'object' && found !== null ? found : {};
}

function parse(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return undefined; // a plain text
  }
}
