export { type ApiOptions, KubernetesApi, type RequestOptions, type WatchOptions } from './api';
export { ApiError, type ApiErrorDetails } from './error';
export {
  apiVersionOf,
  CONFIG_MAPS,
  type ConfigMapObject,
  EVENTS,
  type KubernetesObject,
  LEASES,
  type ObjectMeta,
  type Resource,
} from './objects';
export { PODS_PATH, type PodAddress, type PodAddressOptions, podAddresses } from './pod-addresses';
export type { ObjectWatcher, WatchTimes } from './watch';
