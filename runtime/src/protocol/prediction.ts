import type { Tensor } from '../model';

/** A request that was understood: what to run, and how to write the answer. */
export interface Prediction {
  /** One tensor an input, in the model's order. */
  readonly inputs: readonly Tensor[];

  /** Rows of the request, where all inputs have the same number; undefined when they have not. */
  readonly rows: number | undefined;

  /** The request's own identifier, when its protocol has one. */
  readonly id?: string;

  /** Longest time that the client waits for the answer, in milliseconds. Absent = not said. */
  readonly timeoutMillis?: number;

  /** 1 = first, larger numbers later. Absent = not said. */
  readonly priority?: number;

  /**
   * Writes the answer.
   *
   * @param outputs one tensor an output, in the model's order; rows of other requests may be in them
   * @param firstRow first row of this request; undefined when the outputs are this request's alone
   * @throws RequestError when the answer cannot be given, for example because it is too large
   */
  answer(outputs: readonly Tensor[], firstRow: number | undefined): AnswerBody;
}

/** The body of an answer: JSON, or something else with the headers that say what. */
export type AnswerBody = string | EncodedAnswer;

/** A body that is not JSON alone. */
export interface EncodedAnswer {
  /** `Content-Type` and what else describes the body, but not its length. */
  readonly headers: Readonly<Record<string, string>>;

  readonly body: string | Uint8Array;
}

/** Headers of a request, in lower case, as Node.js gives them. */
export type RequestHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** Reads the requests of one protocol for one model. */
export interface Codec {
  /** Whether what it reads holds no part of the body. */
  readonly copies: boolean;

  /**
   * Reads a body.
   *
   * @param headers they say how the body is to be read
   * @throws RequestError when it does not fit the model
   */
  decode(body: Buffer, headers: RequestHeaders): Prediction;
}

/** Number of rows, when every input has the same. */
export function commonRows(inputs: readonly Tensor[]): number | undefined {
  const rows = inputs[0]?.shape[0];
  return inputs.every(({ shape }) => shape[0] === rows) ? rows : undefined;
}
