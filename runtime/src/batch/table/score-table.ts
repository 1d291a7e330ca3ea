import type duckdb from '@duckdb/node-bindings';
import { Batch, CHUNK_ROWS } from './batch';
import { asTableError, type Connection, nextChunk } from './database';
import { rejectedLines, writeErrorRows } from './error-rows';
import type { FeatureInput } from './feature-columns';
import type { ModelRunner } from './model-runner';
import { NativeGarbage } from './native-garbage';
import type { PredictionColumn } from './prediction-columns';
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

/** Where rows are until they are written. */
export interface RowsPlace {
  readonly rows: ScoredRows;

  /** Reads what is needed of each: the columns of all inputs, side by side, and then perhaps others. */
  readonly query: string;
}

/** Reads, runs and writes one table; reading goes on while the model runs. */
export async function scoreTable(
  plan: ScorePlan,
  { rows: scored, query }: RowsPlace,
  runner: ModelRunner,
  reader: Connection,
  output: ScoreOutput,
  { signal, onRows }: ScoreOptions,
): Promise<Score> {
  const { input, schema } = plan;
  try {
    const stream = await reader.stream(query).catch((error: unknown) => {
      throw asTableError(error, input.path);
    });
    await eachBatch(stream, plan, runner.rows, async (batch) => {
      signal?.throwIfAborted();
      const inputs = batch.runnable();
      const parts = inputs === undefined ? [] : await runner.run(inputs, batch.rows, batch.faults);
      scored.append(batch, parts);
      onRows?.(batch.rows - batch.faults.byRow.size, batch.faults.byRow.size);
    });
    scored.finish();
    const rejected = await rejectedLines(reader, input);
    if (rejected.length > 0) {
      onRows?.(0, rejected.length);
    }
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

/** Calls back for batches of rows, one after the other. The next one is read meanwhile. */
async function eachBatch(
  stream: duckdb.Result,
  { inputs, input }: ScorePlan,
  runRows: number,
  take: (batch: Batch) => Promise<void>,
): Promise<void> {
  const capacity = Math.max(CHUNK_ROWS, Math.ceil(runRows / CHUNK_ROWS) * CHUNK_ROWS);
  let batch = new Batch(inputs, capacity);
  let other = new Batch(inputs, capacity);
  const garbage = new NativeGarbage();
  let taken: Promise<void> = Promise.resolve();
  const fetch = () =>
    nextChunk(stream).catch((error: unknown) => {
      throw asTableError(error, input.path);
    });
  const hand = async () => {
    await taken;
    other.clear();
    taken = take(batch);
    taken.catch(() => undefined); // awaited before the next one, or at the end
    // What is taken now is done with before it is filled again.
    [batch, other] = [other, batch];
  };
  try {
    for (let chunk = await fetch(); chunk !== undefined; chunk = await fetch()) {
      if (batch.full) {
        await hand();
      }
      batch.add(chunk);
      garbage.note();
    }
    if (batch.rows > 0) {
      await hand();
    }
  } finally {
    // Nothing may be under way when the caller frees what it uses.
    await taken;
  }
}
