import type { Tensor } from '../model';
import {
  type PredictionColumn,
  type RunPointer,
  type RunRecord,
  sameColumns,
  type TableKeys,
} from '../prediction-table';
import { RETRY_AFTER, RequestError } from '../protocol';
import { afterMillis, type GuardedRedis } from '../redis';
import type { Inference, Job } from '../scheduling';
import { errorMessage, type Logger, type LookupMeter, type ModelMeters } from '../telemetry';
import { type FoundRow, fillRows } from './found-rows';
import { Round, type RoundEntry, RunQuestions } from './round';

/** Header, or metadata, of an answer: the run that was current when it was made. */
const RUN_HEADER = 'x-prediction-run';

/** Header, or metadata, of an answer from a run that is older than it may be: `true`. */
const STALE_HEADER = 'x-prediction-stale';

/** Options of {@link PredictionLookup}. */
export interface PredictionLookupOptions {
  /** Name of the input with the keys. */
  readonly key: string;
  readonly columns: readonly PredictionColumn[];
  readonly keys: TableKeys;
  readonly store: GuardedRedis;

  /** Longest time that a request waits for the store, in milliseconds. */
  readonly timeoutMillis: number;

  /** One row of each column, for keys that no run has. Absent = such a request is refused. */
  readonly fallback?: readonly Tensor[];

  /** Whether what is known of the runs is recent. */
  readonly isFresh: () => boolean;

  /** Asks what runs there are. @returns false when that is not known in time */
  readonly refresh: () => Promise<boolean>;

  /** Whether a run is older than it may be. */
  readonly isStale: (run: RunRecord) => boolean;
  readonly meter: LookupMeter;
  readonly runs: ModelMeters['runs'];
  readonly logger: Logger;
}

/** The answer to a request that waited until its time limit. */
const LATE = new RequestError(504, 'The prediction table did not answer within the time limit of the request.');

const AWAY = new RequestError(503, 'The prediction table cannot be asked; try again later.', RETRY_AFTER);

/** So many positions are named of rows without prediction. */
const MOST_NAMED = 5;

/**
 * Answers keys from a table of predictions with certain columns.
 *
 * All requests of one turn of the event loop are looked up in one round trip, each key once, all in the run that is current at
 * that moment. Keys that it has not are looked up in the run before.
 */
export class PredictionLookup implements Inference {
  /** The runs that are answered from. */
  pointer: RunPointer;

  private waiting: Job[] = [];
  private underWay = 0;
  private idleWaiters: (() => void)[] = [];

  constructor(
    private readonly options: PredictionLookupOptions,
    pointer: RunPointer,
  ) {
    this.pointer = pointer;
  }

  submit(job: Job): void {
    if (this.waiting.push(job) === 1) {
      this.underWay += 1;
      setImmediate(() => this.start());
    }
  }

  /** Resolves when nothing waits. */
  idle(): Promise<void> {
    return this.underWay === 0 ? Promise.resolve() : new Promise((resolve) => this.idleWaiters.push(resolve));
  }

  private start(): void {
    const jobs = this.waiting;
    this.waiting = [];
    const round = new Round();
    for (const job of jobs) {
      if (job.abandoned) {
        job.discard();
      } else {
        round.add(job);
      }
    }
    this.watchDeadlines(round);
    const { isFresh, refresh } = this.options;
    if (isFresh() || round.keys.length === 0) {
      this.lookUp(round, true);
    } else {
      void refresh().then((isKnown) => this.lookUp(round, isKnown));
    }
  }

  private watchDeadlines({ entries, started }: Round): void {
    const { timeoutMillis } = this.options;
    for (const entry of entries) {
      const allowed = entry.job.expiresAt - started;
      if (allowed < timeoutMillis) {
        entry.timer = afterMillis(Math.max(0, allowed), () => this.end(entry, () => entry.job.fail(LATE)));
      }
    }
  }

  private lookUp(round: Round, isKnown: boolean): void {
    const { current, previous } = this.pointer;
    const { keys, store, columns } = this.options;
    if (!isKnown) {
      this.answer(
        round,
        undefined,
        current,
        round.keys.map(() => ({ text: undefined, source: 'unavailable' })),
      );
      return;
    }
    const runs = [current, previous].filter(
      (run): run is RunRecord => run !== undefined && isAlive(run) && sameColumns(run.columns, columns),
    );
    const [first, second] = runs;
    if (first === undefined || round.keys.length === 0) {
      this.answer(
        round,
        first,
        current,
        round.keys.map(() => ({ text: undefined, source: 'missing' })),
      );
      return;
    }
    const questions = new RunQuestions(keys, first, round.keys);
    store.ask(
      questions,
      () => {
        const found = questions.replies.map((reply) => foundRow(reply, first === current ? 'current' : 'previous-run'));
        if (second !== undefined && found.some(({ source }) => source === 'missing')) {
          this.lookUpMissing(round, found, second);
        } else {
          this.answer(round, first, current, found);
        }
      },
      this.remainingMillis(round),
    );
  }

