import { ENVIRONMENT } from '../contract';
import { at, type Json, objectsOf } from './json';
import type { EnvironmentVariable } from './pod';
import { RULES } from './rules';
import { quote, type Violation, violation } from './violation';

const NAME_FIELD = 'metadata.name';

/** The name of the pod, as its container is told it. */
export const POD_NAME_VARIABLE: EnvironmentVariable = {
  name: ENVIRONMENT.pod,
  valueFrom: { fieldRef: { fieldPath: NAME_FIELD } },
};

/** Whether a variable of a container is the name of its pod. */
export function isPodName({ name, valueFrom }: Json): boolean {
  return name === ENVIRONMENT.pod && at(valueFrom, 'fieldRef', 'fieldPath') === NAME_FIELD;
}

/**
 * Checks that pods which are known by their names have names that last.
 *
 * @param kind kind of what makes the pods
 * @param container the container that consumes
 */
export function checkMemberName(kind: string, container: Json): Violation[] {
  const found = [
    ...(kind === 'StatefulSet' ? [] : [`The pods are those of a ${kind}.`]),
    ...(objectsOf(container.env).some(isPodName)
      ? []
      : [`The container ${quote(container.name)} does not take ${ENVIRONMENT.pod} from ${NAME_FIELD}.`]),
  ];
  return found.map((what) => violation(RULES.memberName, what, 'Restore what the construct makes.'));
}
