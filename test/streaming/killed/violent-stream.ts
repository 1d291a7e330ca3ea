import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { STREAM_HEADERS } from '../../../lib/contract';
import { type Kafka, startKafka } from '../../services/kafka';
import { Deaths, POINTS } from './deaths';
import { type History, historyOf } from './history';
import { kafkaPlaces, TOPICS } from './kafka-queue';
import { makeNamespace, type Namespace } from './namespace';
import { BATCH, configOf, eventValue, times, type Violence, ViolentRun } from './violent-run';

/** What is done to the processes of a consumer of Kafka, and to its broker; a pause is longer than a session. */
export interface StreamViolence extends Violence {
  readonly delivery: 'at-least-once' | 'exactly-once';
  readonly partitions: number;
  readonly keys: number;

  /** Deaths at each of the points of a delivery. */
  readonly deaths: number;

  /** How often a process loses its network for longer than its session (needs root). */
  readonly cuts: number;
}

/** What became of the events, and of the processes. */
export interface Outcome extends History {
  readonly died: Readonly<Record<string, number>>;
  readonly starts: number;

  /** Ends of processes that nobody has caused. */
  readonly unexpected: readonly string[];
  readonly seconds: number;
}

const SESSION_MILLIS = 2000;
/** So many events wait at most: processes die while they work. */
const AHEAD = 1000;

/** Scores events while all of this happens, and tells what is committed in the end. */
export async function runStreamViolently(violence: StreamViolence): Promise<Outcome> {
  const started = performance.now();
  const directory = mkdtempSync(join(tmpdir(), 'stream-killed-'));
  const namespace = violence.cuts > 0 ? makeNamespace() : undefined;
  const kafka = await startKafka(namespace === undefined ? {} : { host: namespace.host });
  const run = new ViolentStreamRun(directory, kafka, namespace, violence);
  try {
    await run.start();
    await run.suffer();
    await run.finish();
    const keyOf = (id: number) => keyOfEvent(id, violence.keys);
    const { events } = violence;
    const history = await historyOf(kafka.client, TOPICS, { events, keyOf, idHeader: STREAM_HEADERS.eventId });
    return { ...history, died: run.died, ...run.outcome, seconds: Math.round((performance.now() - started) / 1000) };
  } finally {
    await run.stop();
    await kafka.stop();
    namespace?.remove();
    rmSync(directory, { recursive: true, force: true });
  }
}

class ViolentStreamRun extends ViolentRun {
  private readonly deaths: Deaths;

  constructor(
    directory: string,
    private readonly kafka: Kafka,
    private readonly namespace: Namespace | undefined,
    protected override readonly violence: StreamViolence,
  ) {
    const points = POINTS.filter(
      (point) => violence.delivery === 'exactly-once' || ['sent', 'committing'].includes(point),
    );
    const deaths = new Deaths(directory, points, violence.deaths);
    super(violence, {
      directory,
      config: configOf(kafkaPlaces(kafka.bootstrapServers, SESSION_MILLIS), violence.delivery),
      deaths,
      killWithinMillis: 500,
      pauseMillis: SESSION_MILLIS * 1.5,
      stuckMillis: 90_000,
    });
    this.deaths = deaths;
  }

  get died() {
    return this.deaths.died;
  }

  async start(): Promise<void> {
    const { client } = this.kafka;
    await client.createTopic(TOPICS.input, this.violence.partitions);
    await client.createTopic(TOPICS.output, this.violence.partitions);
    await client.createTopic(TOPICS.deadLetter, 1);
    for (let index = 0; index < this.violence.members; index++) {
      this.join(index === 0 ? this.namespace?.through : undefined);
    }
  }

  /** Everything that happens, in any order, while events come. */
  async suffer(): Promise<void> {
    const cuts = times(this.violence.cuts, 'a wire is cut', () => this.cutWire());
    for (const [what, happens] of this.happenings(cuts)) {
      this.tell(what);
      await happens();
      await this.progress(1);
    }
    while (this.deaths.toCome > 0) {
      this.tell(`${this.deaths.toCome} deaths to come`);
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
    await this.leaveAll();
  }

  /** More events come meanwhile, but for what the end needs. */
  protected async progress(events: number): Promise<void> {
    await this.reach(Math.min(this.done + events, this.violence.events));
  }

  protected override whileWaiting(): Promise<void> {
    return this.produce(Math.min(this.done + AHEAD, this.violence.events));
  }

  protected acknowledged(): Promise<number> {
    return this.kafka.client.committed(TOPICS.group, TOPICS.input);
  }

  protected async write(from: number, to: number): Promise<void> {
    const { keys } = this.violence;
    const records = Array.from({ length: to - from }, (_, index) => eventOf(from + index, keys));
    await this.kafka.client.produce(TOPICS.input, records);
  }

  protected async killBroker(): Promise<void> {
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
  return { key: keyOfEvent(id, keys), value: eventValue(id) };
}

function keyOfEvent(id: number, keys: number): string {
  return `key-${id % keys}`;
}