  private lookUpMissing(round: Round, found: FoundRow[], run: RunRecord): void {
    const { keys, store } = this.options;
    const { current } = this.pointer;
    const missing = found.flatMap(({ source }, position) => (source === 'missing' ? [position] : []));
    const questions = new RunQuestions(
      keys,
      run,
      missing.map((position) => round.keys[position]),
    );
    store.ask(
      questions,
      () => {
        for (const [index, position] of missing.entries()) {
          found[position] = foundRow(questions.replies[index], 'previous-run');
        }
        this.answer(round, run, current, found);
      },
      this.remainingMillis(round),
    );
  }

  private remainingMillis(round: Round): number {
    return Math.max(1, this.options.timeoutMillis - (performance.now() - round.started));
  }

  /**
   * @param alive a run that was asked; undefined = there is none any more
   * @param current the run that the answers name
   */
  private answer(round: Round, alive: RunRecord | undefined, current: RunRecord, found: readonly FoundRow[]): void {
    const { runs, logger } = this.options;
    const seconds = (performance.now() - round.started) / 1000;
    runs.seconds.observe(seconds);
    runs.rows.observe(round.keys.length);
    for (const entry of round.entries) {
      this.end(entry, () => {
        entry.job.times.inference = seconds;
        runs.stages.inference.observe(seconds);
        try {
          this.answerOne(entry, alive, current, found);
        } catch (error) {
          logger.error({ reason: errorMessage(error) }, 'a prediction lookup failed unexpectedly');
          entry.job.fail(new RequestError(500, 'The prediction lookup failed unexpectedly.'));
        }
      });
    }
    this.underWay -= 1;
    if (this.underWay === 0) {
      for (const resolve of this.idleWaiters.splice(0)) {
        resolve();
      }
    }
  }

  private answerOne(
    { job, positions }: RoundEntry,
    alive: RunRecord | undefined,
    current: RunRecord,
    found: readonly FoundRow[],
  ): void {
    const { columns, fallback, meter, runs, isStale } = this.options;
    const { outputs, sources } = fillRows(
      columns,
      positions.map((position) => found[position]),
      fallback,
    );
    for (const source of sources) {
      meter.rows[source].value += 1;
    }
    job.headers = {
      ...job.headers,
      [RUN_HEADER]: current.run,
      ...(isStale(current) ? { [STALE_HEADER]: 'true' } : {}),
    };
    if (sources.includes('unavailable')) {
      job.fail(AWAY);
    } else if (sources.includes('invalid')) {
      job.fail(
        new RequestError(
          500,
          `The table holds something else than a prediction for ${this.rowsOf(sources, 'invalid')}.`,
        ),
      );
    } else if (sources.includes('missing')) {
      job.fail(alive === undefined && positions.length > 0 ? expired(current) : this.notFound(sources));
    } else {
      const source = sources.includes('default')
        ? 'default'
        : sources.includes('previous-run')
          ? 'previous-run'
          : 'own';
      runs.predictions.own.value += source === 'own' ? 1 : 0;
      job.succeed(outputs, undefined, source);
    }
  }

  private end(entry: RoundEntry, answer: () => void): void {
    if (!entry.finished) {
      entry.finished = true;
      clearTimeout(entry.timer);
      answer();
    }
  }

  private notFound(sources: readonly string[]): RequestError {
    return new RequestError(404, `There is no prediction for ${this.rowsOf(sources, 'missing')}.`);
  }

  /** Rows by their position: keys may name persons. */
  private rowsOf(sources: readonly string[], wanted: string): string {
    const rows = sources.flatMap((source, row) => (source === wanted ? [row] : []));
    const named = rows.slice(0, MOST_NAMED).join(', ');
    const more = rows.length > MOST_NAMED ? ` and ${rows.length - MOST_NAMED} others` : '';
    return `the key in row ${named}${more} of the input '${this.options.key}' (rows count from 0)`;
  }
}

function foundRow(reply: string | null | undefined, source: 'current' | 'previous-run'): FoundRow {
  if (reply === undefined) {
    return { text: undefined, source: 'unavailable' };
  }
  // What is there under the key of another type is told as unreadable text is.
  return reply === null ? { text: undefined, source: 'missing' } : { text: reply, source };
}

/** By the clock of the server its rows are gone after that; that of this machine may be a little off, and the reply decides. */
function isAlive({ expiresAt }: RunRecord): boolean {
  return Date.now() < expiresAt;
}

function expired({ run, expiresAt }: RunRecord): RequestError {
  return new RequestError(
    503,
    `The last run of the prediction table, '${run}', was kept until ${new Date(expiresAt).toISOString()}, and no other has followed.`,
    RETRY_AFTER,
  );
}
