export type { Look, PersonRequest, ProxyView, Verb } from './look';
export { type Next, next } from './next';
export { splitOf, stepName } from './plan';
export { progressOf } from './step';
