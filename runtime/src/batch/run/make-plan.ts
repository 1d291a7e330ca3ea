import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { BatchConfig } from '../../contract';
import { guarded } from '../../fetch';
import { type ObjectInfo, type ObjectStore, type OpenStoreOptions, openStore, parsePattern } from '../store';
import type { Scorer, TableEngine, TableFile, TableFormat, TableSchema } from '../table';
import { BatchError } from './error';
import { newPlan, type Plan, type PlannedObject, type PlannedUnit } from './plan';
import { type RunIdentity, withDates } from './run-identity';
import { SparseParquet } from './sparse-parquet';
import { sampleText, type TextSample } from './text-lines';

const PARALLEL_FILES = 8;
const MAX_LISTED = 50;

/** What a plan is made with. */
export interface PlanTools extends OpenStoreOptions {
  readonly engine: TableEngine;
  readonly scorer: Scorer;

  /** Directory of this process for unfinished files. */
  readonly scratch: string;
}

/** What was found out about one object. */
interface Inspection {
  readonly object: PlannedObject;
  readonly schema: TableSchema | undefined;
  readonly units: readonly Omit<PlannedUnit, 'object'>[];
}

/**
 * Lists the input, looks into every file, and shares the work out.
 *
 * @throws BatchError with all files that do not fit the model, or when there is no file
 */
export async function makePlan(config: BatchConfig, run: RunIdentity, tools: PlanTools): Promise<Plan> {
  const time = run.time ?? new Date().toISOString();
  const uri = withDates(config.input.uri, time, config.timeZone);
  const { folder, objects, store } = await listInput({ ...config.input, uri }, tools);
  try {
    if (objects.length === 0) {
      throw BatchError.input(`No files are at ${uri}. Write them before the run, or correct the address.`);
    }
    const inspections = await inspectAll(objects, (object) => inspect(store, object, config, tools));
    requireFit(inspections, tools.scorer);
    const [first] = inspections.flatMap(({ schema }) => schema ?? []);
    const features = new Set(config.features.flatMap(({ columns }) => columns));
    return newPlan(
      config,
      { id: run.id, time },
      {
        folder,
        objects: inspections.map(({ object }) => object),
        passThrough:
          config.passThrough ?? (first?.columns ?? []).map(({ name }) => name).filter((name) => !features.has(name)),
        units: inspections.flatMap(({ units }, object) => units.map((unit) => ({ object, ...unit }))),
      },
    );
  } finally {
    store.close();
  }
}

async function listInput(input: BatchConfig['input'], options: OpenStoreOptions) {
  const { folder, prefix, key, matches } = parsePattern(input.uri);
  const store = await openStore({ uri: folder, store: input.store }, options);
  const objects: ObjectInfo[] = [];
  if (key !== undefined) {
    const found = await store.head(key);
    objects.push(...(found === undefined ? [] : [found]));
  } else {
    for await (const object of store.list(prefix)) {
      if (matches(object.key)) {
        objects.push(object);
      }
    }
  }
  return { folder, store, objects: objects.sort((a, b) => (a.key < b.key ? -1 : 1)) };
}

async function inspectAll(
  objects: readonly ObjectInfo[],
  inspectOne: (object: ObjectInfo) => Promise<Inspection>,
): Promise<Inspection[]> {
  const results: Inspection[] = [];
  let next = 0;
  const work = async () => {
    for (let index = next++; index < objects.length; index = next++) {
      const object = objects[index];
      if (object !== undefined) {
        results[index] = await inspectOne(object);
      }
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_FILES }, work));
  return results;
}

async function inspect(
  store: ObjectStore,
  { key, uri, bytes, etag }: ObjectInfo,
  config: BatchConfig,
  { engine, scratch }: PlanTools,
): Promise<Inspection> {
  const { input, partRows } = config;
  const format = input.format as TableFormat;
  const csv = format === 'csv' ? input.csv : undefined;
  const object = { key, uri, bytes, etag };
  if (bytes === 0 && format !== 'parquet') {
    return { object, schema: undefined, units: [] };
  }
  const unfinished = join(scratch, `inspect-${randomUUID()}${extname(key)}`);
  try {
    if (format === 'parquet') {
      const path = store.localPath(key) ?? (await SparseParquet.create(store, object, unfinished)).path;
      const schema = await inFile(uri, () => engine.schemaOf({ path, format }));
      return { object, schema, units: parquetUnits(schema, partRows) };
    }
    const isSplit =
      extname(key) !== '.gz' && extname(key) !== '.zst' && (format === 'json-lines' || csv?.multiline === false);
    if (!isSplit) {
      const table = await wholeOrSample(store, object, { path: unfinished, format, csv });
      const schema = await inFile(uri, () => engine.schemaOf(table));
      return { object, schema, units: [{ weight: bytes }] };
    }
    const sample = await sampleText(store, object);
    await guarded(unfinished, () => writeFile(unfinished, sample.bytes));
    const schema = await inFile(uri, () => engine.schemaOf({ path: unfinished, format, csv }));
    const headerBytes = format === 'csv' && csv?.columns === undefined ? sample.firstLineBytes : 0;
    const units = textUnits(bytes, headerBytes, sample, partRows);
    return {
      object: headerBytes === 0 ? object : { ...object, columns: schema.columns.map(({ name }) => name) },
      schema,
      units,
    };
  } finally {
    await rm(unfinished, { force: true });
  }
}

