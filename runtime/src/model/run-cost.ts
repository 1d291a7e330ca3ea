import { DATATYPES, elementCount, type Tensor } from './datatype';
import { rowCount, sliceRows, stackRows } from './rows';
import type { Session } from './session';
import type { Signature } from './signature';

/** Largest run that is tried, unless a larger one is wanted. */
const MAX_ROWS = 1024;

/** Inputs and outputs of a shared run take no more memory than this. */
const MAX_RUN_BYTES = 16 * 1024 * 1024;

/** The measurement ends when it has taken this long. A small model is measured in a few milliseconds. */
const MAX_SECONDS = 0.25;

/** A run is repeated until its repetitions have taken this long, up to {@link MAX_REPETITIONS}. */
const REPEAT_SECONDS = 0.004;
const MAX_REPETITIONS = 3;

/** Sizes of runs shorter than this are passed over, so that small models start at once, in seconds. */
const SHORT_SECONDS = 0.0003;

/** A larger run that lowers the time per row by less than this is not worth its latency. */
const WORTHWHILE_GAIN = 0.1;

/** Times per row that differ by less than this are taken for equal. */
const SAME = 0.05;

/** Sizes in a row without a gain, after which no larger ones are tried. */
const FLAT_SIZES = 3;

/** How long a run of so many rows takes. */
export interface RunCostPoint {
  readonly rows: number;
  readonly seconds: number;
}

/** What runs of a model cost, as measured when it was loaded. */
export interface RunCost {
  /** Measured sizes, ascending; at least one. */
  readonly points: readonly RunCostPoint[];

  /** Most rows that are worth sharing a run: beyond it the time per row no longer falls. */
  readonly worthwhileRows: number;

  /** Most rows whose run was measured to cost no more a row than the best: beyond it the time per row may rise again. */
  readonly flatRows: number;

  /** Whether larger runs were tried; else there was no time for them. */
  readonly settled: boolean;
}

/**
 * Measures what runs cost, for powers of two from one row up to where the time per row goes flat.
 *
 * @param session the model, warm
 * @param sample inputs that it can evaluate
 * @param shares whether requests may share runs; else the sample alone is measured
 * @param wantedRows largest shared run that is wanted, when it is declared
 * @returns undefined when the model fails for the sample after all
 */
export async function measureRunCost(
  session: Session,
  sample: readonly Tensor[],
  shares: boolean,
  wantedRows = 1,
): Promise<RunCost | undefined> {
  const points: RunCostPoint[] = [];
  const maxRows = Math.max(MAX_ROWS, wantedRows);
  const began = performance.now();
  const spent = () => (performance.now() - began) / 1000;
  const first = sample.map((tensor) => (shares ? sliceRows(tensor, 0, 1) : tensor));
  let best = Number.POSITIVE_INFINITY;
  let flat = 0;
  try {
    let rows = shares ? 1 : rowsOf(sample);
    while (flat < FLAT_SIZES) {
      const seconds = await fastest(session, rows > 1 && shares ? first.map((tensor) => repeat(tensor, rows)) : first);
      points.push({ rows, seconds });
      flat = seconds / rows > best * (1 - WORTHWHILE_GAIN) ? flat + 1 : 0;
      best = Math.min(best, seconds / rows);
      const tooLong = spent() + 2 * seconds > MAX_SECONDS;
      const bytes = bytesOfRow(session.signature, first) * rows * 2;
      if (!shares || rows >= maxRows || tooLong || bytes > MAX_RUN_BYTES) {
        break;
      }
      rows = Math.min(rows * (seconds < SHORT_SECONDS ? 4 : 2), maxRows);
    }
  } catch {
    // A model that fails for a larger run is not given one; what was measured before counts.
  }
  if (points.length === 0) {
    return undefined;
  }
  const worthwhile = points.find(({ rows, seconds }) => seconds / rows <= best * (1 + WORTHWHILE_GAIN));
  return {
    points,
    worthwhileRows: worthwhile?.rows ?? 1,
    flatRows: points.findLast(({ rows, seconds }) => seconds / rows <= best * (1 + SAME))?.rows ?? 1,
    settled: flat >= FLAT_SIZES || points.at(-1)?.rows === maxRows,
  };
}

async function fastest(session: Session, inputs: readonly Tensor[]): Promise<number> {
  let shortest = Number.POSITIVE_INFINITY;
  let total = 0;
  for (let run = 0; run < MAX_REPETITIONS && total < REPEAT_SECONDS; run += 1) {
    const { seconds } = await session.run(inputs);
    shortest = Math.min(shortest, seconds);
    total += seconds;
  }
  return shortest;
}

/** One row as often as wanted. */
function repeat(row: Tensor, rows: number): Tensor {
  return stackRows(Array.from({ length: rows }, () => row));
}

function rowsOf(inputs: readonly Tensor[]): number {
  return inputs.length === 0 ? 1 : Math.max(1, rowCount(inputs[0]));
}

/** Memory of one row of all inputs, and of those outputs whose size is known. */
function bytesOfRow(signature: Signature, row: readonly Tensor[]): number {
  const ofInputs = row.reduce((sum, { data }) => sum + (Array.isArray(data) ? data.length * 16 : data.byteLength), 0);
  return ofInputs + (outputBytesOfRow(signature) ?? 0);
}

/** Memory of one row of all outputs; undefined when the model leaves sizes open, or answers text. */
export function outputBytesOfRow({ outputs }: Signature): number | undefined {
  let bytes = 0;
  for (const { datatype, shape } of outputs) {
    const element = DATATYPES[datatype].bytes;
    const tail = shape.slice(1);
    if (element === undefined || tail.some((size) => size < 0)) {
      return undefined;
    }
    bytes += element * elementCount(tail);
  }
  return bytes;
}
