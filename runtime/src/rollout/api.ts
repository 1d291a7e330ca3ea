import type { KubernetesApi } from '../kubernetes-api';

/** What a controller needs of the API of the cluster. */
export type RolloutApi = Pick<KubernetesApi, 'namespace' | 'get' | 'replace' | 'create' | 'watch'>;
