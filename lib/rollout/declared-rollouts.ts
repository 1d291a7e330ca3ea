import type { Construct, IConstruct } from 'constructs';
import { quote, RULES, type Violation, violation } from '../kubernetes';

const DECLARED = new WeakMap<IConstruct, Map<string, Construct[]>>();

/**
 * Remembers that a rollout changes the shares of a model on a gateway.
 *
 * @returns whether it is the first one
 */
export function declareRollout(rollout: Construct, gateway: IConstruct, model: string): boolean {
  const models = DECLARED.get(gateway) ?? new Map<string, Construct[]>();
  DECLARED.set(gateway, models);
  const rollouts = models.get(model) ?? [];
  models.set(model, [...rollouts, rollout]);
  return rollouts.length === 0;
}

/** Checks that no other rollout changes the same shares. */
export function checkRolloutOnce(rollout: Construct, gateway: IConstruct, model: string): Violation[] {
  const others = (DECLARED.get(gateway)?.get(model) ?? []).filter((other) => other !== rollout);
  const paths = others.map(({ node }) => quote(node.path)).join(', ');
  return others.length === 0
    ? []
    : [
        violation(
          RULES.oneRollout,
          `The model ${quote(model)} is also in the rollout ${paths} of the gateway ${quote(gateway.node.path)}.`,
          'End one before the next begins; what it promoted is then the stable version.',
        ),
      ];
}
