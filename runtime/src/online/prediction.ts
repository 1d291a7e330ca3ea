import type { Tensor } from '../model';

/** A request that was understood: what to run, and how to write the answer. */
export interface Prediction {
  /** One tensor an input, in the model's order. */
  readonly inputs: readonly Tensor[];

  /** Rows of the request, where all inputs have the same number; undefined when they have not. */
  readonly rows: number | undefined;

  /**
   * Writes the answer.
   *
   * @param outputs one tensor an output, in the model's order; rows of other requests may be in them
   * @param firstRow first row of this request; undefined when the outputs are this request's alone
   */
  answer(outputs: readonly Tensor[], firstRow: number | undefined): string;
}

/** Reads the requests of one protocol for one model. */
export interface Codec {
  /**
   * Reads a body.
   *
   * @throws RequestError when it does not fit the model
   */
  decode(body: Buffer): Prediction;
}

/** Number of rows, when every input has the same. */
export function commonRows(inputs: readonly Tensor[]): number | undefined {
  const rows = inputs[0]?.shape[0];
  return inputs.every(({ shape }) => shape[0] === rows) ? rows : undefined;
}
