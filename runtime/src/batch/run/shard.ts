import type { BatchConfig } from '../../contract';
import type { Logger } from '../../telemetry';
import { BatchError, StoppedError } from './error';
import type { Ledger } from './ledger';
import type { BatchMetrics } from './metrics';
import type { Plan, PlannedUnit } from './plan';
import type { Progress } from './progress';
import { type ShardRecord, sumRows, type UnitRecord } from './records';
import type { Sinks } from './sinks';
import { type InputTools, openUnit, type UnitInput } from './unit-input';
import { ErrorLocator, UnitOutput } from './unit-output';

/** What a shard works with. */
export interface ShardTools extends InputTools {
  readonly config: BatchConfig;
  readonly plan: Plan;
  readonly ledger: Ledger;
  readonly sinks: Sinks;
  readonly progress: Progress;
  readonly metrics: BatchMetrics;
  readonly logger: Logger;

  /** Name of this process, unique. */
  readonly attempt: string;

  /** No further unit is begun. */
  readonly drain: AbortSignal;

  /** Everything ends at once, with the reason as the error. */
  readonly abort: AbortSignal;
}

/** A unit with its number in the shard. */
interface Numbered {
  readonly number: number;
  readonly unit: PlannedUnit;
}

/** A unit under way. */
interface UnitWork {
  /** All rows are read and scored: the next unit can be, too. It fails when the unit does. */
  readonly read: Promise<void>;

  /** The unit is written; what it gives commits it. */
  readonly written: Promise<() => Promise<void>>;
}

/** A unit that was scored and is not committed. */
interface Scored {
  readonly record: UnitRecord;
  readonly weight: number;
}

/**
 * Does the units of one shard that are not done, in order. The next unit is downloaded, and the one before is written and
 * uploaded, while one is scored.
 *
 * @returns the record of the shard
 * @throws StoppedError when it was drained, BatchError when too many rows are errors
 */
export async function doShard(shard: number, tools: ShardTools): Promise<ShardRecord> {
  const { ledger, plan, progress, logger, config } = tools;
  const planned = plan.shards[shard] ?? [];
  const done = await ledger.units(shard);
  for (const { unit, rows } of done.values()) {
    progress.commit(rows, planned[unit]?.weight ?? 0, false);
  }
  const waiting = planned.flatMap((unit, number) => (done.has(number) ? [] : [{ number, unit }]));
  logger.info({ units: planned.length, waiting: waiting.length }, 'shard begins');
  await new UnitPipeline(shard, tools, done).run(waiting);
  const units = [...done.values()].sort((a, b) => a.unit - b.unit);
  const rows = sumRows(units.map((unit) => unit.rows));
  if (rows.errors > config.maxErrorRatio * rows.in) {
    throw tooManyErrors(shard, rows.errors, rows.in, config);
  }
  return ledger.decideShard({ shard, rows, units });
}

/** Scores the rows of one unit again for sinks that lost them. */
export async function restoreUnit(name: string, tools: ShardTools): Promise<void> {
  const [shard = 0, number = 0] = name.split('-').map(Number);
  const unit = tools.plan.shards[shard]?.[number];
  if (unit === undefined) {
    throw new Error(`The plan has no unit ${name}.`);
  }
  const input = await openUnit(tools.config, tools.plan, unit, tools, tools.abort);
  const output = new UnitOutput(tools.config, tools.scratch, `${name}-restored`);
  try {
    await tools.scorer.score(input.table, output, { schema: input.schema, signal: tools.abort });
    await input.verify();
    await output.writeTables(tools.sinks, name);
  } finally {
    await input.remove();
    await output.remove();
  }
}

class UnitPipeline {
  /** The first failure of any stage ends the others. */
  private readonly failure = new AbortController();
  private readonly signal: AbortSignal;

  constructor(
    private readonly shard: number,
    private readonly tools: ShardTools,
    private readonly done: Map<number, UnitRecord>,
  ) {
    this.signal = AbortSignal.any([tools.abort, this.failure.signal]);
  }

  async run(waiting: readonly Numbered[]): Promise<void> {
    let before: Promise<void> = Promise.resolve();
    let current: UnitWork | undefined;
    let download = this.begin(waiting[0]);
    try {
      for (const [index, next] of waiting.entries()) {
        if (this.tools.drain.aborted) {
          await before; // what is scored is kept
          throw this.tools.drain.reason;
        }
        const input = await download;
        download = this.begin(waiting[index + 1]);
        if (input === undefined) {
          throw new StoppedError('The unit was not downloaded.');
        }
        const work = this.score(next, input);
        current = work;
        await work.read;
        await before;
        before = work.written.then((commit) => commit());
        // It is awaited with the next one; a failure meanwhile ends that one early.
        before.catch((error: unknown) => this.failure.abort(error));
      }
      await before;
    } catch (error) {
      this.failure.abort(error);
      throw this.failure.signal.reason;
    } finally {
      await Promise.allSettled([before, current?.written, download.then((input) => input?.remove())]);
    }
  }

