import { DEFAULT_IMAGE } from '../../lib/contract';

/** A Kubernetes object, as far as a test writes one. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly [key: string]: unknown };
  readonly [key: string]: unknown;
}

/** A container of the runtime; what is not given is left out. */
export function container(fields: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return { name: 'main', image: DEFAULT_IMAGE, args: ['sleep', '--seconds', '1000'], ...fields };
}

/** A Deployment with one replica of these containers. */
export function deployment(
  name: string,
  podSpec: Readonly<Record<string, unknown>> = {},
  spec: Readonly<Record<string, unknown>> = { replicas: 1 },
): KubernetesObject {
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'ml' },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [container()], ...podSpec } },
      ...spec,
    },
  };
}

/** A Service for the pods of {@link deployment}. */
export function service(
  name: string,
  ports: readonly Readonly<Record<string, unknown>>[],
  spec = {},
): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'ml' },
    spec: { selector: { app: name }, ports, ...spec },
  };
}

/** A ConfigMap. */
export function configMap(name: string, data: Readonly<Record<string, string>>, more = {}): KubernetesObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'ml' }, data, ...more };
}

/** A Secret. */
export function secret(name: string, stringData: Readonly<Record<string, string>>, more = {}): KubernetesObject {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'ml' }, stringData, ...more };
}
