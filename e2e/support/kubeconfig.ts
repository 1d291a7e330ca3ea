import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kubectl } from './kubectl';
import type { Manifest } from './manifests';
import type { Namespace } from './namespace';

/** A kubeconfig of somebody who may steer rollouts in one namespace, and nothing else. */
export interface OperatorConfig {
  /** Path for KUBECONFIG. It has the contexts `token` and `plugin`. */
  readonly path: string;

  /** Name that the cluster knows the operator by. */
  readonly user: string;
  remove(): void;
}

const ACCOUNT = 'operator';

/** Makes a service account with that access, and a kubeconfig with its token: written down, and given by a credential plugin. */
export async function operatorConfig(namespace: Namespace): Promise<OperatorConfig> {
  await namespace.apply(account(namespace.name));
  const token = (await namespace.kubectl(['create', 'token', ACCOUNT])).trim();
  const { clusters } = JSON.parse(await kubectl(['config', 'view', '--raw', '--minify', '--output', 'json']));
  const directory = mkdtempSync(join(tmpdir(), 'e2e-kubeconfig-'));
  const plugin = join(directory, 'plugin');
  const credential = { apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: { token } };
  writeFileSync(plugin, `#!/bin/sh\necho '${JSON.stringify(credential)}'\n`, { mode: 0o755 });
  const users = {
    token: { token },
    plugin: { exec: { apiVersion: credential.apiVersion, command: plugin, interactiveMode: 'Never' } },
  };
  const path = join(directory, 'config');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters,
    users: Object.entries(users).map(([name, user]) => ({ name, user })),
    contexts: Object.keys(users).map((name) => ({
      name,
      context: { cluster: clusters[0].name, user: name, namespace: namespace.name },
    })),
    'current-context': 'token',
  };
  writeFileSync(path, JSON.stringify(config), { mode: 0o600 });
  return {
    path,
    user: `system:serviceaccount:${namespace.name}:${ACCOUNT}`,
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** What docs/operating.md says that an operator needs. */
function account(namespace: string): Manifest[] {
  const metadata = { name: ACCOUNT };
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata,
      rules: [
        { apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list', 'watch', 'patch'] },
        { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get'] },
      ],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: ACCOUNT },
      subjects: [{ kind: 'ServiceAccount', name: ACCOUNT, namespace }],
    },
  ];
}
