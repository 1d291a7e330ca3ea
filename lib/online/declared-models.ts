import { Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { quote, RULES, type Rule, type Violation, violation } from '../kubernetes';

/** What must be there only once in a chart and namespace. */
export interface DeclaredModel {
  /** Absent = the construct answers no requests. */
  readonly model?: { readonly name: string; readonly version: string };
  readonly namespace: string | undefined;

  /** Name of the objects of the construct. */
  readonly name: string;
}

const DECLARED = new WeakMap<Chart, Map<string, Construct[]>>();

/** Remembers which model a construct serves in a namespace, if any, and how its objects are called. */
export function declareModel(construct: Construct, declared: DeclaredModel): void {
  const chart = Chart.of(construct);
  const constructs = DECLARED.get(chart) ?? new Map<string, Construct[]>();
  DECLARED.set(chart, constructs);
  for (const key of [...modelKeys(declared), nameKey(declared)]) {
    constructs.set(key, [...(constructs.get(key) ?? []), construct]);
  }
}

/** Checks that no other construct of the chart serves the same version of a model, or has objects of the same name. */
export function checkDeclaredOnce(construct: Construct, declared: DeclaredModel): Violation[] {
  const { model, name } = declared;
  return [
    ...modelKeys(declared).flatMap((key) =>
      checkAlone(construct, key, {
        rule: RULES.uniqueModel,
        found: `The model ${quote(model?.name)} version ${quote(model?.version)} is also served by`,
        fix: 'Give one of them another version, or raise the replicas of the other.',
      }),
    ),
    ...checkAlone(construct, nameKey(declared), {
      rule: RULES.uniqueName,
      found: `The name ${quote(name)} is also the name of the objects of`,
      fix: 'Give one of them another metadata.name, or leave it out.',
    }),
  ];
}

function checkAlone(
  construct: Construct,
  key: string,
  { rule, found, fix }: { readonly rule: Rule; readonly found: string; readonly fix: string },
): Violation[] {
  const others = (DECLARED.get(Chart.of(construct))?.get(key) ?? []).filter(
    (other) => other !== construct && isInTree(other),
  );
  const paths = others.map(({ node }) => quote(node.path)).join(', ');
  return others.length === 0 ? [] : [violation(rule, `${found} ${paths}.`, fix)];
}

function modelKeys({ model, namespace }: DeclaredModel): string[] {
  return model === undefined ? [] : [JSON.stringify(['model', namespace, model.name, model.version])];
}

function nameKey({ name, namespace }: DeclaredModel): string {
  return JSON.stringify(['name', namespace, name]);
}

function isInTree({ node }: Construct): boolean {
  return node.scope?.node.tryFindChild(node.id) !== undefined;
}