/** A file that cannot be split is looked at by its first lines where that is possible, else whole. */
async function wholeOrSample(store: ObjectStore, object: PlannedObject, table: TableFile): Promise<TableFile> {
  const path = store.localPath(object.key);
  if (path !== undefined) {
    return { ...table, path };
  }
  const isPacked = extname(object.key) === '.gz' || extname(object.key) === '.zst';
  if (!isPacked) {
    await writeFile(table.path, (await sampleText(store, object)).bytes);
    return table;
  }
  const chunks: Buffer[] = [];
  for await (const chunk of store.read(object.key, { from: 0, to: object.bytes, etag: object.etag })) {
    chunks.push(chunk);
  }
  await writeFile(table.path, chunks);
  return table;
}

/** Row groups together, as long as they have not too many rows; one that alone has more stays whole. */
function parquetUnits({ rowGroups = [] }: TableSchema, partRows: number): Omit<PlannedUnit, 'object'>[] {
  const units: { rowGroups: [number, number]; rows: number; weight: number }[] = [];
  for (const [index, { rows }] of rowGroups.entries()) {
    const last = units.at(-1);
    if (rows > 0 && last !== undefined && last.rowGroups[1] === index && last.rows + rows <= partRows) {
      last.rowGroups[1] = index + 1;
      last.rows += rows;
      last.weight += rows;
    } else if (rows > 0) {
      units.push({ rowGroups: [index, index + 1], rows, weight: rows });
    }
  }
  return units;
}

function textUnits(bytes: number, headerBytes: number, { lineBytes }: TextSample, partRows: number) {
  const parts = Math.max(1, Math.ceil((bytes - headerBytes) / (lineBytes * partRows)));
  const size = Math.ceil((bytes - headerBytes) / parts);
  const units: { bytes: [number, number]; weight: number }[] = [];
  for (let from = headerBytes; from < bytes; from += size) {
    const to = Math.min(bytes, from + size);
    units.push({ bytes: [from, to], weight: to - from });
  }
  return units;
}

function requireFit(inspections: readonly Inspection[], scorer: Scorer): void {
  const first = inspections.find(({ schema }) => schema !== undefined);
  const problems = inspections.flatMap(({ object, schema }) => {
    if (schema === undefined) {
      return [];
    }
    const found = [...scorer.mismatches(schema), ...differences(schema, first?.schema, first?.object.uri ?? '')];
    return found.map((problem) => `${object.uri}: ${problem}`);
  });
  if (problems.length > 0) {
    const listed = problems.slice(0, MAX_LISTED);
    const more = problems.length - listed.length;
    throw BatchError.input(
      'The input does not fit the model. Mend the files, or the columns of the declaration:',
      more > 0 ? [...listed, `and ${more} more.`] : listed,
    );
  }
}

/** Parquet says what its columns are: parts of one output must not differ in them. */
function differences(schema: TableSchema, first: TableSchema | undefined, firstUri: string): string[] {
  if (first === undefined || schema.rowGroups === undefined || first === schema) {
    return [];
  }
  const types = new Map(schema.columns.map(({ name, type }) => [name, type]));
  return first.columns.flatMap(({ name, type }) => {
    const found = types.get(name);
    return found === type ? [] : [`the column '${name}' is ${found ?? 'missing'}, and ${type} in ${firstUri}.`];
  });
}

/** Says which object a fault is of. */
async function inFile<T>(uri: string, look: () => Promise<T>): Promise<T> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof Error && error.name === 'TableError') {
      throw BatchError.input(`${uri}: ${error.message}`);
    }
    throw error;
  }
}
