import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Deaths } from './deaths';
import { type Queue, TAKEN_OVER_MILLIS } from './queue';
import { BATCH, configOf, eventValue, type Violence, ViolentRun } from './violent-run';

/** What became of events `0` to `events - 1`, and of the processes. */
export interface QueueOutcome {
  readonly outputs: number;

  /** Events without an output. */
  readonly missing: number;

  /** Outputs of events that have one already. */
  readonly duplicates: number;

  /** Outputs whose identifier is none, or that of another event. */
  readonly wrongIds: number;
  readonly deadLetters: number;

  /** Events that are not acknowledged in the end. */
  readonly lag: number;
  readonly starts: number;

  /** Ends of processes that nobody has caused. */
  readonly unexpected: readonly (number | string)[];
  readonly seconds: number;
}

/** So many events wait at most while something happens: processes die while they work. */
const AHEAD = 2000;
/** The rest is written in parts. */
const REST = 20_000;

/** Scores events while all of this happens, and tells what is there in the end. The broker is stopped. */
export async function runQueueViolently(queue: Queue, violence: Violence): Promise<QueueOutcome> {
  const started = performance.now();
  const directory = mkdtempSync(join(tmpdir(), 'queue-killed-'));
  const run = new ViolentQueueRun(directory, queue, violence);
  try {
    await run.suffer();
    await run.finish();
    const history = await queue.history();
    const seen = new Set<number>();
    const positions = new Map<string, number>();
    let wrongIds = 0;
    for (const { id, eventId } of history) {
      seen.add(id);
      wrongIds += eventId !== '' && (positions.get(eventId) ?? id) === id ? 0 : 1;
      positions.set(eventId, id);
    }
    return {
      outputs: history.length,
      missing: violence.events - seen.size,
      duplicates: history.length - seen.size,
      wrongIds,
      deadLetters: await queue.deadLetters(),
      lag: await queue.lag(),
      ...run.outcome,
      seconds: Math.round((performance.now() - started) / 1000),
    };
  } finally {
    await run.stop();
    await queue.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

class ViolentQueueRun extends ViolentRun {
  constructor(
    directory: string,
    private readonly queue: Queue,
    violence: Violence,
  ) {
    super(violence, {
      directory,
      config: configOf(queue),
      deaths: new Deaths(directory, [], 0),
      killWithinMillis: 300,
      pauseMillis: TAKEN_OVER_MILLIS * 2.5,
      stuckMillis: 60_000,
    });
    for (let index = 0; index < violence.members; index += 1) {
      this.join();
    }
  }

  /** Everything that happens, in any order, while events come. */
  async suffer(): Promise<void> {
    await this.progress(1);
    for (const [what, happens] of this.happenings()) {
      this.tell(what);
      await happens();
      await this.progress(BATCH * this.violence.members);
    }
  }

  /** The rest of the events, and an orderly end. */
  async finish(): Promise<void> {
    const { events } = this.violence;
    while (this.produced < events) {
      await this.produce(Math.min(events, this.produced + REST));
      await this.reach(this.produced - AHEAD);
    }
    await this.reach(events);
    await this.leaveAll();
  }

  protected async progress(events: number): Promise<void> {
    const target = Math.min(this.done + events, this.violence.events);
    await this.produce(Math.min(this.done + AHEAD, this.violence.events));
    await this.reach(target);
  }

  protected async acknowledged(): Promise<number> {
    return this.produced - (await this.queue.lag());
  }

  protected async write(from: number, to: number): Promise<void> {
    await this.queue.produce(from, to, eventValue);
  }

  protected async killBroker(): Promise<void> {
    await this.queue.restart();
  }
}
