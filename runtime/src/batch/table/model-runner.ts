import { EngineError, type LoadedModel, rowCount, sliceRows, type Tensor } from '../../model';
import type { BatchFaults } from './faults';

/** Most rows of a run that were not asked for. */
const MOST_ROWS = 8192;

/** A run takes about this long at most, when nothing is declared, in seconds. */
const RUN_SECONDS = 0.05;

/** Inputs and outputs of a run take about this much memory at most, in bytes. */
const RUN_BYTES = 32 * 1024 * 1024;

/** Outputs of some rows of a batch, from one run. */
export interface RunPart {
  readonly from: number;
  readonly rows: number;
  readonly outputs: readonly Tensor[];
}

/**
 * Runs a model over batches of rows.
 *
 * A row for which the model fails is found by running halves, so that it fails alone.
 */
export class ModelRunner {
  /** Rows of a run. */
  readonly rows: number;

  /**
   * @param wantedRows rows of a run; undefined = by what runs cost
   * @param bytesOfRow memory of a row of inputs
   */
  constructor(
    private readonly model: LoadedModel,
    wantedRows: number | undefined,
    bytesOfRow: number,
  ) {
    // Rows that depend on each other get the answer that each gets alone, as a request of one row does.
    this.rows = model.independentRows ? (wantedRows ?? worthwhileRows(model, bytesOfRow)) : 1;
  }

  /**
   * Runs the first rows of a batch; those with a fault need no answer, but have elements that the model can evaluate.
   *
   * @throws SessionLostError
   */
  async run(inputs: readonly Tensor[], rows: number, faults: BatchFaults): Promise<RunPart[]> {
    const parts: RunPart[] = [];
    for (let from = 0; from < rows; from += this.rows) {
      const count = Math.min(this.rows, rows - from);
      const whole = count === rowCount(inputs[0]);
      const slices = whole ? inputs : inputs.map((input) => sliceRows(input, from, count));
      await this.runPart(slices, from, count, faults, parts);
    }
    return parts;
  }

  private async runPart(
    inputs: readonly Tensor[],
    from: number,
    rows: number,
    faults: BatchFaults,
    parts: RunPart[],
  ): Promise<void> {
    let failure: EngineError | undefined;
    try {
      const { outputs } = await this.model.session.run(inputs);
      if (outputs.every((output) => rowCount(output) === rows)) {
        parts.push({ from, rows, outputs });
        return;
      }
    } catch (error) {
      if (!(error instanceof EngineError)) {
        throw error;
      }
      failure = error;
    }
    if (rows === 1) {
      await this.refuse(from, failure, faults);
      return;
    }
    const middle = rows >> 1;
    const half = (start: number, count: number) => inputs.map((input) => sliceRows(input, start, count));
    await this.runPart(half(0, middle), from, middle, faults, parts);
    await this.runPart(half(middle, rows - middle), from + middle, rows - middle, faults, parts);
  }

  /** @throws EngineError when the model fails for what it could evaluate at its start, too */
  private async refuse(row: number, failure: EngineError | undefined, faults: BatchFaults): Promise<void> {
    if (failure === undefined) {
      faults.add(row, { reason: 'the model does not answer one row for this row' });
      return;
    }
    if (this.model.sample !== undefined) {
      await this.model.session.run(this.model.sample);
    }
    const where = failure.operator === undefined ? '' : `: its operator ${failure.operator} failed`;
    faults.add(row, { reason: `the model cannot evaluate this row${where}` });
  }
}

function worthwhileRows({ cost }: LoadedModel, bytesOfRow: number): number {
  const point = cost?.points.at(-1);
  const inTime = point === undefined ? MOST_ROWS : Math.floor((RUN_SECONDS * point.rows) / point.seconds);
  const inMemory = Math.floor(RUN_BYTES / Math.max(1, bytesOfRow));
  return Math.max(1, Math.min(MOST_ROWS, inTime, inMemory));
}
