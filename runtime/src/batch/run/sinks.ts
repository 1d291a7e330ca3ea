import type { BatchConfig, FileSinkConfig, RedisSinkConfig } from '../../contract';
import { RedisSink, type SinkRun } from '../redis';
import { type Content, type ObjectStore, type OpenStoreOptions, openStore } from '../store';
import { jsonOf, runFolder, SUCCESS_KEY } from './ledger';
import type { RunRecord, SinkRecord, UnitRecord } from './records';

/** The sinks of a run, and the folder for rows without a prediction. */
export class Sinks {
  private readonly folder: string;

  private constructor(
    private readonly config: BatchConfig,
    run: string,
    /** In the order of the declaration; undefined for sinks that are no files. */
    private readonly stores: readonly (ObjectStore | undefined)[],
    private readonly ledger: ObjectStore,
    private readonly tables: readonly RedisSink[],
  ) {
    this.folder = runFolder(run);
  }

  static async open(config: BatchConfig, run: SinkRun, ledger: ObjectStore, options: OpenStoreOptions): Promise<Sinks> {
    const stores: (ObjectStore | undefined)[] = [];
    const tables: RedisSink[] = [];
    for (const sink of config.sinks) {
      stores.push(sink.type === 'files' ? await openStore(sink, options) : undefined);
      if (sink.type === 'redis') {
        tables.push(await RedisSink.connect(sink, run, { logger: options.logger }));
      }
    }
    return new Sinks(config, run.id, stores, ledger, tables);
  }

  /** Uploads a part. */
  async putPart(sink: number, key: string, content: Content): Promise<void> {
    await this.stores[sink]?.put(this.folder + key, content);
  }

  /** Uploads rows without a prediction. */
  async putErrors(key: string, content: Content): Promise<void> {
    await this.ledger.put(this.folder + key, content);
  }

  /** Writes the rows of a unit to the sinks that are no files; again is the same as once. */
  async writeTables(parquetPath: string, unit: string): Promise<void> {
    for (const table of this.tables) {
      await table.writeUnit(parquetPath, unit);
    }
  }

  /** Removes what an attempt wrote that lost the race. */
  async removeParts({ parts, errors }: Pick<UnitRecord, 'parts' | 'errors'>): Promise<void> {
    for (const [index, part] of parts.entries()) {
      if (part !== null) {
        await this.stores[index]?.delete(this.folder + part.key);
      }
    }
    if (errors !== undefined) {
      await this.ledger.delete(this.folder + errors.key);
    }
  }

  /** Names of units that a sink which is no file has lost, of those that were written. */
  async lostUnits(written: readonly string[]): Promise<string[]> {
    const lost = new Set<string>();
    for (const table of this.tables) {
      const there = await table.writtenUnits();
      for (const unit of written.filter((name) => !there.has(name))) {
        lost.add(unit);
      }
    }
    return [...lost];
  }

  /** Makes the rows visible to readers. */
  async complete(record: RunRecord): Promise<void> {
    for (const table of this.tables) {
      await table.complete(record.rows.predicted);
    }
    // The folder of the ledger says that everything is done: it comes last.
    for (const isLedger of [false, true]) {
      for (const [index, store] of this.stores.entries()) {
        const sink = record.sinks[index];
        if (store !== undefined && sink?.type === 'files' && (store.uri === this.ledger.uri) === isLedger) {
          await store.create(this.folder + SUCCESS_KEY, jsonOf({ ...record, parts: sink.parts }));
        }
      }
    }
  }

  /** What the sinks of a complete run hold. */
  recordsOf(units: readonly UnitRecord[], predicted: number): SinkRecord[] {
    return this.config.sinks.map((sink: FileSinkConfig | RedisSinkConfig, index) =>
      sink.type === 'files'
        ? { type: 'files', uri: sink.uri, format: sink.format, parts: units.flatMap(({ parts }) => parts[index] ?? []) }
        : { type: 'redis', address: sink.address, table: sink.table, rows: predicted },
    );
  }

  /** Deletes parts of this run that do not count: of attempts that were killed. */
  async collect(record: RunRecord): Promise<number> {
    let collected = await collectIn(this.ledger, `${this.folder}errors/`, record.errors.parts, this.folder);
    for (const [index, store] of this.stores.entries()) {
      const sink = record.sinks[index];
      if (store !== undefined && sink?.type === 'files') {
        collected += await collectIn(store, `${this.folder}parts/`, sink.parts, this.folder);
      }
    }
    return collected;
  }

  close(): void {
    for (const store of this.stores) {
      store?.close();
    }
    for (const table of this.tables) {
      table.close();
    }
  }
}

async function collectIn(
  store: ObjectStore,
  prefix: string,
  counted: readonly { readonly key: string }[],
  folder: string,
): Promise<number> {
  const keep = new Set(counted.map(({ key }) => folder + key));
  let collected = 0;
  for await (const { key } of store.list(prefix)) {
    if (!keep.has(key)) {
      await store.delete(key);
      collected += 1;
    }
  }
  return collected;
}
