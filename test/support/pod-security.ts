import type { Manifest } from './manifests';

/**
 * Findings against the Restricted level of the Pod Security Standards, control by control as the page lists them.
 * Written from the page, not from the library, so that the two check each other.
 *
 * @see https://kubernetes.io/docs/concepts/security/pod-security-standards/
 */
export function podSecurityFindings(pod: Manifest): string[] {
  const containers: Manifest[] = [...(pod.initContainers ?? []), ...pod.containers, ...(pod.ephemeralContainers ?? [])];
  const contexts = containers.map(({ name, securityContext }) => ({ name, ...securityContext }));
  const level = pod.securityContext ?? {};
  const findings: string[] = [];
  const forbid = (control: string, broken: boolean) => broken && findings.push(control);

  forbid('Host Namespaces', [pod.hostNetwork, pod.hostPID, pod.hostIPC].some(Boolean));
  forbid('Host Processes', Boolean(level.windowsOptions?.hostProcess));
  forbid(
    'Volume Types',
    (pod.volumes ?? []).some((volume: Manifest) =>
      Object.keys(volume).some(
        (key) =>
          ![
            'name',
            'configMap',
            'csi',
            'downwardAPI',
            'emptyDir',
            'ephemeral',
            'image',
            'persistentVolumeClaim',
            'projected',
            'secret',
          ].includes(key),
      ),
    ),
  );
  forbid(
    'Host Ports',
    containers.some(({ ports }) => (ports ?? []).some(({ hostPort }: Manifest) => hostPort)),
  );
  forbid('Sysctls', (level.sysctls ?? []).length > 0);
  forbid('AppArmor', level.appArmorProfile !== undefined && level.appArmorProfile.type === 'Unconfined');
  forbid('SELinux', level.seLinuxOptions !== undefined);
  forbid(
    'Privileged Containers',
    contexts.some(({ privileged }) => privileged),
  );
  forbid(
    'Privilege Escalation',
    contexts.some(({ allowPrivilegeEscalation }) => allowPrivilegeEscalation !== false),
  );
  forbid(
    '/proc Mount Type',
    contexts.some(({ procMount = 'Default' }) => procMount !== 'Default'),
  );
  forbid(
    'Running as Non-root',
    contexts.some(({ runAsNonRoot = level.runAsNonRoot }) => runAsNonRoot !== true),
  );
  forbid(
    'Running as Non-root user',
    contexts.some(({ runAsUser = level.runAsUser }) => runAsUser === 0),
  );
  forbid(
    'Seccomp',
    contexts.some(
      ({ seccompProfile = level.seccompProfile }) => !['RuntimeDefault', 'Localhost'].includes(seccompProfile?.type),
    ),
  );
  forbid(
    'Capabilities',
    contexts.some(({ capabilities }) => !capabilities?.drop?.includes('ALL')),
  );
  forbid(
    'Added Capabilities',
    contexts.some(({ capabilities }) =>
      (capabilities?.add ?? []).some((added: string) => added !== 'NET_BIND_SERVICE'),
    ),
  );
  return findings;
}
