import { quote } from '../kubernetes';

/** One input or output of a model. */
export interface TensorMetadata {
  /** Name, as requests and answers use it. */
  readonly name: string;

  /** Datatype of the Open Inference Protocol: `FP32`, `INT64`, `BYTES`, … */
  readonly datatype: string;

  /** Size of each dimension; -1 where it is decided by the request. */
  readonly shape: number[];
}

/** What goes into a model and what comes out. */
export interface ModelSignature {
  /** Inputs, in the order of the file. */
  readonly inputs: TensorMetadata[];

  /** Outputs, in the order of the file. */
  readonly outputs: TensorMetadata[];
}

/** Names of tensors, for a message. */
export function namesOf(tensors: TensorMetadata[]): string {
  return tensors.map(({ name }) => quote(name)).join(', ');
}

/** Datatype and shape of a tensor, for a message. */
export function shapeText(tensor: TensorMetadata | undefined): string {
  return tensor === undefined ? 'unknown' : `${tensor.datatype} [${tensor.shape.join(', ')}]`;
}
