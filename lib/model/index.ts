export * from './model';
export * from './model-source';
export * from './signature';
export type { BoundSource, PodContext } from './source-binding';
