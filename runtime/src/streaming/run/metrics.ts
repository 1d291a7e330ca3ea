import type { Registry } from 'prom-client';
import { DEAD_LETTER_CLASSES, STREAM_METRIC_LABELS, STREAM_METRICS } from '../../contract';
import { type Cell, CellHistogram, CellMetric, type HistogramCell } from '../../telemetry';
import type { ConsumedEvent, DeadLetterClass, EventSource } from '../event';

const {
  outcome: OUTCOME,
  stage: STAGE,
  partition: PARTITION,
  errorClass: ERROR_CLASS,
  side: SIDE,
} = STREAM_METRIC_LABELS;

const ROWS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000];
const STAGE_SECONDS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
];
const AGE_SECONDS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 86_400,
];

const OUTCOMES = ['predicted', 'fallback', 'dead-letter'] as const;
const STAGES = ['decode', 'features', 'inference', 'encode', 'deliver'] as const;
const SIDES = ['source', 'sink', 'dead-letter'] as const;

/** What became of an event. */
export type Outcome = (typeof OUTCOMES)[number];

/** What a micro-batch spends its time in. */
export type Stage = (typeof STAGES)[number];

/** Which client failed. */
export type Side = (typeof SIDES)[number];

/** What is asked when the metrics are read. */
export interface StreamReading {
  readonly source: EventSource;
  readonly inFlight: number;
  readonly paused: boolean;
}

/** The metrics of a streaming consumer. Every series but those of partitions exists from the start. */
export class StreamMetrics {
  readonly rebalances: Cell;
  readonly batchRows: HistogramCell;
  private readonly age: HistogramCell;
  private readonly outcomes: Record<Outcome, Cell>;
  private readonly classes: Record<DeadLetterClass, Cell>;
  private readonly stages: Record<Stage, HistogramCell>;
  private readonly sides: Record<Side, Cell>;
  private reading: StreamReading | undefined;

  constructor(private readonly registry: Registry) {
    const events = this.counter(STREAM_METRICS.events, 'Events that are acknowledged at the source, by outcome.');
    this.outcomes = each(OUTCOMES, (outcome) => events.cell({ [OUTCOME]: outcome }));
    const letters = this.counter(STREAM_METRICS.deadLetters, 'Dead letters, by the class of their error.');
    this.classes = each(Object.values(DEAD_LETTER_CLASSES), (errorClass) =>
      letters.cell({ [ERROR_CLASS]: errorClass }),
    );
    const retries = this.counter(STREAM_METRICS.retries, 'Failed attempts to read, write or acknowledge, by side.');
    this.sides = each(SIDES, (side) => retries.cell({ [SIDE]: side }));
    this.rebalances = this.counter(STREAM_METRICS.rebalances, 'Changes of the assignment.').cell({});
    const stages = this.histogram(
      STREAM_METRICS.stageDuration,
      'One micro-batch in one stage, in seconds.',
      STAGE_SECONDS,
    );
    this.stages = each(STAGES, (stage) => stages.cell({ [STAGE]: stage }));
    this.batchRows = this.histogram(STREAM_METRICS.batchRows, 'Events of one micro-batch.', ROWS).cell({});
    this.age = this.histogram(
      STREAM_METRICS.eventAge,
      "From an event's own time to the acknowledgement of its prediction, in seconds.",
      AGE_SECONDS,
    ).cell({});
    this.gauges();
  }

  /** Says where the rest is read. */
  watch(reading: StreamReading): void {
    this.reading = reading;
  }

  /** A failed attempt that is made again. */
  retried(side: Side): void {
    this.sides[side].value += 1;
  }

  /** A micro-batch was in a stage. */
  spent(stage: Stage, millis: number): void {
    this.stages[stage].observe(millis / 1000);
  }

  /** Events are acknowledged. */
  acknowledged(events: readonly ConsumedEvent[], outcomes: Readonly<Record<Outcome, number>>): void {
    const now = Date.now();
    for (let index = 0; index < events.length; index += 1) {
      const { timestampMillis } = events[index];
      if (timestampMillis > 0) {
        this.age.observe(Math.max(0, now - timestampMillis) / 1000);
      }
    }
    for (const outcome of OUTCOMES) {
      this.outcomes[outcome].value += outcomes[outcome];
    }
  }

  /** An event is a dead letter. */
  deadLetter(errorClass: DeadLetterClass): void {
    this.classes[errorClass].value += 1;
  }

  /** Events that are acknowledged so far. */
  get done(): number {
    return OUTCOMES.reduce((sum, outcome) => sum + this.outcomes[outcome].value, 0);
  }

  /** Asks the source for what the metrics tell of partitions. */
  async refresh(): Promise<void> {
    const lag = await this.reading?.source.lag().catch(() => undefined);
    if (lag !== undefined) {
      this.lag = lag;
    }
  }

  private lag: ReadonlyMap<number, number> = new Map();

  private gauges(): void {
    const gauge = (name: string, help: string, read: () => number) =>
      new CellMetric({ type: 'gauge', name, help, registry: this.registry }).reading({}, read);
    gauge(
      STREAM_METRICS.assigned,
      'Partitions that are assigned to this process.',
      () => this.reading?.source.assigned ?? 0,
    );
    gauge(
      STREAM_METRICS.inFlight,
      'Micro-batches between their fetch and their acknowledgement.',
      () => this.reading?.inFlight ?? 0,
    );
    gauge(STREAM_METRICS.pollAge, 'Since the source was last asked for events, in seconds.', () =>
      this.reading === undefined ? 0 : Math.max(0, performance.now() - this.reading.source.lastPoll) / 1000,
    );
    gauge(STREAM_METRICS.paused, '1 while the sink holds back the source.', () => (this.reading?.paused ? 1 : 0));
    new LagGauge(this.registry, () => this.lag);
  }

  private counter(name: string, help: string): CellMetric<string> {
    return new CellMetric({ type: 'counter', name, help, registry: this.registry });
  }

  private histogram(name: string, help: string, bounds: readonly number[]): CellHistogram<string> {
    return new CellHistogram({ name, help, bounds, registry: this.registry });
  }
}

/** A series for each partition that is assigned now. */
class LagGauge extends CellMetric<string> {
  constructor(
    registry: Registry,
    private readonly lag: () => ReadonlyMap<number, number>,
  ) {
    super({
      type: 'gauge',
      name: STREAM_METRICS.lag,
      help: 'Events that are not yet acknowledged, by partition.',
      registry,
    });
  }

  override async get() {
    const { name, help, type, aggregator } = this;
    const values = [...this.lag()].map(([partition, value]) => ({ labels: { [PARTITION]: String(partition) }, value }));
    return { name, help, type, aggregator, values };
  }
}

function each<Key extends string, Value>(keys: readonly Key[], make: (key: Key) => Value): Record<Key, Value> {
  return Object.fromEntries(keys.map((key) => [key, make(key)])) as Record<Key, Value>;
}
