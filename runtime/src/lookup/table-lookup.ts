import type { PredictionLookupConfig } from '../contract';
import { FallbackError, readPrediction } from '../fallback';
import type { Tensor } from '../model';
import type { ProvidedModel, ProviderHost } from '../online';
import { type RunPointer, type RunRecord, sameColumns, TableKeys } from '../prediction-table';
import { GuardedRedis, RedisClient } from '../redis';
import { CircuitBreaker } from '../scheduling';
import type { LookupMeter, LookupMetrics, StageMetrics } from '../telemetry';
import { lookupSignature } from './lookup-signature';
import { PredictionLookup } from './prediction-lookup';
import { RunWatch, type TableState } from './run-watch';

/** What the metadata of a table says of its format. */
const PLATFORM = 'prediction_table';

/** What answers from a table, once it has runs. */
interface Started {
  readonly host: ProviderHost;
  readonly client: RedisClient;
  readonly watch: RunWatch;
  readonly store: GuardedRedis;
  readonly meter: LookupMeter;
}

/** The metrics that the tables of a process share. */
export interface SharedMetrics {
  readonly lookups: LookupMetrics;
  readonly stages: StageMetrics;
}

/** A table of predictions that is served as a model: its runs, and what answers from them. */
export class TableLookup implements ProvidedModel {
  readonly name: string;
  readonly version: string;
  private readonly keys: TableKeys;
  private started: Started | undefined;
  private lookup: PredictionLookup | undefined;
  private reported: string | undefined;

  /** What answered with other columns before, as long as it has something to answer. */
  private readonly replaced = new Set<PredictionLookup>();

  /** @param metricsOf the metrics of a process, which all its tables share */
  constructor(
    private readonly config: PredictionLookupConfig,
    private readonly metricsOf: (host: ProviderHost) => SharedMetrics,
  ) {
    this.name = config.name;
    this.version = config.version;
    this.keys = new TableKeys(config.table.table);
  }

  start(host: ProviderHost): void {
    const { config, keys, name, version } = this;
    const { timeoutMillis } = config;
    const { lookups, stages } = this.metricsOf(host);
    const meter = lookups.forModel(name, version, {
      age: () => this.current && ageMillis(this.current) / 1000,
      stale: () => this.current !== undefined && this.isStale(this.current),
    });
    const onChange = stages.breaker(name, version, 'prediction-table');
    const breaker = new CircuitBreaker({ onChange });
    const client = new RedisClient({
      connection: config.table,
      role: 'prediction table',
      logger: host.logger,
      onConnected: (connected) => {
        meter.setConnected(connected);
        if (connected) {
          breaker.probeSoon();
          void watch.refresh();
        }
      },
    });
    const watch = new RunWatch({ client, keys, timeoutMillis, onState: (state) => this.take(state) });
    const store = new GuardedRedis({ client, breaker, meter, timeoutMillis });
    this.started = { host, client, watch, store, meter };
    host.unavailable('the prediction table has not answered yet');
    watch.start();
  }

  async idle(): Promise<void> {
    const all = [...this.replaced, ...(this.lookup === undefined ? [] : [this.lookup])];
    await Promise.all(all.map((lookup) => lookup.idle()));
  }

  close(): void {
    this.started?.watch.close();
    this.started?.client.close();
  }

  private get current(): RunRecord | undefined {
    return this.lookup?.pointer.current;
  }

  /** Takes what the table has now. */
  private take(state: TableState): void {
    if (this.started === undefined) {
      return;
    }
    if (typeof state === 'string') {
      this.retire();
      this.report(
        state === 'none'
          ? 'no run of the prediction table is complete yet'
          : 'the prediction table was not written by this version of the runtime',
      );
      return;
    }
    const before = this.current;
    if (this.lookup !== undefined && sameColumns(state.current.columns, this.lookup.pointer.current.columns)) {
      this.lookup.pointer = state;
    } else {
      this.serve(this.started, state);
    }
    const { current } = state;
    if (before?.run !== current.run || before.completedAt !== current.completedAt) {
      const { host, meter } = this.started;
      const { run, rows, model, duplicates } = current;
      meter.setRun(current);
      host.meters.setInfo({ sha256: model.sha256, format: PLATFORM });
      host.logger.info({ run, rows, duplicates, predictedBy: model, previous: before?.run }, 'another run is current');
    }
    this.noteAge(current);
  }

  /** Answers with the columns of the current run from now on. */
  private serve({ host, watch, store, meter }: Started, pointer: RunPointer): void {
    const { config, keys } = this;
    const { columns } = pointer.current;
    const signature = lookupSignature(config.key, columns);
    this.retire();
    const lookup: PredictionLookup = new PredictionLookup(
      {
        key: config.key,
        columns,
        keys,
        store,
        timeoutMillis: config.timeoutMillis,
        fallback: this.fallbackOf(host, pointer),
        isFresh: () => watch.isFresh || this.lookup !== lookup,
        refresh: () => watch.refresh(),
        isStale: (run) => this.isStale(run),
        meter,
        runs: host.meters.runs,
        logger: host.logger,
      },
      pointer,
    );
    this.lookup = lookup;
    this.reported = undefined;
    host.serve({ signature, inference: lookup, platform: PLATFORM, properties: () => this.properties() });
  }

  /** Nobody brings new requests to what answered until now. */
  private retire(): void {
    const { lookup } = this;
    this.lookup = undefined;
    if (lookup !== undefined) {
      this.replaced.add(lookup);
      void lookup.idle().then(() => this.replaced.delete(lookup));
      this.started?.meter.setRun(undefined);
    }
  }

  private fallbackOf({ logger }: ProviderHost, { current }: RunPointer): readonly Tensor[] | undefined {
    const { defaultPrediction, key } = this.config;
    if (defaultPrediction === undefined) {
      return undefined;
    }
    try {
      return readPrediction(lookupSignature(key, current.columns), defaultPrediction);
    } catch (error) {
      if (!(error instanceof FallbackError)) {
        throw error;
      }
      // The predictions of the table are right all the same: only keys without one are refused.
      logger.error(
        { run: current.run, reason: error.message },
        'the default prediction does not fit the table: it is not used',
      );
      return undefined;
    }
  }

  private properties(): Record<string, string> {
    const { current } = this;
    if (current === undefined) {
      return {};
    }
    const { run, time, completedAt, expiresAt, model, rows } = current;
    return {
      run,
      run_time: new Date(time).toISOString(),
      completed_at: new Date(completedAt).toISOString(),
      expires_at: new Date(expiresAt).toISOString(),
      stale: String(this.isStale(current)),
      rows: String(rows),
      model: model.name,
      model_version: model.version,
      model_sha256: model.sha256,
    };
  }

  private isStale(run: RunRecord): boolean {
    const { maxAgeMillis } = this.config;
    return maxAgeMillis !== undefined && ageMillis(run) > maxAgeMillis;
  }

  private noteAge(run: RunRecord): void {
    if (!this.isStale(run)) {
      this.reported = undefined;
    } else if (this.reported !== run.run) {
      this.reported = run.run;
      const fields = { run: run.run, ageSeconds: Math.round(ageMillis(run) / 1000) };
      this.started?.host.logger.warn(fields, 'the current run of the prediction table is older than it may be');
    }
  }

  private report(reason: string): void {
    if (this.reported !== reason) {
      this.reported = reason;
      this.started?.host.idle(reason);
      this.started?.host.logger.warn({ reason }, 'there is nothing to answer with');
    }
  }
}

function ageMillis({ completedAt }: RunRecord): number {
  return Math.max(0, Date.now() - completedAt);
}
