import { at, LABEL_KEYS, MANAGED_BY, quote, RULES } from '../../kubernetes';
import { finding, type ObjectCheck, type WorkloadCheck } from '../finding';
import { matches, selectorOf } from '../manifests';

const SELECTING_KINDS = ['Service', 'PodDisruptionBudget', 'NetworkPolicy'];

/** A selector of a workload that finds its own pods. */
export const checkOwnSelector: WorkloadCheck = (workload) => {
  const selector = selectorOf(workload);
  return selector === undefined || (Object.keys(selector).length > 0 && matches(selector, workload.podLabels))
    ? []
    : [
        finding(
          workload,
          RULES.selectors,
          `The selector ${quote(selector)} does not match the labels of the pods, ${quote(workload.podLabels)}.`,
          'Use the same labels in both.',
        ),
      ];
};

/** Services, budgets and network policies of this library that find pods. */
export const checkSelectors: ObjectCheck = (object, manifests) => {
  const managed = at(object.content, 'metadata', 'labels', LABEL_KEYS.managedBy) === MANAGED_BY;
  if (!managed || !SELECTING_KINDS.includes(object.kind)) {
    return [];
  }
  const selector = selectorOf(object);
  const finds = manifests.workloads.some(
    ({ namespace, podLabels }) => namespace === object.namespace && matches(selector, podLabels),
  );
  return finds || selector === undefined
    ? []
    : [
        finding(
          object,
          RULES.selectors,
          `The selector ${quote(selector)} finds no pods of these manifests.`,
          'Use the labels of the pod template, app.kubernetes.io/name and app.kubernetes.io/instance.',
        ),
      ];
};

/** A network policy for both directions. */
export const checkNetworkPolicy: WorkloadCheck = (workload, manifests) => {
  const types = manifests
    .selecting('NetworkPolicy', workload)
    .flatMap(({ content }) => at(content, 'spec', 'policyTypes') ?? []);
  const missing = ['Ingress', 'Egress'].filter((type) => !types.includes(type));
  return missing.length === 0
    ? []
    : [
        finding(
          workload,
          RULES.networkPolicy,
          `No network policy with ${missing.join(' and ')} selects the pods.`,
          'Keep the NetworkPolicy of the construct, and patch what it allows.',
        ),
      ];
};
