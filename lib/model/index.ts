export * from './model';
export * from './model-source';
export * from './signature';
export type { BoundSource } from './source-binding';
