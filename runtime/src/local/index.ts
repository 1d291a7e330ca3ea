export type { LogLine } from './container';
export { ManifestError } from './error';
export { type Manifest, parseManifests, readManifests } from './manifests';
export type { ContainerStatus } from './pod';
export { runProxy } from './proxy/run';
export type { RestartPolicy } from './restart-delay';
export { type LocalOptions, type LocalRun, runLocal } from './run';
export type { LocalStatus, PodStatus, ServiceStatus } from './status';
