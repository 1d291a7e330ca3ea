import type { Volume, VolumeMount } from './pod';

/** Where every client of the Kubernetes API looks for the identity of its pod. */
const DIRECTORY = '/var/run/secrets/kubernetes.io/serviceaccount';

const VOLUME = 'api-access';

/** Lifetime of a token; the kubelet replaces it in time. */
const TOKEN_SECONDS = 3607;

/** Readable for the group of the pod alone. */
const MODE = 0o440;

/** Mount of {@link serviceAccountTokenVolume}. */
export const SERVICE_ACCOUNT_TOKEN_MOUNT: VolumeMount = { name: VOLUME, mountPath: DIRECTORY, readOnly: true };

/**
 * What Kubernetes mounts into pods with `automountServiceAccountToken`, as a volume that only those containers get which call
 * the API.
 */
export function serviceAccountTokenVolume(): Volume {
  return {
    name: VOLUME,
    projected: {
      defaultMode: MODE,
      sources: [
        { serviceAccountToken: { path: 'token', expirationSeconds: TOKEN_SECONDS } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        {
          downwardAPI: {
            items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
          },
        },
      ],
    },
  };
}
