import type { Json } from '../kubernetes';

/**
 * `rules` of the Role of a controller: its own rollout and its own Lease by their names, and events, which have no name before
 * they are there. It cannot see pods, Secrets or other rollouts.
 *
 * @param name name of the rollout
 */
export function controllerRules(name: string): Json[] {
  return [
    {
      apiGroups: [''],
      resources: ['configmaps'],
      resourceNames: [name],
      verbs: ['get', 'list', 'watch', 'update', 'patch'],
    },
    {
      apiGroups: ['coordination.k8s.io'],
      resources: ['leases'],
      resourceNames: [name],
      verbs: ['get', 'update', 'patch'],
    },
    { apiGroups: [''], resources: ['events'], verbs: ['create'] },
  ];
}

/**
 * What a RoleBinding says beside its metadata: who has the Role of its name.
 *
 * @param name name of the Role
 * @param serviceAccount service account of the controller
 */
export function controllerBinding(name: string, serviceAccount: string, namespace: string | undefined): Json {
  return {
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
    subjects: [{ kind: 'ServiceAccount', name: serviceAccount, namespace }],
  };
}
