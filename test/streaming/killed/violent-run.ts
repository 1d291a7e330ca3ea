import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { StreamConfig } from '../../../lib/contract';
import { modelConfig, sha256 } from '../../support/serving-config';
import type { Deaths } from './deaths';
import { Member } from './members';

/** What is done to the processes of a consumer, and to its broker. */
export interface Violence {
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

/** What happens, and how. */
export type Happening = readonly [what: string, happens: () => Promise<void>];

/** Options of {@link ViolentRun}. */
export interface ViolentRunOptions {
  readonly directory: string;
  readonly config: StreamConfig;
  readonly deaths: Deaths;

  /** A process is killed within so long. */
  readonly killWithinMillis: number;

  /** So long a process stands still. */
  readonly pauseMillis: number;

  /** Without a further event for so long, the run has failed. */
  readonly stuckMillis: number;
}

const MODEL = join(__dirname, '../../fixtures/models/mlp.onnx');

/** Rows of a micro-batch. */
export const BATCH = 50;

/** Processes that end by themselves again and again are wrong in another way than what is tested. */
const MOST_UNEXPECTED = 5;

/** Processes of a consumer that are killed, stand still, join and leave while events come. */
export abstract class ViolentRun {
  protected readonly members: Member[] = [];
  protected produced = 0;

  /** Events that are acknowledged. */
  protected done = 0;
  private readonly all: Member[] = [];
  private readonly configPath: string;

  protected constructor(
    protected readonly violence: Violence,
    private readonly options: ViolentRunOptions,
  ) {
    this.configPath = join(options.directory, 'config.json');
    writeFileSync(this.configPath, JSON.stringify(options.config));
  }

  get outcome() {
    return {
      starts: this.all.reduce((sum, { starts }) => sum + starts, 0),
      unexpected: this.all.flatMap(({ unexpected }) => unexpected),
    };
  }

  async stop(): Promise<void> {
    await Promise.all(this.all.map((member) => member.kill()));
  }

  /** How many events are acknowledged by now. */
  protected abstract acknowledged(): Promise<number>;

  /** Writes events with these numbers, without the last one. */
  protected abstract write(from: number, to: number): Promise<void>;

  /** Waits until so many more events are done. */
  protected abstract progress(events: number): Promise<void>;

  protected abstract killBroker(): Promise<void>;

  /** What is done between two looks. */
  protected whileWaiting(): Promise<void> {
    return Promise.resolve();
  }

  /** Everything that is to happen, in any order. */
  protected happenings(more: readonly Happening[] = []): Happening[] {
    const { kills, pauses, joins, brokerKills } = this.violence;
    return [
      ...times(kills, 'a process is killed', () => this.killOne()),
      ...times(pauses, 'a process stands still', () => this.pauseOne()),
      ...times(joins, 'a process joins', () => this.joinAndLeave()),
      ...times(brokerKills, 'the broker is killed', () => this.killBroker()),
      ...more,
    ].sort(() => Math.random() - 0.5);
  }

  protected tell(what: string): void {
    this.violence.tell?.(`${what} (${this.done} of ${this.violence.events} events are done)`);
  }

  protected async leaveAll(): Promise<void> {
    await Promise.all(this.members.map((member) => member.leave()));
  }

  /** Waits until so many events are acknowledged. */
  protected async reach(target: number): Promise<void> {
    let since = performance.now();
    for (;;) {
      const before = this.done;
      // A broker that lost its last second knows less than it said: what counts is what it says in the end.
      this.done = Math.max(before, await this.acknowledged());
      if (this.done >= target) {
        return;
      }
      since = this.done > before ? performance.now() : since;
      const { unexpected } = this.outcome;
      if (performance.now() - since > this.options.stuckMillis || unexpected.length > MOST_UNEXPECTED) {
        const logs = this.members.map((member) => `--- ${member.pod}\n${member.log()}`).join('\n');
        throw new Error(`stuck at ${this.done} of ${target} events, ended by themselves: ${unexpected}\n${logs}`);
      }
      await this.whileWaiting();
      await wait(50);
    }
  }

  protected async produce(to: number): Promise<void> {
    const from = this.produced;
    this.produced = Math.max(from, to);
    await this.write(from, this.produced);
  }

  protected join(through?: readonly string[]): Member {
    const { directory, deaths } = this.options;
    const pod = `scorer-${this.all.length}`;
    const member = new Member({ pod, config: this.configPath, directory, deaths, through });
    this.members.push(member);
    this.all.push(member);
    return member;
  }

  protected async killOne(): Promise<void> {
    await wait(Math.random() * this.options.killWithinMillis);
    this.anyMember().signal('SIGKILL');
  }

  private anyMember(): Member {
    return this.members[Math.floor(Math.random() * this.members.length)] as Member;
  }

  private async pauseOne(): Promise<void> {
    const member = this.anyMember();
    member.signal('SIGSTOP');
    await wait(this.options.pauseMillis);
    member.signal('SIGCONT');
  }

  private async joinAndLeave(): Promise<void> {
    const member = this.join();
    await this.progress(BATCH * this.violence.members);
    this.members.splice(this.members.indexOf(member), 1);
    await member.leave();
  }
}

/** The same, so many times. */
export function times(count: number, what: string, happens: () => Promise<void>): Happening[] {
  return Array.from({ length: count }, () => [what, happens] as const);
}

/** The value of an event. */
export function eventValue(id: number): string {
  return JSON.stringify({ id, x: [id % 7, 0, 0.5, -1] });
}

/** A consumer of such events. */
export function configOf(
  places: Pick<StreamConfig, 'source' | 'sink' | 'deadLetter'>,
  delivery = 'at-least-once',
): StreamConfig {
  return {
    schema: 'model-serving-stream/v1',
    name: 'scorers',
    models: [modelConfig({ name: 'mlp', version: '1', path: MODEL, sha256: sha256(readFileSync(MODEL)) })],
    source: places.source,
    sink: places.sink,
    deadLetter: places.deadLetter,
    delivery,
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
