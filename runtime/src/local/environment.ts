import { availableParallelism, totalmem } from 'node:os';
import { type Data, keyText, type Objects } from './objects';
import type { PodIdentity } from './pod-plan';
import type { Container, EnvironmentVariable } from './schema';

/** Where values come from. */
export interface EnvironmentSources {
  readonly pod: PodIdentity;
  readonly objects: Objects;
  /** Address that stands for the pod's. */
  readonly podIP: string;
}

/** Environment of a container as its manifest says: `envFrom` first, then `env`, each seeing what is above it. */
export function environmentOf(
  container: Container,
  sources: EnvironmentSources,
  problems: string[],
): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const { prefix, configMapRef, secretRef } of container.envFrom) {
    for (const [kind, reference] of [['ConfigMap', configMapRef] as const, ['Secret', secretRef] as const]) {
      if (reference !== undefined) {
        const data = find(kind, reference, sources, problems);
        for (const [key, value] of data ?? []) {
          environment[`${prefix}${key}`] = value.toString();
        }
      }
    }
  }
  for (const variable of container.env) {
    const value = variableValue(variable, container, environment, sources, problems);
    if (value !== undefined) {
      environment[variable.name] = value;
    }
  }
  return environment;
}

/** Replaces `$(NAME)` by the variable's value, as Kubernetes does: an unknown name stays as it is, `$$` stands for `$`. */
export function expand(text: string, environment: Readonly<Record<string, string>>): string {
  return text.replace(/\$\$|\$\(([^()]*)\)/g, (match, name: string | undefined) =>
    name === undefined ? '$' : (environment[name] ?? match),
  );
}

function variableValue(
  { name, value, valueFrom }: EnvironmentVariable,
  container: Container,
  environment: Readonly<Record<string, string>>,
  sources: EnvironmentSources,
  problems: string[],
): string | undefined {
  if (valueFrom === undefined) {
    return expand(value ?? '', environment);
  }
  const { configMapKeyRef, secretKeyRef, fieldRef, resourceFieldRef } = valueFrom;
  const subject = `${sources.pod.workload}: container ${container.name}: env ${name}`;
  const reference = configMapKeyRef ?? secretKeyRef;
  if (reference !== undefined) {
    const data = find(configMapKeyRef === undefined ? 'Secret' : 'ConfigMap', reference, sources, problems);
    const found = data?.get(reference.key);
    if (data !== undefined && found === undefined && !reference.optional) {
      problems.push(
        `${subject}: ${reference.name} has no key ${reference.key}. Add the key, or make the reference optional.`,
      );
    }
    return found?.toString();
  }
  if (fieldRef !== undefined) {
    const field = fieldOf(fieldRef.fieldPath, sources);
    if (field === undefined) {
      problems.push(
        `${subject}: the field ${fieldRef.fieldPath} is not known here. Use ${FIELDS.join(', ')}, or a label or annotation.`,
      );
    }
    return field;
  }
  if (resourceFieldRef !== undefined) {
    const { resource, divisor, containerName = container.name } = resourceFieldRef;
    const quantity = containerName === container.name ? resourceOf(resource, container) : undefined;
    if (quantity === undefined) {
      problems.push(
        `${subject}: the resource ${resource} is not known here. Use limits or requests of cpu or memory of the container itself.`,
      );
      return undefined;
    }
    return String(Math.ceil(quantity / (parseQuantity(divisor ?? 1) || 1)));
  }
  problems.push(
    `${subject}: valueFrom names no source that is known here. Use a ConfigMap, a Secret, a field or a resource.`,
  );
  return undefined;
}

/** Content of an object, with a problem when it has to be there and is not. */
export function find(
  kind: 'ConfigMap' | 'Secret',
  { name, optional }: { readonly name: string; readonly optional: boolean },
  { pod, objects }: Pick<EnvironmentSources, 'pod' | 'objects'>,
  problems: string[],
): Data | undefined {
  const data = (kind === 'Secret' ? objects.secrets : objects.configMaps).get(
    keyText({ namespace: pod.namespace, name }),
  );
  if (data === undefined && !optional) {
    const fix =
      kind === 'Secret'
        ? 'Give a file with a Secret of that name beside the manifests.'
        : 'Give the manifest that holds it.';
    problems.push(`${pod.workload}: the ${kind} ${pod.namespace}/${name} is not among the manifests. ${fix}`);
  }
  return data;
}

const FIELDS = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.podIP',
  'status.hostIP',
];

/** A field of the pod, by its path; `undefined` when it is not known here. */
export function fieldOf(path: string, { pod, podIP }: Pick<EnvironmentSources, 'pod' | 'podIP'>): string | undefined {
  const subscript = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path);
  if (subscript !== null) {
    return (subscript[1] === 'labels' ? pod.labels : pod.annotations)[subscript[2] ?? ''] ?? '';
  }
  const fields: Readonly<Record<string, string>> = {
    'metadata.name': pod.name,
    'metadata.namespace': pod.namespace,
    'metadata.uid': pod.uid,
    'spec.nodeName': 'localhost',
    'spec.serviceAccountName': pod.serviceAccountName,
    'status.podIP': podIP,
    'status.podIPs': podIP,
    'status.hostIP': podIP,
  };
  return fields[path];
}

/** A resource of the container, in cores or bytes; what the container does not limit is the machine's. */
function resourceOf(resource: string, { resources }: Container): number | undefined {
  const [kind, name = ''] = resource.split('.');
  const machine: Readonly<Record<string, number>> = { cpu: availableParallelism(), memory: totalmem() };
  if ((kind !== 'limits' && kind !== 'requests') || machine[name] === undefined) {
    return undefined;
  }
  const declared = resources[kind][name] ?? resources.limits[name];
  return declared === undefined ? machine[name] : parseQuantity(declared);
}

const SUFFIXES: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** A Kubernetes quantity, such as `500m` or `2Gi`, as a number; NaN when it is none. */
function parseQuantity(quantity: string | number): number {
  const match = /^([+-]?[0-9.]+(?:[eE][+-]?\d+)?)([A-Za-z]*)$/.exec(String(quantity));
  return match === null ? Number.NaN : Number(match[1]) * (SUFFIXES[match[2] ?? ''] ?? Number.NaN);
}
