import type { Manifest } from './manifests';
import { serverPod } from './server-pod';

/** A Redis of the cluster: its pod and Service are called so. */
export const REDIS = { name: 'redis', address: 'redis:6379' } as const;

/** Redis without persistence. */
export function redisServer(): Manifest[] {
  return serverPod({
    name: REDIS.name,
    port: 6379,
    image: 'redis:7.4-alpine',
    command: ['redis-server', '--save', '', '--appendonly', 'no', '--protected-mode', 'no'],
    mountPath: '/data',
    volume: { emptyDir: {} },
  });
}
