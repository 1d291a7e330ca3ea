import { DEFAULT_IMAGE } from '../contract';
import { isFixedImage } from './image';
import { at, type Json, objectsOf } from './json';
import type { Labels } from './labels';

/** Annotation that names, with commas, the checks that kube-score leaves out for an object. */
const KUBE_SCORE_IGNORE = 'kube-score/ignore';

/** A finding of a scanner that does not hold for a Deployment, a StatefulSet or a Job. */
interface Exception {
  readonly scanner: 'kube-score' | 'checkov';
  /** Name of the check. */
  readonly check: string;
  /** Why the finding does not hold. Without `=`, which ends the name of the check in annotations of checkov. */
  readonly reason: string;
  readonly holds: (workload: Workload) => boolean;
}

/** What the exceptions depend on. */
interface Workload {
  readonly kind: 'Deployment' | 'StatefulSet' | 'Job';
  /** Absent = an autoscaler decides. */
  readonly replicas: unknown;
  readonly pod: unknown;
  readonly containers: Json[];
}

const COPY_IS_CURRENT = 'The image never changes, so the copy on the node is current, and a restart needs no registry.';

const SPREAD = 'topologySpreadConstraints spread the replicas over nodes and zones.';

const EXCEPTIONS: Exception[] = [
  {
    scanner: 'kube-score',
    check: 'container-image-pull-policy',
    reason: COPY_IS_CURRENT,
    holds: ({ containers }) => keptImages(containers).length > 0 && keptImages(containers).every(isFixedImage),
  },
  {
    scanner: 'kube-score',
    check: 'deployment-has-host-podantiaffinity',
    reason: SPREAD,
    holds: ({ kind, replicas, pod }) => kind === 'Deployment' && replicas !== 1 && isSpreadOverNodes(pod),
  },
  {
    scanner: 'kube-score',
    check: 'statefulset-has-host-podantiaffinity',
    reason: SPREAD,
    holds: ({ kind, replicas, pod }) => kind === 'StatefulSet' && replicas !== 1 && isSpreadOverNodes(pod),
  },
  {
    // Unlike kube-score it takes a digest for what it is.
    scanner: 'checkov',
    check: 'CKV_K8S_15',
    reason: COPY_IS_CURRENT,
    holds: ({ containers }) =>
      keptImages(containers).includes(DEFAULT_IMAGE) && keptImages(containers).every(isFixedImage),
  },
  {
    scanner: 'checkov',
    check: 'CKV_K8S_43',
    reason: 'The tag of a released runtime is published once and never moved.',
    holds: ({ containers }) => {
      const images = containers.map(({ image }) => image);
      return images.includes(DEFAULT_IMAGE) && images.every(isFixedImage);
    },
  },
];

/**
 * Annotations of a Deployment, a StatefulSet or a Job, with those that tell scanners of manifests which findings do not hold for it, and why.
 *
 * Each follows from the object as it is. What somebody chose to weaken is still found: a tag that can be moved, a
 * single replica.
 *
 * @param spec `spec` of the object, of a CronJob that of its Jobs, patches of the pods included
 * @param given annotations that its author chose; what they except stays so
 */
export function scannerExceptions(spec: Json, given: Labels = {}): Labels {
  const pod = at(spec, 'template', 'spec');
  const containers = [...objectsOf(at(pod, 'initContainers')), ...objectsOf(at(pod, 'containers'))];
  const found = EXCEPTIONS.filter(({ holds }) =>
    holds({ kind: kindOfSpec(spec), replicas: spec.replicas, pod, containers }),
  );
  const ignored = found.filter(({ scanner }) => scanner === 'kube-score').map(({ check }) => check);
  const names = new Set([...namesIn(given[KUBE_SCORE_IGNORE]), ...ignored]);
  return {
    ...Object.fromEntries(found.map(annotation)),
    ...given,
    ...(ignored.length === 0 ? {} : { [KUBE_SCORE_IGNORE]: [...names].join(',') }),
  };
}

function kindOfSpec({ completions, serviceName }: Json): Workload['kind'] {
  if (completions !== undefined) {
    return 'Job';
  }
  return serviceName === undefined ? 'Deployment' : 'StatefulSet';
}

/** kube-score takes names alone, so its reasons stand beside them. */
function annotation({ scanner, check, reason }: Exception): [string, string] {
  return scanner === 'kube-score'
    ? [`kube-score/reason.${check}`, reason]
    : [`checkov.io/skip-${check}`, `${check}=${reason}`];
}

function namesIn(list: string | undefined): string[] {
  return (list ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** Images whose copy on the node is taken without asking the registry. */
function keptImages(containers: Json[]): unknown[] {
  return containers.filter(({ imagePullPolicy }) => imagePullPolicy !== 'Always').map(({ image }) => image);
}

function isSpreadOverNodes(pod: unknown): boolean {
  return objectsOf(at(pod, 'topologySpreadConstraints')).some(
    ({ topologyKey }) => topologyKey === 'kubernetes.io/hostname',
  );
}
