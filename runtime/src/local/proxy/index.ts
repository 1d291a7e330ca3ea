export { bootstrapPathOf } from './arguments';
export { parseBootstrap, portsOf } from './bootstrap';
export { type Envoy, findEnvoy } from './executable';
