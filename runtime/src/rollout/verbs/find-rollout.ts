import type { ConfigMapObject } from '../../kubernetes-api';
import type { RolloutAccess } from './access';
import { isRollout } from './snapshot';

const NAME = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

/** The rollout that is meant. */
export interface FoundRollout {
  readonly name: string;

  /** Its ConfigMap, where it was read to find it. */
  readonly object?: ConfigMapObject;
}

/**
 * The rollout that is meant: the one named, else that of this pod, else the only one of the namespace.
 *
 * @throws Error that lists the rollouts when there are several
 */
export async function findRollout(access: RolloutAccess, name: string | undefined): Promise<FoundRollout> {
  if (name !== undefined) {
    if (!NAME.test(name)) {
      throw new Error(
        `${JSON.stringify(name)} cannot be the name of a rollout: lower-case letters, digits, '-' and '.'.`,
      );
    }
    return { name };
  }
  if (access.ownName !== undefined) {
    return { name: access.ownName };
  }
  const found = (await access.list()).filter(isRollout);
  const [only] = found;
  if (only === undefined) {
    throw new Error(`There is no rollout in ${access.place}. Name another namespace by --namespace.`);
  }
  if (found.length > 1) {
    const names = found.map(({ metadata }) => `  ${metadata.name}`).sort();
    throw new Error([`There are ${found.length} rollouts in ${access.place}; name one of them:`, ...names].join('\n'));
  }
  return { name: only.metadata.name, object: only };
}
