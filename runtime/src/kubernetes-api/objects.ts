/** What every object of the API has. */
export interface KubernetesObject {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
  [key: string]: unknown;
}

/** Identity of an object. */
export interface ObjectMeta {
  name: string;
  namespace?: string;

  /** Changes with every change of the object. In {@link KubernetesApi.replace} the precondition. */
  resourceVersion?: string;
  uid?: string;
  annotations?: Record<string, string>;
  labels?: Record<string, string>;
  creationTimestamp?: string;
  managedFields?: unknown[];
}

/** A ConfigMap. */
export interface ConfigMapObject extends KubernetesObject {
  data?: Record<string, string>;
}

/** A kind of objects, and where the API has them. */
export interface Resource {
  /** Empty = the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
}

export const CONFIG_MAPS: Resource = { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap' };

export const LEASES: Resource = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', kind: 'Lease' };

export const EVENTS: Resource = { group: '', version: 'v1', plural: 'events', kind: 'Event' };

/** `apiVersion` of the objects of a resource. */
export function apiVersionOf({ group, version }: Resource): string {
  return group === '' ? version : `${group}/${version}`;
}

/** Path of the objects of a resource in a namespace, or of one of them. */
export function pathOf(resource: Resource, namespace: string, name?: string): string {
  const root = resource.group === '' ? '/api' : '/apis';
  const collection = `${root}/${apiVersionOf(resource)}/namespaces/${encodeURIComponent(namespace)}/${resource.plural}`;
  return name === undefined ? collection : `${collection}/${encodeURIComponent(name)}`;
}
