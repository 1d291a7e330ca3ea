import { rm } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { BatchConfig } from '../../contract';
import { ObjectChangedError, type ObjectStore } from '../store';
import type { Scorer, TableEngine, TableFile, TableFormat, TableSchema } from '../table';
import type { ObjectSchemas } from './object-schemas';
import type { Plan, PlannedObject, PlannedUnit } from './plan';
import { SparseParquet } from './sparse-parquet';
import { cutLines } from './text-lines';

/** What units are read with. */
export interface InputTools {
  readonly store: ObjectStore;
  readonly engine: TableEngine;
  readonly scorer: Scorer;
  readonly schemas: ObjectSchemas;

  /** Directory of this process for unfinished files. */
  readonly scratch: string;
}

/** The rows of a unit as a file of this machine. */
export interface UnitInput {
  readonly table: TableFile;

  /** What is known of the table. Absent = it has to be looked up. */
  readonly schema?: TableSchema;
  readonly object: PlannedObject;

  /** Bytes that were read from elsewhere. */
  readonly bytesRead: number;

  /** Makes sure that the object was not changed while it was read. @throws ObjectChangedError */
  verify(): Promise<void>;

  /** Removes what was made. */
  remove(): Promise<void>;
}

/** Gets the rows of a unit; only those bytes that are needed. @throws FetchError, ObjectChangedError */
export async function openUnit(
  config: BatchConfig,
  plan: Plan,
  unit: PlannedUnit,
  { store, scorer, schemas, scratch }: InputTools,
  signal: AbortSignal,
): Promise<UnitInput> {
  const { input } = config;
  const object = plan.objects[unit.object];
  if (object === undefined) {
    throw new Error(`The plan has no object ${unit.object}.`);
  }
  const format = input.format as TableFormat;
  const common = { format, ...textOptions(config, plan, object) };
  const local = store.localPath(object.key);
  const verify = async () => {
    const now = await store.head(object.key);
    if (now?.etag !== object.etag) {
      throw new ObjectChangedError(object.uri);
    }
  };
  if (local !== undefined && unit.bytes === undefined) {
    await verify();
    const table = { ...common, path: local, rowGroups: unit.rowGroups };
    const schema = format === 'parquet' ? await schemas.of(object, table) : undefined;
    return { table, schema, object, bytesRead: 0, verify, remove: async () => undefined };
  }
  const path = join(scratch, `input-${unit.object}-${(unit.rowGroups ?? unit.bytes ?? [0])[0]}${extname(object.key)}`);
  const remove = () => rm(path, { force: true });
  // Everything was read with the etag as a condition.
  const made = { object, verify: async () => undefined, remove };
  try {
    if (unit.rowGroups !== undefined) {
      const sparse = await SparseParquet.create(store, object, path, signal);
      const schema = await schemas.of(object, { path, format });
      const bytesRead = await sparse.fetchColumns(schema, unit.rowGroups, scorer.columnsRead(schema));
      return { ...made, table: { ...common, path, rowGroups: unit.rowGroups }, schema, bytesRead };
    }
    const { key, etag, bytes: size } = object;
    const [from, to] = unit.bytes ?? [0, size];
    await cutLines(store, { key, etag, size, from, to }, path, signal);
    return { ...made, table: { ...common, path }, bytesRead: to - from };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** What is said of columns so that all parts of a run have the same ones. */
function textOptions(
  { input, features }: BatchConfig,
  { passThrough }: Plan,
  { columns }: PlannedObject,
): Pick<TableFile, 'csv' | 'columns'> {
  switch (input.format) {
    case 'csv':
      return columns === undefined ? { csv: input.csv } : { csv: { ...input.csv, columns: [...columns] } };
    case 'json-lines':
      return { columns: [...new Set([...features.flatMap((feature) => feature.columns), ...passThrough])] };
    default:
      return {};
  }
}
