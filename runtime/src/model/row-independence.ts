import { DATATYPES, type Datatype, elementCount, type Tensor } from './datatype';
import { rowCount, sliceRows, stackRows } from './rows';
import type { Session } from './session';
import { hasOpenBatch, type Signature } from './signature';

const RELATIVE_TOLERANCE = 1e-3;
const ABSOLUTE_TOLERANCE = 1e-4;

/** Bits of 1, and how many numbers there are from 1 to 2, of the datatypes that are bits here. */
const HALVES: Readonly<Partial<Record<Datatype, { readonly one: number; readonly steps: number }>>> = {
  FP16: { one: 0x3c00, steps: 1024 },
  BF16: { one: 0x3f80, steps: 128 },
};

/** Inputs of one row of zeros, `false` and empty strings. Open dimensions are 1. */
export function zeroInputs({ inputs }: Signature): Tensor[] {
  return inputs.map(({ datatype, shape }) => {
    const sizes = shape.map((size) => (size < 0 ? 1 : size));
    return { datatype, shape: sizes, data: DATATYPES[datatype].allocate(elementCount(sizes)) };
  });
}

/**
 * Finds out whether the rows of a model are independent: whether a row gets the same answer alone and beside another row.
 *
 * An open first dimension does not say so: a model may normalize over its rows, or answer one number for all of them.
 * Only when rows are independent may requests of several clients share a run.
 *
 * @param session the model
 * @param sample inputs that the model can evaluate
 */
export async function hasIndependentRows(session: Session, sample: readonly Tensor[]): Promise<boolean> {
  if (!hasOpenBatch(session.signature)) {
    return false;
  }
  const rows = Math.min(...sample.map(rowCount));
  if (rows < 1) {
    return false;
  }
  const row = (index: number) => sample.map((tensor) => sliceRows(tensor, index, 1));
  const first = row(0);
  const others = rows > 1 ? [row(1)] : [first.map(varyAll), first.map(varyReals)];
  try {
    const alone = await session.run(first);
    const other = await firstThatRuns(session, others);
    // The first row again at the end: else a sum over the rows so far, or sorted rows, could look independent.
    const order = [first, other.inputs, first];
    const together = await session.run(first.map((_, index) => stackRows(order.map((inputs) => inputs[index]))));
    const expected = [alone.outputs, other.outputs, alone.outputs];
    return together.outputs.every(
      (output, index) =>
        rowCount(output) === expected.length &&
        expected.every((outputs, position) => agree(outputs[index], sliceRows(output, position, 1))),
    );
  } catch {
    return false; // a model that fails for one of these inputs is run for each request alone
  }
}

/** Runs inputs until the model can evaluate some: not every model knows every integer or string. */
async function firstThatRuns(session: Session, candidates: readonly (readonly Tensor[])[]) {
  const [inputs, ...rest] = candidates;
  try {
    return { inputs, outputs: (await session.run(inputs)).outputs };
  } catch (error) {
    if (rest.length === 0) {
      throw error;
    }
    return firstThatRuns(session, rest);
  }
}

/** The same row with other values. */
function varyAll(tensor: Tensor): Tensor {
  const { datatype, shape, data } = tensor;
  if (isReal(tensor)) {
    return varyReals(tensor);
  }
  const varied = DATATYPES[datatype].allocate(data.length);
  for (let index = 0; index < data.length; index += 1) {
    const value = data[index];
    if (typeof value === 'string') {
      varied[index] = `${value}a`;
    } else if (typeof value === 'bigint') {
      varied[index] = value + 1n;
    } else {
      varied[index] = datatype === 'BOOL' ? 1 - value : value + 1;
    }
  }
  return { datatype, shape, data: varied };
}

/** The same row with other real numbers; integers and strings may be positions or categories. */
function varyReals(tensor: Tensor): Tensor {
  const { datatype, data } = tensor;
  if (data instanceof Float32Array || data instanceof Float64Array) {
    return { ...tensor, data: data.map((value, index) => value + spread(index)) };
  }
  const half = HALVES[datatype];
  if (half === undefined || !(data instanceof Uint16Array)) {
    return tensor;
  }
  return { ...tensor, data: data.map((_, index) => half.one + Math.floor(spread(index) * half.steps)) };
}

/** The golden ratio spreads numbers over [0, 1), the same at every start. */
function spread(index: number): number {
  return ((index + 1) * 0.618_033_988_749_895) % 1;
}

function isReal({ datatype }: Tensor): boolean {
  return datatype === 'FP32' || datatype === 'FP64' || HALVES[datatype] !== undefined;
}

function agree(a: Tensor, b: Tensor): boolean {
  if (a.shape.length !== b.shape.length || a.shape.some((size, axis) => size !== b.shape[axis])) {
    return false;
  }
  for (let index = 0; index < a.data.length; index += 1) {
    if (!same(a.data[index], b.data[index], a.datatype === 'FP32' || a.datatype === 'FP64')) {
      return false;
    }
  }
  return true;
}

/** A batch may sum in another order than a row, so real numbers are compared with a tolerance. */
function same(a: unknown, b: unknown, real: boolean): boolean {
  if (Object.is(a, b) || a === b) {
    return true;
  }
  return (
    real &&
    typeof a === 'number' &&
    typeof b === 'number' &&
    Math.abs(a - b) <= ABSOLUTE_TOLERANCE + RELATIVE_TOLERANCE * Math.abs(a)
  );
}
