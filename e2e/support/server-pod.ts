import { restrictedContainer, restrictedPod } from './client-pod';
import { IMAGE, type Manifest } from './manifests';

/** A server of a test. */
export interface ServerPod {
  /** Name of the pod and of its Service. */
  readonly name: string;
  readonly port: number;
  readonly command: readonly string[];
  /** @default - the runtime image */
  readonly image?: string;
  /** Where the volume is mounted. */
  readonly mountPath: string;
  /** Kind of the volume and its options. */
  readonly volume: Manifest;
}

/** The pod and its Service. It is ready when it takes connections. */
export function serverPod({ name, port, command, image = IMAGE, mountPath, volume }: ServerPod): Manifest[] {
  const labels = { app: name };
  const container = {
    name: 'server',
    image,
    imagePullPolicy: 'IfNotPresent',
    command,
    readinessProbe: { tcpSocket: { port }, periodSeconds: 1 },
    ...restrictedContainer(),
    volumeMounts: [{ name: 'volume', mountPath }],
  };
  return [
    { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { selector: labels, ports: [{ port }] } },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, labels },
      spec: { ...restrictedPod(), containers: [container], volumes: [{ name: 'volume', ...volume }] },
    },
  ];
}
