import type { Json } from './json';
import type { Labels } from './labels';

const MIN_READY_SECONDS = 5;
const KEPT_REVISIONS = 3;

/** What a Deployment of a model server is made of. */
export interface DeploymentInput {
  readonly selector: Labels;
  /** Pod template, from `renderPodTemplate`. */
  readonly template: Json;
  /** Number of replicas. Absent = an autoscaler owns it, and an update must not set it back. */
  readonly replicas?: number;
  /** Time after which an update without progress counts as failed. */
  readonly progressDeadlineSeconds: number;
}

/** `spec` of a Deployment that never has fewer ready pods than it should, also while it is updated. */
export function renderDeployment(input: DeploymentInput): Json {
  return {
    replicas: input.replicas,
    minReadySeconds: MIN_READY_SECONDS,
    progressDeadlineSeconds: input.progressDeadlineSeconds,
    revisionHistoryLimit: KEPT_REVISIONS,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: '25%' } },
    selector: { matchLabels: { ...input.selector } },
    template: input.template,
  };
}
