export { isRelativePath } from './download-rules';
export * from './model';
export * from './model-source';
export { checkStore, mayBePrivate, type StoredObject, storeServers } from './object-store';
export * from './signature';
export type { BoundSource, PodContext } from './source-binding';
