import { Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { quote, RULES, type Violation, violation } from '../kubernetes';
import type { Model } from '../model';

const DECLARED = new WeakMap<Chart, Map<string, Construct[]>>();

/** Remembers that a construct serves a model in a namespace. */
export function declareModel(construct: Construct, model: Model, namespace: string | undefined): void {
  const chart = Chart.of(construct);
  const models = DECLARED.get(chart) ?? new Map<string, Construct[]>();
  DECLARED.set(chart, models);
  const key = keyOf(model, namespace);
  models.set(key, [...(models.get(key) ?? []), construct]);
}

/** Checks that no other construct of the chart serves the same version of the same model in the same namespace. */
export function checkDeclaredOnce(construct: Construct, model: Model, namespace: string | undefined): Violation[] {
  const others = (DECLARED.get(Chart.of(construct))?.get(keyOf(model, namespace)) ?? []).filter(
    (other) => other !== construct && isInTree(other),
  );
  return others.length === 0
    ? []
    : [
        violation(
          RULES.uniqueModel,
          `The model ${quote(model.name)} version ${quote(model.version)} is also served by ${others.map(({ node }) => quote(node.path)).join(', ')}.`,
          'Give one of them another version, or raise the replicas of the other.',
        ),
      ];
}

function keyOf({ name, version }: Model, namespace: string | undefined): string {
  return JSON.stringify([namespace, name, version]);
}

function isInTree({ node }: Construct): boolean {
  return node.scope?.node.tryFindChild(node.id) !== undefined;
}
