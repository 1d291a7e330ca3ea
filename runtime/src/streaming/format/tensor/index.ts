export { TensorReader } from './tensor-reader';
export { TensorWriter } from './tensor-writer';
