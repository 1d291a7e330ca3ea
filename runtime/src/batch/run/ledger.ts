import { randomUUID } from 'node:crypto';
import type { ObjectStore } from '../store';
import type { Plan } from './plan';
import type { ProgressRecord, RunRecord, ShardRecord, UnitRecord } from './records';

const PARALLEL_READS = 16;

/** Folder of a run, in the ledger and in each sink. */
export const runFolder = (run: string) => `run=${run}/`;

/** Objects with fixed names in the folder of a run. */
const KEYS = {
  probe: '_probe.json',
  plan: '_plan.json',
  commit: '_commit.json',
  success: '_SUCCESS.json',
} as const;

/** Name of the object that says that a run is complete. */
export const SUCCESS_KEY = KEYS.success;

/**
 * Plan, checkpoints and record of one run, as JSON objects. What is decided once is created, never replaced: whoever comes
 * second takes what is there.
 */
export class Ledger {
  readonly folder: string;

  constructor(
    readonly store: ObjectStore,
    readonly run: string,
  ) {
    this.folder = runFolder(run);
  }

  /** Object that shows whether the store refuses to create an object twice. */
  get probeKey(): string {
    return this.folder + KEYS.probe;
  }

  plan(): Promise<Plan | undefined> {
    return this.read(KEYS.plan);
  }

  /** @returns the plan that counts: this one, or that of who was first */
  async decidePlan(plan: Plan): Promise<Plan> {
    return (await this.decide(KEYS.plan, plan)).value;
  }

  /** @returns the unit that counts, and whether it is this one */
  async decideUnit(record: UnitRecord): Promise<{ readonly value: UnitRecord; readonly won: boolean }> {
    return this.decide(unitKey(record.shard, record.unit), record);
  }

  /** Units of a shard that are done, by their number. */
  async units(shard: number): Promise<Map<number, UnitRecord>> {
    const records = await this.readAll<UnitRecord>(`_units/${shard}-`);
    return new Map(records.map((record) => [record.unit, record]));
  }

  async decideShard(record: ShardRecord): Promise<ShardRecord> {
    return (await this.decide(`_shards/${record.shard}.json`, record)).value;
  }

  shard(shard: number): Promise<ShardRecord | undefined> {
    return this.read(`_shards/${shard}.json`);
  }

  /** Number of shards that are done. */
  async shardsDone(): Promise<number> {
    return (await this.keys('_shards/')).length;
  }

  /** Shards that are done, in order. */
  async shards(): Promise<ShardRecord[]> {
    const records = await this.readAll<ShardRecord>('_shards/');
    return records.sort((a, b) => a.shard - b.shard);
  }

  /** Decides what the complete run is; sinks are told afterwards. */
  async decideCommit(record: RunRecord): Promise<RunRecord> {
    return (await this.decide(KEYS.commit, record)).value;
  }

  commit(): Promise<RunRecord | undefined> {
    return this.read(KEYS.commit);
  }

  /** Says that all sinks have been told. */
  async succeed(record: RunRecord): Promise<void> {
    await this.store.create(this.folder + KEYS.success, jsonOf(record));
  }

  success(): Promise<RunRecord | undefined> {
    return this.read(KEYS.success);
  }

  async pushProgress(record: ProgressRecord): Promise<void> {
    await this.store.put(`${this.folder}_progress/${record.shard}.json`, jsonOf(record));
  }

  progress(): Promise<ProgressRecord[]> {
    return this.readAll('_progress/');
  }

  private async decide<T extends object>(key: string, value: T): Promise<{ readonly value: T; readonly won: boolean }> {
    // An answer that was lost looks like a lost race; the token tells whose the object is.
    const own = { ...value, token: randomUUID() };
    if ((await this.store.create(this.folder + key, jsonOf(own))) === 'created') {
      return { value, won: true };
    }
    const there = await this.read<T & { token?: string }>(key);
    if (there === undefined) {
      throw new Error(`${this.store.uri}/${this.folder}${key} was there and is not any more. Nobody may delete it.`);
    }
    return { value: there, won: there.token === own.token };
  }

  private async read<T>(key: string): Promise<T | undefined> {
    const content = await this.store.get(this.folder + key);
    return content === undefined ? undefined : (JSON.parse(content.toString('utf8')) as T);
  }

  private async readAll<T>(prefix: string): Promise<T[]> {
    const waiting = await this.keys(prefix);
    const found: T[] = [];
    const readNext = async () => {
      for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
        const value = await this.read<T>(key);
        if (value !== undefined) {
          found.push(value);
        }
      }
    };
    await Promise.all(Array.from({ length: PARALLEL_READS }, readNext));
    return found;
  }

  /** Keys of markers; names that begin with a dot are files that a killed process has left. */
  private async keys(prefix: string): Promise<string[]> {
    const keys: string[] = [];
    for await (const { key } of this.store.list(this.folder + prefix)) {
      if (key.endsWith('.json') && !key.includes('/.')) {
        keys.push(key.slice(this.folder.length));
      }
    }
    return keys;
  }
}

function unitKey(shard: number, unit: number): string {
  return `_units/${shard}-${unit}.json`;
}

/** A record as it is written: for programs, and for people who look. */
export function jsonOf(value: object): Buffer {
  return Buffer.from(`${JSON.stringify(value, undefined, 1)}\n`);
}
