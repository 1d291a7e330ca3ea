import { setTimeout as wait } from 'node:timers/promises';
import { sliceRows, type Tensor } from '../../model';
import { RequestError } from '../../request-error';
import { exponentialDelay, type Inference } from '../../scheduling';
import { errorMessage, type Logger } from '../../telemetry';
import type { DecodedBatch, PredictedRows } from '../event';
import { answerTo } from './rows-job';

const FIRST_PAUSE = 50;
const MOST_PAUSE = 5000;

/** Faults that pass: no room, a store or engine that is away for a while, no time. */
const PASSING: ReadonlySet<number> = new Set([429, 503, 504]);

/** A row that the model refuses. */
export interface RefusedRow {
  readonly row: number;
  readonly reason: string;
}

/** The predictions of a batch. */
export interface ScoredRows {
  readonly predicted: readonly PredictedRows[];
  readonly refused: readonly RefusedRow[];
  readonly featureSeconds: number;
}

/** Options of {@link RowScorer}. */
export interface RowScorerOptions {
  readonly inference: Inference;

  /** Whether rows may share a run; else each is run alone. */
  readonly independentRows: boolean;
  readonly logger: Logger;

  /** Learns of a failed attempt that is made again. */
  readonly onRetry: (error: unknown) => void;
}

/**
 * Predicts the rows of a batch in one run. One that fails is tried by halves, until the rows that are at fault are alone; faults
 * that pass are waited for.
 */
export class RowScorer {
  constructor(private readonly options: RowScorerOptions) {}

  async score({ inputs, rows }: DecodedBatch): Promise<ScoredRows> {
    const result = { predicted: [] as PredictedRows[], refused: [] as RefusedRow[], featureSeconds: 0 };
    if (this.options.independentRows) {
      await this.scorePart(inputs, 0, rows, result);
    } else {
      await Promise.all(
        Array.from({ length: rows }, (_, row) => this.scorePart(slice(inputs, row, 1), row, 1, result)),
      );
      result.predicted.sort((a, b) => a.firstRow - b.firstRow);
    }
    return result;
  }

  /** @param inputs of these rows alone */
  private async scorePart(
    inputs: readonly Tensor[],
    firstRow: number,
    rows: number,
    result: { predicted: PredictedRows[]; refused: RefusedRow[]; featureSeconds: number },
  ): Promise<void> {
    if (rows === 0) {
      return;
    }
    for (let attempt = 0; ; attempt += 1) {
      try {
        const answer = await answerTo(this.options.inference, inputs, rows);
        const isOwn = answer.source === 'own' || answer.source === 'response-cache';
        result.predicted.push({
          firstRow,
          rows,
          outputs: answer.outputs,
          firstOutputRow: answer.firstRow,
          source: isOwn ? 'model' : 'fallback',
        });
        result.featureSeconds += answer.featureSeconds;
        return;
      } catch (error) {
        if (!(error instanceof RequestError)) {
          throw error;
        }
        if (PASSING.has(error.status)) {
          this.options.onRetry(error);
          this.options.logger.debug({ reason: errorMessage(error) }, 'rows cannot be scored yet');
          await wait(exponentialDelay(attempt, FIRST_PAUSE, MOST_PAUSE));
          continue;
        }
        if (rows === 1) {
          result.refused.push({ row: firstRow, reason: error.message });
          return;
        }
        const half = rows >> 1;
        await this.scorePart(slice(inputs, 0, half), firstRow, half, result);
        await this.scorePart(slice(inputs, half, rows - half), firstRow + half, rows - half, result);
        return;
      }
    }
  }
}

function slice(inputs: readonly Tensor[], from: number, rows: number): Tensor[] {
  return inputs.map((tensor) => sliceRows(tensor, from, rows));
}
