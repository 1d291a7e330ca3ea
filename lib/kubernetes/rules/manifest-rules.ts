import type { RuleTable } from './rule';

/** What only finished manifests can break: MS2000 to MS2099. */
export const MANIFEST_RULES = {
  restrictedPod: {
    code: 'MS2001',
    title: 'Restricted Pod Security',
    statement:
      'Pods meet the Restricted level of the Pod Security Standards: no root user, seccomp RuntimeDefault, no privilege escalation, all capabilities dropped, no host namespaces, ports or paths.',
    why: 'A model file comes from outside; a fault in whatever reads it must not reach the node.',
    severity: 'error',
    subject: 'manifests',
  },
  readOnlyRoot: {
    code: 'MS2002',
    title: 'Read-only root file system',
    statement: 'Containers have a read-only root file system, and volumes in memory or on disk have a size limit.',
    why: 'Nothing that breaks in can stay, and no pod can fill the disk of its node.',
    severity: 'error',
    subject: 'manifests',
  },
  serviceAccountToken: {
    code: 'MS2003',
    title: 'No service account token',
    statement: 'A pod has a service account of its own and mounts no token of it.',
    why: 'A model server does not talk to the API server; a token would only help whoever breaks in.',
    severity: 'error',
    subject: 'manifests',
  },
  probes: {
    code: 'MS2004',
    title: 'Three probes',
    statement: 'A serving container has a startup, a readiness and a liveness probe, and liveness is not readiness.',
    why: 'Without them requests reach a model that is not loaded, and a process that hangs is never restarted; with one path for both, a drain becomes a restart.',
    severity: 'error',
    subject: 'manifests',
  },
  resources: {
    code: 'MS2005',
    title: 'Requests and limits',
    statement: 'Every container has requests and limits of CPU, memory and ephemeral storage.',
    why: 'Without them one pod can take the whole node, and the runtime cannot size its threads.',
    severity: 'error',
    subject: 'manifests',
  },
  rollingUpdate: {
    code: 'MS2006',
    title: 'Updates keep all capacity',
    statement:
      'A Deployment updates with maxUnavailable 0, and its progress deadline is longer than its startup probe.',
    why: 'Otherwise a release takes pods away before their successors answer, or is called failed while the model still loads.',
    severity: 'error',
    subject: 'manifests',
  },
  selectors: {
    code: 'MS2007',
    title: 'Selectors find their pods',
    statement:
      'The selectors of a Deployment, Service, disruption budget and network policy match the labels of the pod template that they belong to.',
    why: 'A selector that matches nothing fails silently: no endpoint, no budget, no isolation.',
    severity: 'error',
    subject: 'manifests',
  },
  disruptionBudget: {
    code: 'MS2008',
    title: 'Disruption budget',
    statement: 'A Deployment with more than one replica has a disruption budget.',
    why: 'Without it a node drain may evict all replicas at once.',
    severity: 'warning',
    subject: 'manifests',
  },
  networkPolicy: {
    code: 'MS2009',
    title: 'Network policy',
    statement: 'Serving pods are selected by a network policy for ingress and egress.',
    why: 'Without one every pod of the cluster may call the model, and the model server may call everything.',
    severity: 'error',
    subject: 'manifests',
  },
  configuration: {
    code: 'MS2010',
    title: 'Configuration of the runtime',
    statement:
      'The configuration that a serving pod mounts is among the manifests and has the schema of the runtime; its ports are those of the container, its files are in mounted volumes, and probes ask over TLS when the port speaks it.',
    why: 'The runtime refuses any other configuration and ends with exit code 43.',
    severity: 'error',
    subject: 'manifests',
  },
  preStop: {
    code: 'MS2011',
    title: 'Delay before the shutdown',
    statement: 'A serving container has a preStop hook.',
    why: 'Load balancers learn of a stopping pod some seconds later than the pod itself; without a delay they send it requests that nobody answers.',
    severity: 'error',
    subject: 'manifests',
  },
} as const satisfies RuleTable;