  /** Begins to download; an error is seen when the unit is due. */
  private begin(next: Numbered | undefined): Promise<UnitInput | undefined> {
    if (next === undefined || this.tools.drain.aborted) {
      return Promise.resolve(undefined);
    }
    const { config, plan, metrics } = this.tools;
    const download = metrics.during('download', () => openUnit(config, plan, next.unit, this.tools, this.signal));
    download.catch(() => undefined);
    return download;
  }

  private score(next: Numbered, input: UnitInput): UnitWork {
    let onRead: () => void = () => undefined;
    const allRead = new Promise<void>((resolve) => {
      onRead = resolve;
    });
    const written = this.write(next, input, onRead);
    written.catch(() => undefined); // awaited by who awaits the unit
    return { read: Promise.race([allRead, written.then(() => undefined)]), written };
  }

  /** @returns what commits the unit */
  private async write({ number, unit }: Numbered, input: UnitInput, onRead: () => void): Promise<() => Promise<void>> {
    const { tools, shard } = this;
    const { config, scratch, scorer, progress, metrics, attempt, plan } = tools;
    const name = `${shard}-${number}-${attempt}`;
    const output = new UnitOutput(config, scratch, name);
    const started = performance.now();
    try {
      const score = await metrics.during('score', () =>
        scorer.score(input.table, output, {
          schema: input.schema,
          signal: this.signal,
          onRead,
          onRows: (rows, errors) => progress.add(rows, errors),
        }),
      );
      await input.verify();
      metrics.countBytes('read', input.bytesRead);
      const rows = { in: score.rowsIn, predicted: score.rowsOut, errors: score.rowsError };
      if (rows.predicted + rows.errors !== rows.in || (unit.rows !== undefined && unit.rows !== rows.in)) {
        throw new Error(
          `Unit ${shard}-${number} of ${plan.run} gave ${rows.predicted} predictions and ${rows.errors} errors for ${rows.in} rows, planned were ${unit.rows ?? rows.in}.`,
        );
      }
      return async () => {
        try {
          const locator = new ErrorLocator(unit, input);
          const { bytes, ...uploaded } = await metrics.during('upload', () =>
            output.upload(tools.sinks, score, `${shard}-${number}`, locator),
          );
          metrics.countBytes('written', bytes);
          const record: UnitRecord = {
            shard,
            unit: number,
            attempt,
            rows,
            ...uploaded,
            model: config.models[0]?.sha256 ?? '',
            seconds: Math.round(performance.now() - started) / 1000,
          };
          await this.commit({ record, weight: unit.weight });
        } finally {
          await output.remove();
        }
      };
    } catch (error) {
      await output.remove();
      throw error;
    } finally {
      await input.remove();
    }
  }

  private async commit({ record, weight }: Scored): Promise<void> {
    const { ledger, sinks, progress, logger } = this.tools;
    const { value, won } = await ledger.decideUnit(record);
    if (!won) {
      logger.info({ unit: record.unit, winner: value.attempt }, 'another process was first with this unit');
      await sinks.removeParts(record);
    }
    this.done.set(record.unit, value);
    progress.commit(value.rows, weight, true);
    this.requireFewErrors();
  }

  /** Fails as soon as the rest of the shard cannot make it good any more. */
  private requireFewErrors(): void {
    const { plan, config } = this.tools;
    const planned = plan.shards[this.shard] ?? [];
    const rows = planned.reduce((sum, unit) => sum + (unit.rows ?? Number.POSITIVE_INFINITY), 0);
    const { errors } = sumRows([...this.done.values()].map((unit) => unit.rows));
    if (errors > config.maxErrorRatio * rows) {
      throw tooManyErrors(this.shard, errors, rows, config);
    }
  }
}

function tooManyErrors(shard: number, errors: number, rows: number, { maxErrorRatio }: BatchConfig): BatchError {
  return BatchError.input(
    `${errors} of ${rows} rows of shard ${shard} have no prediction; at most a share of ${maxErrorRatio} may (maxErrorRatio). ` +
      'The reasons are beside the rows in the folder errors/ of the run, in the ledger. Mend the rows, or allow more.',
  );
}
