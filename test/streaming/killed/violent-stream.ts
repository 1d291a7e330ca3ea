import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { STREAM_HEADERS, type StreamConfig } from '../../../lib/contract';
import { type Kafka, startKafka } from '../../services/kafka';
import { modelConfig, sha256 } from '../../support/serving-config';
import { Deaths, POINTS } from './deaths';
import { type History, historyOf } from './history';
import { Member } from './members';
import { makeNamespace, type Namespace } from './namespace';

/** What is done to the processes of a consumer, and to its broker. */
export interface Violence {
  readonly delivery: 'at-least-once' | 'exactly-once';
  readonly events: number;
  readonly partitions: number;
  readonly keys: number;

  /** Processes at a time. */
  readonly members: number;

  /** Deaths at each of the points of a delivery. */
  readonly deaths: number;

  /** Processes that are killed at random moments. */
  readonly kills: number;

  /** Processes that stand still for longer than their session, and go on. */
  readonly pauses: number;

  /** Processes that join, and leave later. */
  readonly joins: number;

  /** Deaths of the broker. */
  readonly brokerKills: number;

  /** How often a process loses its network for longer than its session (needs root). */
  readonly cuts: number;

  /** Learns what happens. */
  readonly tell?: (what: string) => void;
}

/** What became of the events, and of the processes. */
export interface Outcome extends History {
  readonly died: Readonly<Record<string, number>>;
  readonly starts: number;

  /** Ends of processes that nobody has caused. */
  readonly unexpected: readonly string[];
  readonly seconds: number;
}

const MODEL = join(__dirname, '../../fixtures/models/mlp.onnx');
const [INPUT, OUTPUT, DEAD, GROUP] = ['events', 'predictions', 'dead-letters', 'scorers'];
const SESSION_MILLIS = 2000;
const BATCH = 50;
/** So many events wait at most: processes die while they work. */
const AHEAD = 1000;
const STUCK_MILLIS = 90_000;
/** Processes that end by themselves again and again are wrong in another way than what is tested. */
const MOST_UNEXPECTED = 5;

/** Scores events while all of this happens, and tells what is committed in the end. */
export async function runStreamViolently(violence: Violence): Promise<Outcome> {
  const started = performance.now();
  const directory = mkdtempSync(join(tmpdir(), 'stream-killed-'));
  const namespace = violence.cuts > 0 ? makeNamespace() : undefined;
  const kafka = await startKafka(namespace === undefined ? {} : { host: namespace.host });
  const run = new ViolentRun(directory, kafka, namespace, violence);
  try {
    await run.start();
    await run.suffer();
    await run.finish();
    const keyOf = (id: number) => keyOfEvent(id, violence.keys);
    const topics = { output: OUTPUT, deadLetter: DEAD };
    const { events } = violence;
    const history = await historyOf(kafka.client, topics, { events, keyOf, idHeader: STREAM_HEADERS.eventId });
    return { ...history, ...run.outcome, seconds: Math.round((performance.now() - started) / 1000) };
  } finally {
    await run.stop();
    await kafka.stop();
    namespace?.remove();
    rmSync(directory, { recursive: true, force: true });
  }
}

class ViolentRun {
  private readonly members: Member[] = [];
  private readonly all: Member[] = [];
  private readonly deaths: Deaths;
  private readonly configPath: string;
  private produced = 0;
  private committed = 0;

  constructor(
    private readonly directory: string,
    private readonly kafka: Kafka,
    private readonly namespace: Namespace | undefined,
    private readonly violence: Violence,
  ) {
    const points = POINTS.filter(
      (point) => violence.delivery === 'exactly-once' || ['sent', 'committing'].includes(point),
    );
    this.deaths = new Deaths(directory, points, violence.deaths);
    this.configPath = join(directory, 'config.json');
    writeFileSync(this.configPath, JSON.stringify(configOf(kafka.bootstrapServers, violence.delivery)));
  }

  get outcome() {
    return {
      died: this.deaths.died,
      starts: this.all.reduce((sum, { starts }) => sum + starts, 0),
      unexpected: this.all.flatMap(({ unexpected }) => unexpected),
    };
  }

  async start(): Promise<void> {
    const { client } = this.kafka;
    await client.createTopic(INPUT, this.violence.partitions);
    await client.createTopic(OUTPUT, this.violence.partitions);
    await client.createTopic(DEAD, 1);
    for (let index = 0; index < this.violence.members; index++) {
      this.join(index === 0 ? this.namespace?.through : undefined);
    }
  }

