import type { ApiObjectMetadata } from 'cdk8s';
import type { IServiceAccount } from 'cdk8s-plus-28';
import { checkMetadata, type Labels } from './labels';
import { isDnsLabel, isObjectName } from './names';
import { RULES } from './rules';
import { quote, type Violation, violation } from './violation';

/** Checks the name and the namespace of the objects of a construct, and the metadata that a user gave for them. */
export function checkObjectNames(
  name: string,
  namespace: string | undefined,
  metadata: ApiObjectMetadata | undefined,
): Violation[] {
  const found = metadata === undefined ? [] : checkMetadata('metadata', metadata);
  if (!isObjectName(name)) {
    found.push(
      violation(RULES.objectName, `metadata.name is ${quote(name)}.`, "Write it as in 'iris-v1', or leave it out."),
    );
  }
  if (namespace !== undefined && !isDnsLabel(namespace)) {
    found.push(
      violation(
        RULES.namespace,
        `The namespace is ${quote(namespace)}.`,
        "Write it as in new Chart(app, 'iris', { namespace: 'ml-serving' }).",
      ),
    );
  }
  return found;
}

/** Checks labels and annotations that a user gave for pods. */
export function checkPodMetadata(metadata: ApiObjectMetadata | undefined): Violation[] {
  if (metadata === undefined) {
    return [];
  }
  const others = Object.entries(metadata).filter(
    ([key, value]) => key !== 'labels' && key !== 'annotations' && value !== undefined,
  );
  return [
    ...checkMetadata('podMetadata', metadata),
    ...others.map(([key, value]) =>
      violation(RULES.podMetadata, `podMetadata.${key} is ${quote(value)}.`, 'Remove it, or put it into metadata.'),
    ),
  ];
}

/** Checks what a user said of the service account of pods. */
export function checkServiceAccount(
  serviceAccount: IServiceAccount | undefined,
  annotations: Labels = {},
): Violation[] {
  return [
    ...checkMetadata('serviceAccountAnnotations', { annotations }),
    ...(serviceAccount === undefined || Object.keys(annotations).length === 0
      ? []
      : [
          violation(
            RULES.serviceAccount,
            `serviceAccountAnnotations is set, and serviceAccount names ${quote(serviceAccount.name)}.`,
            'Annotate that service account where it is made, or remove one of the two.',
          ),
        ]),
  ];
}
