import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { FeatureColumnsConfig, PredictionColumnConfig } from '../../../lib/contract';
import { type Score, type ScoreOptions, TableEngine, type TableFile } from '../../../runtime/src/batch/table';
import { type LoadedModel, loadModel } from '../../../runtime/src/model';
import { warmUpInputs } from '../../../runtime/src/online/warm-up';
import { createLogger } from '../../../runtime/src/telemetry';
import { fixture } from '../../support/predictor';
import { temporaryDirectory } from '../../support/temporary';

const logger = createLogger({ level: 'silent' });

/** What is written for a row without prediction. */
export interface ErrorRow {
  readonly row: number;
  readonly reason: string;
  readonly column?: string;
  readonly text?: string;
  readonly values?: Record<string, unknown>;
}

/** A scored table, read back. */
export interface Scored {
  readonly score: Score;

  /** Rows of the Parquet output; integers of 64 bits as text. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look at rows of any form
  readonly rows: any[];
  readonly errors: ErrorRow[];

  /** Paths of the files, by format. */
  readonly files: { readonly parquet: string; readonly csv: string; readonly jsonLines: string };
  readonly errorsPath: string;
}

/** What a test declares of a table. */
export interface Declared {
  readonly model: string;
  readonly features: FeatureColumnsConfig[];
  readonly passThrough?: string[];
  readonly predictions?: PredictionColumnConfig[];
  readonly batchRows?: number;
}

/** An engine, models and files for the tests of a file. */
export class Tables {
  readonly directory = temporaryDirectory();
  private readonly models = new Map<string, Promise<LoadedModel>>();
  private opened: Promise<TableEngine> | undefined;
  private sql: Promise<DuckDBInstance> | undefined;
  private files = 0;

  constructor() {
    afterAll(async () => {
      (await this.opened)?.close();
      await Promise.all([...this.models.values()].map(async (model) => (await model).session.close()));
    });
  }

  get engine(): Promise<TableEngine> {
    this.opened ??= TableEngine.open({ memoryBytes: 256e6, threads: 2, scratchPath: this.directory, logger });
    return this.opened;
  }

  model(file: string): Promise<LoadedModel> {
    const known = this.models.get(file);
    const model = known ?? loadModel(fixture(file), { logger, threads: 1, warmUpInputs });
    this.models.set(file, model);
    return model;
  }

  /** A path that nothing is at. */
  path(extension: string): string {
    this.files += 1;
    return join(this.directory, `table ${this.files}.${extension}`);
  }

  /** Answers of a query. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look at rows of any form
  async query(sql: string): Promise<any[]> {
    this.sql ??= DuckDBInstance.create(':memory:', { threads: '1' });
    const connection = await (await this.sql).connect();
    try {
      return (await connection.runAndReadAll(sql)).getRowObjectsJson();
    } finally {
      connection.closeSync();
    }
  }

  /** Writes the answer of a query as Parquet. */
  async parquet(query: string, options = ''): Promise<TableFile> {
    const path = this.path('parquet');
    await this.query(`COPY (${query}) TO '${path}' (FORMAT parquet${options})`);
    return { path, format: 'parquet' };
  }

  async scorer({ model, ...options }: Declared) {
    return (await this.engine).scorer(await this.model(model), options);
  }

  /** Scores a table into files of all formats, and reads the Parquet one back. */
  async score(declared: Declared, input: TableFile, options: ScoreOptions = {}): Promise<Scored> {
    const scorer = await this.scorer(declared);
    const files = { parquet: this.path('parquet'), csv: this.path('csv'), jsonLines: this.path('jsonl') };
    const errorsPath = this.path('errors');
    const score = await scorer.score(
      input,
      {
        files: [
          { path: files.parquet, format: 'parquet' },
          { path: files.csv, format: 'csv' },
          { path: files.jsonLines, format: 'json-lines' },
        ],
        errorsPath,
      },
      options,
    );
    const rows = await this.query(`FROM read_parquet('${files.parquet}')`);
    const errors = existsSync(errorsPath) ? linesOf(errorsPath) : [];
    return { score, rows, errors, files, errorsPath };
  }
}

/** The objects of a file of JSON lines. */
// biome-ignore lint/suspicious/noExplicitAny: tests look at rows of any form
export function linesOf(path: string): any[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}
