import * as z from 'zod';
import { DATATYPES, type Datatype } from '../model';
import type { PredictionColumn } from './columns';

/** The model that made predictions. */
export interface PredictingModel {
  readonly name: string;
  readonly version: string;

  /** SHA-256 of its file. */
  readonly sha256: string;
}

/** What is known of a run that is complete: the value that the pointer of a table holds. Times are milliseconds since 1970. */
export interface RunRecord {
  /** Its name. */
  readonly run: string;

  /** The time that it stands for: that of the schedule, not of its work. */
  readonly time: number;

  /** When it was completed, by the clock of the Redis server. */
  readonly completedAt: number;

  /** When its rows go, by the clock of the Redis server. */
  readonly expiresAt: number;

  readonly model: PredictingModel;
  readonly columns: readonly PredictionColumn[];

  /** Number of keys. */
  readonly rows: number;

  /** Rows of the input whose key another row has too: the last one of a unit counts, of several units the one written last. */
  readonly duplicates: number;

  /** Rows of the input without key, which are not in the table. */
  readonly withoutKey: number;

  /** Number of hashes that its rows are in. */
  readonly buckets: number;
}

/** What the pointer of a table says. */
export interface RunPointer {
  readonly current: RunRecord;

  /** The run that was current before. Absent = there was none. */
  readonly previous?: RunRecord;
}

const isDatatype = (text: string): text is Datatype => Object.hasOwn(DATATYPES, text);

const record = z.object({
  run: z.string(),
  time: z.number(),
  completedAt: z.number(),
  expiresAt: z.number(),
  model: z.object({ name: z.string(), version: z.string(), sha256: z.string() }),
  columns: z.array(
    z.object({
      name: z.string(),
      datatype: z.string().refine(isDatatype),
      shape: z.array(z.int().min(0)).max(1),
    }),
  ),
  rows: z.int().min(0),
  duplicates: z.int().min(0),
  withoutKey: z.int().min(0),
  buckets: z.int().min(1),
});

/** Fields of the hash under the pointer's key: the records, and what is compared before they are replaced. */
export const POINTER_FIELDS = { current: 'current', previous: 'previous', run: 'run', time: 'time' } as const;

/** The command that reads a pointer; {@link readPointer} reads its reply. */
export function pointerCommand(key: string): string[] {
  return ['HMGET', key, POINTER_FIELDS.current, POINTER_FIELDS.previous];
}

/**
 * Reads what {@link pointerCommand} got.
 *
 * @returns undefined when there is no pointer; `invalid` when what is there was not written by this version
 */
export function readPointer(reply: unknown): RunPointer | 'invalid' | undefined {
  const [current, previous] = Array.isArray(reply) ? (reply as unknown[]) : ['', null];
  if (current === null) {
    return undefined;
  }
  const read = readRecord(current);
  if (read === undefined) {
    return 'invalid';
  }
  const before = readRecord(previous);
  return before === undefined ? { current: read } : { current: read, previous: before };
}

function readRecord(text: unknown): RunRecord | undefined {
  if (typeof text !== 'string') {
    return undefined;
  }
  try {
    return record.parse(JSON.parse(text)) as RunRecord;
  } catch {
    return undefined;
  }
}
