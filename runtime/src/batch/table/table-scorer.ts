import { rm } from 'node:fs/promises';
import type { LoadedModel } from '../../model';
import { defaultPredictions, type PredictionColumn, predictionColumns } from '../../prediction-columns';
import type { Connection, Database } from './database';
import { ElementMemory } from './element-memory';
import { TableError } from './error';
import { type FeatureInput, featureInputs, featureProblems } from './feature-columns';
import { featureQuery } from './feature-query';
import { ModelRunner } from './model-runner';
import type { ParquetReaders } from './parquet-readers';
import { passThroughColumns } from './passed-columns';
import { PredictionFunctions } from './prediction-functions';
import { RowsInTable } from './rows-in-table';
import { canBeHeld, RowsOfFile } from './rows-of-file';
import { readSchema } from './schema';
import { type RowsPlace, type ScorePlan, scoreTable } from './score-table';
import type { PassedColumn } from './scored-rows';
import type { Score, ScoreOptions, ScoreOutput, Scorer, ScorerOptions } from './scorer';
import { firstRowRead, piecesOf, rowsRead, sourceOf } from './source';
import type { TableFile, TableFormat, TableSchema } from './table-file';

/** What is read of a table, and what becomes of it. */
interface TablePlan {
  readonly inputs: readonly FeatureInput[];
  readonly passed: readonly PassedColumn[];
  readonly mismatches: readonly string[];
}

/** Scores tables by one model, with DuckDB. */
export class TableScorer implements Scorer {
  private readonly predictions: readonly PredictionColumn[];
  private readonly runner: ModelRunner;
  private readonly memory = new ElementMemory();
  private functions: PredictionFunctions | undefined;

  /** @throws TableError when features or predictions do not fit the model's signature, with all that does not */
  constructor(
    private readonly database: Database,
    private readonly readers: ParquetReaders,
    private readonly textAheadBytes: number,
    private readonly model: LoadedModel,
    private readonly options: ScorerOptions,
  ) {
    const { signature } = model;
    const { features, predictions = defaultPredictions(signature), batchRows } = options;
    const problems = featureProblems(signature, features);
    this.predictions = predictionColumns(signature, predictions, problems);
    problems.push(...namesTwice(this.predictions.map(({ name }) => name)));
    if (signature.inputs.some(({ shape: [rows] }) => rows !== undefined && rows > 1)) {
      problems.push('the model takes a fixed number of rows; export it with an open first dimension.');
    }
    if (problems.length > 0) {
      throw new TableError(`The columns do not fit the model: ${problems.join(' ')}`);
    }
    const elements = features.reduce((sum, { columns }) => sum + columns.length, 0);
    this.runner = new ModelRunner(model, batchRows, 8 * elements);
  }

  mismatches(schema: TableSchema): string[] {
    return [...this.plan(schema, formatOf(schema)).mismatches];
  }

  columnsRead(schema: TableSchema): string[] {
    const { inputs, passed } = this.plan(schema, formatOf(schema));
    return [...new Set([...inputs.flatMap(({ columns }) => columns), ...passed].map(({ name }) => name))];
  }

  columnsWritten(schema: TableSchema): string[] {
    const { passed } = this.plan(schema, formatOf(schema));
    return [...passed, ...this.predictions].map(({ name }) => name);
  }

  async score(input: TableFile, output: ScoreOutput, options: ScoreOptions = {}): Promise<Score> {
    const { signal } = options;
    signal?.throwIfAborted();
    const connections = [await this.database.connect()];
    const [writer] = connections;
    const stop = () => {
      for (const connection of connections) {
        connection.interrupt();
      }
    };
    signal?.addEventListener('abort', stop);
    try {
      const schema = options.schema ?? (await readSchema(writer, input));
      const { inputs, passed, mismatches } = this.plan(schema, input.format);
      if (mismatches.length > 0) {
        throw new TableError(`${input.path} does not fit: ${mismatches.join(' ')}`);
      }
      const plan = { input, schema, inputs, passed, predictions: this.predictions };
      const rows = rowsRead(input, schema);
      const isHeld = rows !== undefined && canBeHeld(this.predictions, rows);
      const readers = isHeld ? await this.readers.connect() : [await this.database.connect(this.textAheadBytes)];
      connections.push(...readers);
      signal?.throwIfAborted();
      const place = isHeld ? this.inFile(plan, writer, readers, rows) : await this.inTable(plan, writer, readers);
      return await scoreTable(plan, place, this.runner, output, options);
    } catch (error) {
      const written = [...output.files.map(({ path }) => path), output.errorsPath];
      await Promise.all(written.map((path) => rm(path, { force: true })));
      signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener('abort', stop);
      for (const connection of connections) {
        connection.close();
      }
    }
  }

  /** Rows that stay in their file until they are written. */
  private inFile(plan: ScorePlan, writer: Connection, readers: readonly Connection[], total: number): RowsPlace {
    const { input, schema, passed, predictions } = plan;
    this.functions ??= PredictionFunctions.register(writer, this.database.newName(), predictions);
    const source = sourceOf(input, schema, new Map());
    return {
      rows: new RowsOfFile(
        writer,
        passed,
        predictions,
        this.functions,
        this.memory,
        source,
        firstRowRead(input, schema),
        total,
      ),
      pieces: piecesOf(input, schema).map(({ file, position }) => ({
        query: featureQuery({ ...plan, input: file }, []),
        position,
      })),
      readers,
    };
  }

  /** Rows that are in a table of the database until they are written, in their order. */
  private async inTable(plan: ScorePlan, writer: Connection, readers: readonly Connection[]): Promise<RowsPlace> {
    const { inputs, passed, predictions } = plan;
    const firstPassed = inputs.reduce((sum, { columns }) => sum + columns.length, 0);
    return {
      rows: await RowsInTable.create(writer, this.database.newName(), passed, predictions, firstPassed),
      pieces: [{ query: featureQuery(plan, passed), position: 0 }],
      readers,
    };
  }

  private plan(schema: TableSchema, format: TableFormat): TablePlan {
    const mismatches: string[] = [];
    const { features, passThrough } = this.options;
    const inputs = featureInputs(this.model.signature, features, schema, format, mismatches);
    const passed = passThroughColumns(schema, format, features, passThrough, mismatches);
    mismatches.push(...namesTwice([...passed, ...this.predictions].map(({ name }) => name)));
    if (format === 'parquet' && schema.columns.some(({ name }) => name.toLowerCase() === 'file_row_number')) {
      mismatches.push(`the column 'file_row_number' has a name that is taken; rename it.`);
    }
    return { inputs, passed, mismatches };
  }
}

/** Row groups are of Parquet alone, and types tell the others. */
function formatOf({ rowGroups, columns }: TableSchema): TableFormat {
  if (rowGroups !== undefined) {
    return 'parquet';
  }
  return columns.some(({ type }) => type === 'JSON') ? 'json-lines' : 'csv';
}

/** Names of columns that a file would have twice; capitals make no difference to many readers. */
function namesTwice(names: readonly string[]): string[] {
  const lower = names.map((name) => name.toLowerCase());
  return names
    .filter((_, index) => lower.indexOf(lower[index]) !== index)
    .map((name) => `the column '${name}' would be written twice; rename the prediction or do not copy the column.`);
}
