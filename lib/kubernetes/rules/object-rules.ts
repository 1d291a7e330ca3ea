import type { RuleTable } from './rule';

/** Names, labels, environment, network, mounted keys and escape hatches: MS1700 to MS1799. */
export const OBJECT_RULES = {
  objectName: {
    code: 'MS1701',
    title: 'Object name',
    statement:
      "A name given by metadata.name has 1 to 45 lower-case letters, digits or '-', starts with a letter and ends with a letter or a digit.",
    why: 'It names a Service, which must be a DNS label, and suffixes are added to it for pods and ConfigMaps.',
    severity: 'error',
    subject: 'program',
  },
  namespace: {
    code: 'MS1702',
    title: 'Namespace',
    statement:
      "A namespace has 1 to 63 lower-case letters, digits or '-', and starts and ends with a letter or a digit.",
    why: 'The API server refuses any other.',
    severity: 'error',
    subject: 'program',
  },
  label: {
    code: 'MS1703',
    title: 'Labels and annotations',
    statement:
      "A label or annotation key is [domain/]name, and a label value has at most 63 letters, digits, '.', '_' or '-', starting and ending with a letter or a digit.",
    why: 'The API server refuses the object.',
    severity: 'error',
    subject: 'program',
  },
  ownedLabel: {
    code: 'MS1704',
    title: 'Labels of the construct',
    statement:
      'The labels app.kubernetes.io/name, app.kubernetes.io/instance and app.kubernetes.io/managed-by are set by the construct alone.',
    why: 'Deployment, Service, disruption budget, network policy and the validation plugin find pods by these labels.',
    severity: 'error',
    subject: 'program',
  },
  podMetadata: {
    code: 'MS1705',
    title: 'Pod metadata',
    statement: 'Pod metadata has labels and annotations, nothing else.',
    why: 'Pods get their names and their namespace from the Deployment; Kubernetes would ignore the rest.',
    severity: 'error',
    subject: 'program',
  },
  environmentName: {
    code: 'MS1706',
    title: 'Environment variables',
    statement:
      "An environment variable has a name of letters, digits, '_', '.' or '-' that does not start with a digit, and a value.",
    why: 'The API server refuses the pod, or the variable is missing at run time.',
    severity: 'error',
    subject: 'program',
  },
  environmentOwner: {
    code: 'MS1707',
    title: 'Environment variables of the runtime',
    statement:
      'Variables that start with MODEL_SERVING_ belong to the runtime; only MODEL_SERVING_LOG_LEVEL may be set.',
    why: 'They come from the environment that starts the process; another value would make it listen or read elsewhere.',
    severity: 'error',
    subject: 'both',
  },
  plainSecret: {
    code: 'MS1708',
    title: 'Secrets by reference',
    statement:
      'An environment variable whose name speaks of a password, a token or a key takes its value from a Secret.',
    why: 'A literal value is readable for everybody who can read the manifests or the Deployment.',
    severity: 'warning',
    subject: 'both',
  },
  podPatch: {
    code: 'MS1709',
    title: 'Pod patch applies',
    statement:
      'Every operation of podPatch applies to the pod template as RFC 6902 says: what it replaces, removes, tests or copies exists, and so does the parent of what it adds.',
    why: 'A patch that does not apply would be lost silently, and the pod would differ from what was meant.',
    severity: 'error',
    subject: 'program',
  },
  scheduling: {
    code: 'MS1710',
    title: 'Scheduling',
    statement:
      'Node selectors are valid labels, class names are Kubernetes object names, and a toleration has a value only beside a key.',
    why: 'The API server refuses the pod.',
    severity: 'error',
    subject: 'program',
  },
  serviceAccount: {
    code: 'MS1711',
    title: 'Annotations of a service account',
    statement: 'Annotations are set on the service account that the construct makes, not on one that is given.',
    why: 'The given one belongs to somebody else; the annotations would be ignored.',
    severity: 'error',
    subject: 'program',
  },
  networkPeer: {
    code: 'MS1712',
    title: 'Network peers',
    statement:
      'A network peer is an address block such as 10.0.0.0/8 or fd00::/8, a namespace name, or valid pod labels.',
    why: 'The API server refuses the network policy, or it selects nobody.',
    severity: 'error',
    subject: 'program',
  },
  uniqueName: {
    code: 'MS1713',
    title: 'One construct for each object name',
    statement: 'In one chart and namespace, a name given by metadata.name is given to one construct.',
    why: 'Objects of the same kind and name are one object: the second would replace the first at the apply.',
    severity: 'error',
    subject: 'program',
  },
  mountedKey: {
    code: 'MS1714',
    title: 'Secrets and ConfigMaps that are mounted',
    statement:
      "A Secret or ConfigMap is named as a Kubernetes object, and a key of it has 1 to 253 letters, digits, '-', '_' or '.'.",
    why: 'The API server refuses the pod, or the file never appears and the pod waits for it for ever.',
    severity: 'error',
    subject: 'program',
  },
} as const satisfies RuleTable;
