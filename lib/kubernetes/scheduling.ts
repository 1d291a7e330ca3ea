import type { Json } from './json';
import { checkLabel, type Labels } from './labels';
import { isDnsSubdomain, isLabelValue, isQualifiedName } from './names';
import { RULES } from './rules';
import { quote, type Violation, violation } from './violation';

/** What a taint does to pods that do not tolerate it. */
export enum TaintEffect {
  /** New pods are not placed on the node. */
  NO_SCHEDULE = 'NoSchedule',
  /** New pods are placed elsewhere if possible. */
  PREFER_NO_SCHEDULE = 'PreferNoSchedule',
  /** New pods are not placed on the node, and running ones are evicted. */
  NO_EXECUTE = 'NoExecute',
}

/**
 * Lets pods run on nodes with a taint, for example GPU nodes.
 *
 * @see https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/
 */
export interface Toleration {
  /**
   * Key of the taint.
   *
   * @default - every taint
   */
  readonly key?: string;

  /**
   * Value of the taint.
   *
   * @default - every value
   */
  readonly value?: string;

  /**
   * Effect of the taint.
   *
   * @default - every effect
   */
  readonly effect?: TaintEffect;
}

/** How pods choose their nodes. */
export interface SchedulingInput {
  readonly nodeSelector?: Labels;
  readonly tolerations?: Toleration[];
  readonly priorityClassName?: string;
  readonly runtimeClassName?: string;
}

/** `tolerations` of a pod. */
export function renderTolerations(tolerations: Toleration[]): Json[] {
  return tolerations.map(({ key, value, effect }) => ({
    key,
    operator: value === undefined ? 'Exists' : 'Equal',
    value,
    effect,
  }));
}

/** Checks how pods choose their nodes. */
export function checkScheduling(input: SchedulingInput): Violation[] {
  const found: Violation[] = [];
  for (const [key, value] of Object.entries(input.nodeSelector ?? {})) {
    found.push(...checkLabel('nodeSelector', key, value));
  }
  for (const [index, { key, value }] of (input.tolerations ?? []).entries()) {
    const valid = key === undefined ? value === undefined : isQualifiedName(key) && isLabelValue(value ?? '');
    if (!valid) {
      found.push(
        violation(
          RULES.scheduling,
          `tolerations[${index}] has the key ${quote(key)} and the value ${quote(value)}.`,
          "Write { key: 'nvidia.com/gpu' }, with a value only beside a key.",
        ),
      );
    }
  }
  for (const prop of ['priorityClassName', 'runtimeClassName'] as const) {
    const name = input[prop];
    if (name !== undefined && !isDnsSubdomain(name)) {
      found.push(violation(RULES.scheduling, `${prop} is ${quote(name)}.`, 'Write the name of an existing class.'));
    }
  }
  return found;
}
