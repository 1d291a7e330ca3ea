import type { ApiObjectMetadata } from 'cdk8s';
import { isLabelValue, isQualifiedName, labelValue } from './names';
import { RULES } from './rules';
import { quote, type Violation, violation } from './violation';

/** Labels or annotations. */
export type Labels = { readonly [key: string]: string };

/** Value of `app.kubernetes.io/managed-by`. */
export const MANAGED_BY = 'cdk8s-model-serving';

/** Keys of the labels that the standard labels are made of. */
export const LABEL_KEYS = {
  name: 'app.kubernetes.io/name',
  version: 'app.kubernetes.io/version',
  instance: 'app.kubernetes.io/instance',
  component: 'app.kubernetes.io/component',
  partOf: 'app.kubernetes.io/part-of',
  managedBy: 'app.kubernetes.io/managed-by',
} as const;

/** Labels that the library finds its pods and objects by. */
const OWNED: string[] = [LABEL_KEYS.name, LABEL_KEYS.instance, LABEL_KEYS.managedBy];

/** What the standard labels say. */
export interface LabelsInput {
  /** What runs: the model's name. */
  readonly name: string;
  /** The model's version. */
  readonly version: string;
  /** This one of possibly several: the name of the objects. */
  readonly instance: string;
  /** Its part in the whole. */
  readonly component: string;
  /** The chart. */
  readonly partOf: string;
}

/**
 * The standard labels of objects and pods.
 *
 * @see https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/
 */
export function standardLabels(input: LabelsInput): Labels {
  return {
    [LABEL_KEYS.name]: labelValue(input.name),
    [LABEL_KEYS.version]: labelValue(input.version),
    [LABEL_KEYS.instance]: input.instance,
    [LABEL_KEYS.component]: input.component,
    [LABEL_KEYS.partOf]: labelValue(input.partOf),
    [LABEL_KEYS.managedBy]: MANAGED_BY,
  };
}

/** The labels that find the pods of one construct and no others. */
export function selectorLabels(labels: Labels): Labels {
  const { name, instance } = LABEL_KEYS;
  return { [name]: labels[name] ?? '', [instance]: labels[instance] ?? '' };
}

/** Checks labels and annotations that a user gave for objects or pods. */
export function checkMetadata(prop: string, metadata: ApiObjectMetadata): Violation[] {
  const found: Violation[] = [];
  for (const [key, value] of Object.entries(metadata.labels ?? {})) {
    if (OWNED.includes(key)) {
      found.push(
        violation(
          RULES.ownedLabel,
          `${prop}.labels sets ${key} to ${quote(value)}.`,
          'Remove it; use a label of your own.',
        ),
      );
    }
    found.push(...checkLabel(`${prop}.labels`, key, value));
  }
  for (const [key, value] of Object.entries(metadata.annotations ?? {})) {
    if (!isQualifiedName(key) || typeof value !== 'string') {
      found.push(
        violation(
          RULES.label,
          `${prop}.annotations has the entry ${quote(key)}: ${quote(value)}.`,
          "Write a key such as 'example.com/owner', and the value as a text.",
        ),
      );
    }
  }
  return found;
}

/** Checks one label. */
export function checkLabel(prop: string, key: string, value: unknown): Violation[] {
  return isQualifiedName(key) && typeof value === 'string' && isLabelValue(value)
    ? []
    : [
        violation(
          RULES.label,
          `${prop} has the entry ${quote(key)}: ${quote(value)}.`,
          `Write a key such as 'example.com/team', and a value such as ${quote(labelValue(String(value)) || 'none')}.`,
        ),
      ];
}
