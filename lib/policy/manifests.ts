import { ROLES } from '../contract';
import { at, isObject, type Json, LABEL_KEYS, objectOf, objectsOf } from '../kubernetes';

/** A Kubernetes object of a manifest. */
export interface KubernetesObject {
  /** File that it is in. */
  readonly path: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
  readonly content: Json;
}

/** An object that makes pods of a template. */
export interface Workload extends KubernetesObject {
  readonly template: Json;
  readonly pod: Json;
  readonly podLabels: { readonly [key: string]: string };
}

const WORKLOAD_KINDS = ['Deployment', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob'];

const AUTOSCALER_KINDS = ['HorizontalPodAutoscaler', 'ScaledObject'];

/** Kinds whose pods end when they are done: nobody sends them requests. */
const JOB_KINDS = ['Job', 'CronJob'];

/** Objects of all manifests, found by kind, name and labels. */
export class Manifests {
  public readonly objects: KubernetesObject[];
  public readonly workloads: Workload[];

  /** @param documents parsed documents by the file they are in */
  public constructor(documents: { path: string; content: unknown }[]) {
    this.objects = documents.flatMap(({ path, content }) => (isObject(content) ? [objectIn(path, content)] : []));
    this.workloads = this.objects.filter(({ kind }) => WORKLOAD_KINDS.includes(kind)).map(asWorkload);
  }

  /** All objects of a kind. */
  public ofKind(kind: string): KubernetesObject[] {
    return this.objects.filter((object) => object.kind === kind);
  }

  /** Objects of a kind whose selector finds the pods of a workload. */
  public selecting(kind: string, workload: Workload): KubernetesObject[] {
    return this.ofKind(kind).filter(
      (object) => object.namespace === workload.namespace && matches(selectorOf(object), workload.podLabels),
    );
  }

  /** The autoscaler of a workload. */
  public autoscalerOf(workload: Workload): KubernetesObject | undefined {
    return AUTOSCALER_KINDS.flatMap((kind) => this.ofKind(kind)).find(({ namespace, content }) => {
      const { kind = 'Deployment', name } = objectOf(at(content, 'spec', 'scaleTargetRef'));
      return namespace === workload.namespace && kind === workload.kind && name === workload.name;
    });
  }
}

/** Labels that an object selects pods by; `undefined` when it selects by anything else than plain labels, or nothing. */
export function selectorOf({ kind, content }: KubernetesObject): Json | undefined {
  const spec = objectOf(content.spec);
  const selector = kind === 'Service' ? spec.selector : (spec.selector ?? spec.podSelector);
  if (!isObject(selector)) {
    return undefined;
  }
  if (kind === 'Service') {
    return selector;
  }
  return objectsOf(selector.matchExpressions).length > 0 ? undefined : objectOf(selector.matchLabels);
}

/** Whether a selector finds pods with such labels. An empty one finds all. */
export function matches(selector: Json | undefined, labels: Json): boolean {
  return selector !== undefined && Object.entries(selector).every(([key, value]) => labels[key] === value);
}

/** Whether the pods of a workload end when they are done. */
export function isJob({ kind }: Workload): boolean {
  return JOB_KINDS.includes(kind);
}

/**
 * Whether requests depend on a workload. They do not on the controller of a rollout, which is one and starts after the other, nor on
 * what reads events.
 */
export function servesRequests(workload: Workload): boolean {
  const component = workload.podLabels[LABEL_KEYS.component];
  return !isJob(workload) && component !== ROLES.rollout && component !== ROLES.stream;
}

/** Containers of a workload, init containers included. */
export function containersOf({ pod }: Workload): Json[] {
  return [...objectsOf(pod.initContainers), ...objectsOf(pod.containers)];
}

function objectIn(path: string, content: Json): KubernetesObject {
  const metadata = objectOf(content.metadata);
  return {
    path,
    kind: String(content.kind ?? ''),
    name: String(metadata.name ?? ''),
    namespace: String(metadata.namespace ?? ''),
    content,
  };
}

function asWorkload(object: KubernetesObject): Workload {
  const spec = object.kind === 'CronJob' ? ['spec', 'jobTemplate', 'spec'] : ['spec'];
  const template = objectOf(at(object.content, ...spec, 'template'));
  const labels = Object.entries(objectOf(at(template, 'metadata', 'labels')));
  return {
    ...object,
    template,
    pod: objectOf(template.spec),
    podLabels: Object.fromEntries(labels.map(([key, value]) => [key, String(value)])),
  };
}
