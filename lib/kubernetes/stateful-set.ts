import type { Json } from './json';
import type { Labels } from './labels';

const MIN_READY_SECONDS = 5;
const KEPT_REVISIONS = 3;

/** What a StatefulSet of consumers is made of. */
export interface StatefulSetInput {
  readonly selector: Labels;
  /** Pod template, from `renderPodTemplate`. */
  readonly template: Json;
  /** Number of replicas. Absent = an autoscaler owns it, and an update must not set it back. */
  readonly replicas?: number;
  /** Name of the headless Service. */
  readonly serviceName: string;
}

/**
 * `spec` of a StatefulSet whose pods need their names, and neither an order nor volumes of their own. An update replaces them one
 * by one: two pods of one name are never there together.
 */
export function renderStatefulSet(input: StatefulSetInput): Json {
  return {
    replicas: input.replicas,
    minReadySeconds: MIN_READY_SECONDS,
    revisionHistoryLimit: KEPT_REVISIONS,
    podManagementPolicy: 'Parallel',
    updateStrategy: { type: 'RollingUpdate' },
    serviceName: input.serviceName,
    selector: { matchLabels: { ...input.selector } },
    template: input.template,
  };
}
