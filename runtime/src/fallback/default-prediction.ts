import { DATATYPES, DYNAMIC, elementCount, hasRows, type Signature, type Tensor, type TensorSpec } from '../model';
import { ELEMENT_READERS } from '../protocol';
import type { Job } from '../scheduling';
import type { Answerer } from './fallback';

/** A fallback does not fit the model. */
export class FallbackError extends Error {
  override readonly name = 'FallbackError';
}

/** Answers every row with the same declared prediction. */
export class DefaultPrediction implements Answerer {
  readonly keptTime = 0;

  private readonly byRow: boolean;

  /** One row of each output, or the whole output of a model without rows. */
  private readonly outputs: readonly Tensor[];

  /**
   * @param prediction value of each output for one row
   * @throws FallbackError when it is no prediction of the model
   */
  constructor(signature: Signature, prediction: { readonly [output: string]: unknown }) {
    this.byRow = hasRows(signature);
    this.outputs = readPrediction(signature, prediction);
  }

  answer(job: Job, otherwise: () => void): void {
    if (!this.byRow) {
      job.succeed(this.outputs, undefined, 'default');
    } else if (job.rows === undefined) {
      otherwise();
    } else {
      const { rows } = job;
      job.succeed(
        this.outputs.map((row) => tile(row, rows)),
        undefined,
        'default',
      );
    }
  }
}

/**
 * Reads a declared prediction.
 *
 * @param prediction value of each output for one row
 * @returns one row of each output, without the dimension that counts rows; the whole output of a model without rows
 * @throws FallbackError when it is no prediction of the model
 */
export function readPrediction(signature: Signature, prediction: { readonly [output: string]: unknown }): Tensor[] {
  const { outputs } = signature;
  const byRow = hasRows(signature);
  const names = outputs.map(({ name }) => name);
  const unknown = Object.keys(prediction).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new FallbackError(`the model has no output '${unknown}'; its outputs are ${names.join(', ')}.`);
  }
  return outputs.map((spec) => {
    if (!Object.hasOwn(prediction, spec.name)) {
      throw new FallbackError(`the prediction lacks the output '${spec.name}' (${described(spec)}).`);
    }
    return readOutput(spec, prediction[spec.name], byRow);
  });
}

/** A row, so many times. */
function tile({ datatype, shape, data }: Tensor, rows: number): Tensor {
  const tiled = DATATYPES[datatype].allocate(rows * data.length);
  for (let index = 0; index < tiled.length; index += 1) {
    tiled[index] = data[index % data.length];
  }
  return { datatype, shape: [rows, ...shape], data: tiled };
}

function readOutput(spec: TensorSpec, value: unknown, byRow: boolean): Tensor {
  const declared = byRow ? spec.shape.slice(1) : spec.shape;
  // `{"label": 0}` for one value a row, also where a row is a list of one.
  const wrapped = !Array.isArray(value) && elementCount(declared) === 1 ? wrap(value, declared.length) : value;
  const shape: number[] = [];
  const elements = flatten(wrapped, declared, shape, 0);
  const data = elements && DATATYPES[spec.datatype].allocate(elements.length);
  if (elements === undefined || data === undefined || !isReadable(spec, elements, data)) {
    throw new FallbackError(
      `the prediction of the output '${spec.name}' must be ${shapeInWords(declared)} of ${ELEMENT_READERS[spec.datatype].rule} ` +
        `(${described(spec)}).`,
    );
  }
  return { datatype: spec.datatype, shape, data };
}

/** Elements of nested lists in the declared shape; undefined when the shape is another. Open sizes are those of the first list. */
function flatten(value: unknown, declared: readonly number[], shape: number[], axis: number): unknown[] | undefined {
  if (axis === declared.length) {
    return Array.isArray(value) ? undefined : [value];
  }
  if (!Array.isArray(value)) {
    return undefined;
  }
  shape[axis] ??= declared[axis] === DYNAMIC ? value.length : declared[axis];
  if (value.length !== shape[axis]) {
    return undefined;
  }
  const elements: unknown[] = [];
  for (const each of value) {
    const part = flatten(each, declared, shape, axis + 1);
    if (part === undefined) {
      return undefined;
    }
    elements.push(...part);
  }
  // An empty list says nothing of the sizes below it.
  for (let inner = axis + 1; inner < declared.length; inner += 1) {
    shape[inner] ??= Math.max(0, declared[inner]);
  }
  return elements;
}

function isReadable({ datatype }: TensorSpec, elements: readonly unknown[], data: Tensor['data']): boolean {
  // A number that lost digits on its way through JSON is no integer that anybody meant.
  const inexact = (value: unknown) =>
    typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value);
  return (
    !(datatype.endsWith('INT64') && elements.some(inexact)) && ELEMENT_READERS[datatype].read(elements, data, 0) < 0
  );
}

function wrap(value: unknown, depth: number): unknown {
  return depth === 0 ? value : [wrap(value, depth - 1)];
}

function described({ datatype, shape }: TensorSpec): string {
  return `${datatype} [${shape.join(', ')}]`;
}

function shapeInWords(shape: readonly number[]): string {
  return shape.length === 0 ? 'one value' : `nested lists of the shape [${shape.join(', ')}]`;
}