  /** Everything that happens, in any order, while events come. */
  async suffer(): Promise<void> {
    const { kills, pauses, joins, brokerKills, cuts, tell } = this.violence;
    const plan = [
      ...Array.from({ length: kills }, () => ['a process is killed', () => this.killOne()] as const),
      ...Array.from({ length: pauses }, () => ['a process stands still', () => this.pauseOne()] as const),
      ...Array.from({ length: joins }, () => ['a process joins', () => this.joinAndLeave()] as const),
      ...Array.from({ length: brokerKills }, () => ['the broker is killed', () => this.killBroker()] as const),
      ...Array.from({ length: cuts }, () => ['a wire is cut', () => this.cutWire()] as const),
    ].sort(() => Math.random() - 0.5);
    for (const [what, happens] of plan) {
      tell?.(`${what} (${this.committed} of ${this.violence.events} events are done)`);
      await happens();
      await this.progress(1);
    }
    while (this.deaths.toCome > 0) {
      tell?.(`${this.deaths.toCome} deaths to come (${this.committed} of ${this.violence.events} events are done)`);
      await this.progress(BATCH * this.violence.members);
      if (this.deaths.planned > 0) {
        await this.killOne(); // its successor dies as it is planned
      }
    }
  }

  /** The rest of the events, and an orderly end. */
  async finish(): Promise<void> {
    await this.produce(this.violence.events);
    await this.reach(this.violence.events);
    await Promise.all(this.members.map((member) => member.leave()));
  }

  async stop(): Promise<void> {
    await Promise.all(this.all.map((member) => member.kill()));
  }

  /** Waits until so many more events are done; more come meanwhile, but for what the end needs. */
  private async progress(events: number): Promise<void> {
    await this.reach(Math.min(this.committed + events, this.violence.events));
  }

  private async reach(target: number): Promise<void> {
    let since = performance.now();
    for (;;) {
      const before = this.committed;
      this.committed = Math.max(before, await this.kafka.client.committed(GROUP, INPUT));
      if (this.committed >= target) {
        return;
      }
      since = this.committed > before ? performance.now() : since;
      const { unexpected } = this.outcome;
      if (performance.now() - since > STUCK_MILLIS || unexpected.length > MOST_UNEXPECTED) {
        const logs = this.members.map((member) => `--- ${member.pod}\n${member.log()}`).join('\n');
        throw new Error(`stuck at ${this.committed} of ${target} events, ended by themselves: ${unexpected}\n${logs}`);
      }
      await this.produce(Math.min(this.committed + AHEAD, this.violence.events));
      await wait(50);
    }
  }

  private async produce(to: number): Promise<void> {
    const { keys } = this.violence;
    const from = this.produced;
    this.produced = Math.max(from, to);
    const records = Array.from({ length: this.produced - from }, (_, index) => eventOf(from + index, keys));
    await this.kafka.client.produce(INPUT, records);
  }

  private join(through?: readonly string[]): Member {
    const { directory, configPath: config, deaths } = this;
    const member = new Member({ pod: `scorer-${this.all.length}`, config, directory, deaths, through });
    this.members.push(member);
    this.all.push(member);
    return member;
  }

  private anyMember(): Member {
    return this.members[Math.floor(Math.random() * this.members.length)] as Member;
  }

  private async killOne(): Promise<void> {
    await wait(Math.random() * 500);
    this.anyMember().signal('SIGKILL');
  }

  private async pauseOne(): Promise<void> {
    const member = this.anyMember();
    member.signal('SIGSTOP');
    await wait(SESSION_MILLIS * 1.5);
    member.signal('SIGCONT');
  }

  private async joinAndLeave(): Promise<void> {
    const member = this.join();
    await this.progress(BATCH * this.violence.members);
    this.members.splice(this.members.indexOf(member), 1);
    await member.leave();
  }

  private async killBroker(): Promise<void> {
    await this.kafka.kill();
    await wait(Math.random() * 1000);
    await this.kafka.restart();
  }

  private async cutWire(): Promise<void> {
    this.namespace?.cut(true);
    await wait(SESSION_MILLIS * 1.5);
    this.namespace?.cut(false);
  }
}

function eventOf(id: number, keys: number) {
  return { key: keyOfEvent(id, keys), value: JSON.stringify({ id, x: [id % 7, 0, 0.5, -1] }) };
}

function keyOfEvent(id: number, keys: number): string {
  return `key-${id % keys}`;
}

function configOf(bootstrapServers: string, delivery: string): StreamConfig {
  const sink = { type: 'kafka' as const, bootstrapServers, lingerMillis: 0, compression: 'none' };
  return {
    schema: 'model-serving-stream/v1',
    name: GROUP,
    models: [modelConfig({ name: 'mlp', version: '1', path: MODEL, sha256: sha256(readFileSync(MODEL)) })],
    source: {
      type: 'kafka',
      bootstrapServers,
      topic: INPUT,
      group: GROUP,
      startAt: 'earliest',
      staticMembership: false,
      sessionTimeoutMillis: SESSION_MILLIS,
      maxPollIntervalMillis: 10_000,
    },
    sink: { ...sink, topic: OUTPUT },
    deadLetter: { ...sink, topic: DEAD },
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
