import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { StreamConfig } from '../../../lib/contract';
import { modelConfig, sha256 } from '../../support/serving-config';
import { Deaths } from './deaths';
import { Member } from './members';
import { type Queue, TAKEN_OVER_MILLIS } from './queue';

/** What is done to the processes of a consumer of a queue, and to its broker. */
export interface QueueViolence {
  readonly events: number;

  /** Processes at a time. */
  readonly members: number;

  /** Processes that are killed at random moments. */
  readonly kills: number;

  /** Processes that stand still until others have what they held, and go on. */
  readonly pauses: number;

  /** Processes that join, and leave later. */
  readonly joins: number;

  /** Deaths of the broker. */
  readonly brokerKills: number;

  /** Learns what happens. */
  readonly tell?: (what: string) => void;
}

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

const MODEL = join(__dirname, '../../fixtures/models/mlp.onnx');
const BATCH = 50;
/** So many events wait at most while something happens: processes die while they work. */
const AHEAD = 2000;
/** The rest is written in parts. */
const REST = 20_000;
const STUCK_MILLIS = 60_000;
const MOST_UNEXPECTED = 5;

/** Scores events while all of this happens, and tells what is there in the end. The broker is stopped. */
export async function runQueueViolently(queue: Queue, violence: QueueViolence): Promise<QueueOutcome> {
  const started = performance.now();
  const directory = mkdtempSync(join(tmpdir(), 'queue-killed-'));
  const run = new ViolentRun(directory, queue, violence);
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

class ViolentRun {
  private readonly members: Member[] = [];
  private readonly all: Member[] = [];
  private readonly deaths: Deaths;
  private readonly config: string;
  private produced = 0;
  private done = 0;

  constructor(
    private readonly directory: string,
    private readonly queue: Queue,
    private readonly violence: QueueViolence,
  ) {
    this.deaths = new Deaths(directory, [], 0);
    this.config = join(directory, 'config.json');
    writeFileSync(this.config, JSON.stringify(configOf(queue)));
    for (let index = 0; index < violence.members; index += 1) {
      this.join();
    }
  }

  get outcome() {
    return {
      starts: this.all.reduce((sum, { starts }) => sum + starts, 0),
      unexpected: this.all.flatMap(({ unexpected }) => unexpected),
    };
  }

  /** Everything that happens, in any order, while events come. */
  async suffer(): Promise<void> {
    const { kills, pauses, joins, brokerKills, events, tell } = this.violence;
    const plan = [
      ...Array.from({ length: kills }, () => ['a process is killed', () => this.killOne()] as const),
      ...Array.from({ length: pauses }, () => ['a process stands still', () => this.pauseOne()] as const),
      ...Array.from({ length: joins }, () => ['a process joins', () => this.joinAndLeave()] as const),
      ...Array.from({ length: brokerKills }, () => ['the broker is killed', () => this.queue.restart()] as const),
    ].sort(() => Math.random() - 0.5);
    await this.progress(1);
    for (const [what, happens] of plan) {
      tell?.(`${what} (${this.done} of ${events} events are done)`);
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
    await Promise.all(this.members.map((member) => member.leave()));
  }

  async stop(): Promise<void> {
    await Promise.all(this.all.map((member) => member.kill()));
  }

  private async progress(events: number): Promise<void> {
    const target = Math.min(this.done + events, this.violence.events);
    await this.produce(Math.min(this.done + AHEAD, this.violence.events));
    await this.reach(target);
  }

  /** Waits until so many events are acknowledged. */
  private async reach(target: number): Promise<void> {
    let since = performance.now();
    for (;;) {
      const before = this.done;
      // A broker that lost its last second knows less than it said: what counts is what it says in the end.
      this.done = Math.max(before, this.produced - (await this.queue.lag()));
      if (this.done >= target) {
        return;
      }
      since = this.done > before ? performance.now() : since;
      const { unexpected } = this.outcome;
      if (performance.now() - since > STUCK_MILLIS || unexpected.length > MOST_UNEXPECTED) {
        const logs = this.members.map((member) => `--- ${member.pod}\n${member.log()}`).join('\n');
        throw new Error(`stuck at ${this.done} of ${target} events, ended by themselves: ${unexpected}\n${logs}`);
      }
      await wait(50);
    }
  }

  private async produce(to: number): Promise<void> {
    const from = this.produced;
    this.produced = Math.max(from, to);
    await this.queue.produce(from, this.produced, (id) => JSON.stringify({ id, x: [id % 7, 0, 0.5, -1] }));
  }

  private join(): Member {
    const { directory, config, deaths } = this;
    const member = new Member({ pod: `scorer-${this.all.length}`, config, directory, deaths });
    this.members.push(member);
    this.all.push(member);
    return member;
  }

  private anyMember(): Member {
    return this.members[Math.floor(Math.random() * this.members.length)] as Member;
  }

  private async killOne(): Promise<void> {
    await wait(Math.random() * 300);
    this.anyMember().signal('SIGKILL');
  }

  private async pauseOne(): Promise<void> {
    const member = this.anyMember();
    member.signal('SIGSTOP');
    await wait(TAKEN_OVER_MILLIS * 2.5);
    member.signal('SIGCONT');
  }

  private async joinAndLeave(): Promise<void> {
    const member = this.join();
    await this.progress(BATCH * this.violence.members);
    this.members.splice(this.members.indexOf(member), 1);
    await member.leave();
  }
}

function configOf({ source, sink, deadLetter }: Queue): StreamConfig {
  return {
    schema: 'model-serving-stream/v1',
    name: 'scorers',
    models: [modelConfig({ name: 'mlp', version: '1', path: MODEL, sha256: sha256(readFileSync(MODEL)) })],
    source,
    sink,
    deadLetter,
    delivery: 'at-least-once',
    input: { format: 'json', inputs: [{ input: 'input', pointers: ['/x'] }] },
    output: { format: 'json', passThrough: [{ name: 'id', pointer: '/id' }] },
    batching: { maxRows: BATCH, maxBytes: 1 << 20, maxDelayMillis: 0 },
    maxInFlight: 4,
    maxDeadLetterRatio: 0.5,
    deadLetterWindow: 1000,
    maxEventBytes: 1 << 20,
    stuckAfterMillis: 60_000,
    metricsPort: 9100, // processes get any free one
    drainTimeoutMillis: 20_000,
  };
}
