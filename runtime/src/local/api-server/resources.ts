import { apiVersionOf, CONFIG_MAPS, EVENTS, LEASES, type Resource } from '../../kubernetes-api';

/** What the API knows. */
const RESOURCES: readonly Resource[] = [CONFIG_MAPS, LEASES, EVENTS];

/** What a path names. */
export interface Target {
  readonly resource: Resource;
  readonly namespace: string;

  /** Absent = all objects of the resource. */
  readonly name?: string;
}

/** What a path of the Kubernetes API names; undefined when there is nothing. */
export function targetOf(path: string): Target | undefined {
  const match = /^\/(?:api|apis)\/(.+)\/namespaces\/([^/]+)\/([a-z]+)(?:\/([^/]+))?$/.exec(path);
  const [, apiVersion, namespace = '', plural, name] = match ?? [];
  const resource = RESOURCES.find((each) => apiVersionOf(each) === apiVersion && each.plural === plural);
  return resource && { resource, namespace, ...(name === undefined ? {} : { name: decodeURIComponent(name) }) };
}

/** The resource of a kind; undefined when the API does not know it. */
export function resourceOfKind(kind: string | undefined): Resource | undefined {
  return RESOURCES.find((each) => each.kind === kind);
}
