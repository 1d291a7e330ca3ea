/** A file that counts. */
export interface Part {
  /** Key below `<uri>/run=<run>/`. */
  readonly key: string;
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
}

/** Numbers of rows: `in` = `predicted` + `errors`. */
export interface RowCounts {
  readonly in: number;
  readonly predicted: number;
  readonly errors: number;
}

/** A unit that is done: whoever created its marker. */
export interface UnitRecord {
  readonly shard: number;
  readonly unit: number;

  /** Process that did it. */
  readonly attempt: string;
  readonly rows: RowCounts;

  /** Parts of each sink, in the order of the declaration; null for sinks without files and units without rows. */
  readonly parts: readonly (Part | null)[];

  /** Rows without a prediction, in the ledger. */
  readonly errors?: Part;
  readonly model: string;
  readonly seconds: number;
}

/** A shard that is done. */
export interface ShardRecord {
  readonly shard: number;
  readonly rows: RowCounts;
  readonly units: readonly UnitRecord[];
}

/** What a shard says of itself while it works. */
export interface ProgressRecord {
  readonly shard: number;
  readonly attempt: string;
  readonly rows: number;
  readonly errors: number;
  readonly units: number;

  /** Rows a second, over the last minute. */
  readonly rowsPerSecond: number;

  /** Seconds until it is done; absent = not known. */
  readonly remainingSeconds?: number;

  /** Time of this record, of ISO 8601. */
  readonly updated: string;
}

/** A sink of a run that is complete. */
export type SinkRecord =
  | { readonly type: 'files'; readonly uri: string; readonly format: string; readonly parts: readonly Part[] }
  | { readonly type: 'redis'; readonly address: string; readonly table: string; readonly rows: number };

/** A run that is complete: what `_SUCCESS.json` holds. */
export interface RunRecord {
  readonly schema: string;
  readonly job: string;
  readonly run: string;

  /** Time that the run stands for. */
  readonly time: string;

  /** Time when all shards were done. */
  readonly completed: string;
  readonly model: { readonly name: string; readonly version: string; readonly sha256: string };
  readonly rows: RowCounts;
  readonly sinks: readonly SinkRecord[];

  /** Rows without a prediction, as JSON lines. */
  readonly errors: { readonly uri: string; readonly parts: readonly Part[] };
}

/** Sums of rows. */
export function sumRows(counts: readonly RowCounts[]): RowCounts {
  const sum = (key: keyof RowCounts) => counts.reduce((total, count) => total + count[key], 0);
  return { in: sum('in'), predicted: sum('predicted'), errors: sum('errors') };
}
