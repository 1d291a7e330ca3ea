import type { PredictionColumn } from '../../prediction-columns';
import type { Connection } from './database';
import { rejectedLines, writeErrorRows } from './error-rows';
import type { FeatureInput } from './feature-columns';
import type { ModelRunner } from './model-runner';
import { readPieces, type TablePiece } from './read-pieces';
import type { PassedColumn, ScoredRows } from './scored-rows';
import type { Score, ScoreOptions, ScoreOutput } from './scorer';
import type { TableFile, TableSchema } from './table-file';

/** How one table is scored. */
export interface ScorePlan {
  readonly input: TableFile;
  readonly schema: TableSchema;
  readonly inputs: readonly FeatureInput[];
  readonly passed: readonly PassedColumn[];
  readonly predictions: readonly PredictionColumn[];
}

/** Where rows come from, and where they are until they are written. */
export interface RowsPlace {
  readonly rows: ScoredRows;

  /** They read what is needed of each row: the columns of all inputs, side by side, and then perhaps others. */
  readonly pieces: readonly TablePiece[];

  /** Connections that read pieces, at the same time. */
  readonly readers: readonly Connection[];
}

/** Reads, runs and writes one table; reading goes on while the model runs. */
export async function scoreTable(
  plan: ScorePlan,
  { rows: scored, pieces, readers }: RowsPlace,
  runner: ModelRunner,
  output: ScoreOutput,
  { signal, onRows, onRead }: ScoreOptions,
): Promise<Score> {
  const { input, schema, inputs } = plan;
  const [reader] = readers;
  const reading = { path: input.path, inputs, runRows: runner.rows, keepsChunks: scored.needsChunks };
  try {
    await readPieces(pieces, readers, reading, async ({ batch, position }) => {
      signal?.throwIfAborted();
      const tensors = batch.runnable();
      const parts = tensors === undefined ? [] : await runner.run(tensors, batch.rows, batch.faults);
      scored.append(batch, parts, position);
      onRows?.(batch.rows - batch.faults.byRow.size, batch.faults.byRow.size);
    });
    scored.finish();
    const rejected = await rejectedLines(reader, input, schema);
    if (rejected.length > 0) {
      onRows?.(0, rejected.length);
    }
    onRead?.();
    for (const file of output.files) {
      signal?.throwIfAborted();
      await scored.write(file);
    }
    const rowsError = await writeErrorRows(output.errorsPath, input, schema, scored, rejected, reader);
    signal?.throwIfAborted();
    const rowsIn = scored.rows + rejected.length;
    return { rowsIn, rowsOut: rowsIn - rowsError, rowsError };
  } finally {
    await scored.drop();
  }
}
