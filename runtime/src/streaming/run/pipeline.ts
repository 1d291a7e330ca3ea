import type { MicroBatchingConfig } from '../../contract';
import type { Logger } from '../../telemetry';
import type { ConsumedEvent, DeadLetterEncoder, Delivery, EventSource, RecordRefusal } from '../event';
import type { BatchScorer, ScoredBatch } from './batch-scorer';
import type { FloodWatch } from './flood-watch';
import type { StreamMetrics } from './metrics';

/** The source is paused when there has been no room for so long: to pause it costs what it has fetched ahead. */
const PAUSE_AFTER_MILLIS = 1000;

/** Least time from one micro-batch that was not full to the next, while it is under way. */
const PACE_MILLIS = 5;

/** Options of {@link Pipeline}. */
export interface PipelineOptions {
  readonly source: EventSource;
  readonly delivery: Delivery;
  readonly scorer: BatchScorer;
  readonly deadLetters: DeadLetterEncoder;
  readonly flood: FloodWatch;
  readonly batching: MicroBatchingConfig;

  /** Most micro-batches between their fetch and their acknowledgement. */
  readonly maxInFlight: number;
  readonly metrics: StreamMetrics;
  readonly logger: Logger;
}

/**
 * Takes micro-batches from a source, scores them and delivers them in their order.
 *
 * While one waits for its acknowledgement, the next ones are scored; but no more than `maxInFlight` are under way, then the source
 * is not asked, and after a while paused. So memory is bounded however long the sink is away.
 */
export class Pipeline {
  paused = false;

  private readonly underWay = new Set<Promise<void>>();
  private readonly stopping = new AbortController();
  private turn: Promise<void> = Promise.resolve();
  private failure: { readonly error: unknown } | undefined;
  private full = true;
  private begun = Number.NEGATIVE_INFINITY;
  private wake: () => void = () => undefined;

  constructor(private readonly options: PipelineOptions) {
    options.source.onRevoke?.(async () => {
      await Promise.allSettled([...this.underWay]);
    });
  }

  get inFlight(): number {
    return this.underWay.size;
  }

  /** Takes no more events; {@link run} ends when those that it has taken are acknowledged. */
  stop(): void {
    this.stopping.abort();
    this.wake();
  }

  /** @throws whatever ends the consumer; nothing is delivered after that */
  async run(): Promise<void> {
    const { source, batching } = this.options;
    const { signal } = this.stopping;
    while (this.goesOn) {
      await this.room();
      await this.pace();
      if (!this.goesOn) {
        break;
      }
      let events: ConsumedEvent[];
      try {
        events = await source.next(batching, signal);
      } catch (error) {
        this.fail(error);
        break;
      }
      if (events.length > 0) {
        this.full = isFull(events, batching);
        this.begun = performance.now();
        this.begin(events);
      }
    }
    await Promise.all([...this.underWay]);
    if (this.failure !== undefined) {
      throw this.failure.error;
    }
  }

  private begin(events: readonly ConsumedEvent[]): void {
    const { metrics, scorer, flood } = this.options;
    metrics.batchRows.observe(events.length);
    const scored = scorer.score(events);
    scored.catch(() => undefined);
    let delivering: Promise<void> = Promise.resolve();
    // Its turn is over when it has begun to be delivered: then the next one may. After a failure none may: what is acknowledged later
    // would acknowledge what has failed.
    const turn = this.turn.then(async () => {
      try {
        const batch = await scored;
        if (this.failure === undefined) {
          flood.note(batch.events.length, batch.failures);
          delivering = this.deliver(batch).catch((error: unknown) => this.fail(error));
        }
      } catch (error) {
        this.fail(error);
      }
    });
    this.turn = turn;
    const done = turn
      .then(() => delivering)
      .then(() => {
        this.underWay.delete(done);
        this.wake();
      });
    this.underWay.add(done);
  }

  private async deliver(batch: ScoredBatch): Promise<void> {
    const { delivery, flood, metrics, deadLetters } = this.options;
    const { events, outputs, failures, fallbacks } = batch;
    const started = performance.now();
    const refusedOutput = (index: number, refusal: RecordRefusal) => {
      flood.note(1, [{ index: 0, ...refusal }]);
      metrics.deadLetter(refusal.errorClass);
      return deadLetters.encode(events[index], index, refusal);
    };
    const refused = await delivery.deliver(batch, refusedOutput);
    metrics.spent('deliver', performance.now() - started);
    for (const { errorClass } of failures) {
      metrics.deadLetter(errorClass);
    }
    metrics.acknowledged(events, {
      predicted: outputs.length - fallbacks - refused,
      fallback: fallbacks,
      'dead-letter': failures.length + refused,
    });
  }

  /** Resolves when one more micro-batch may be taken. */
  private async room(): Promise<void> {
    const { source, maxInFlight, logger } = this.options;
    if (this.underWay.size < maxInFlight) {
      return;
    }
    const pausing = setTimeout(() => {
      this.paused = true;
      source.pause();
      logger.info({ inFlight: this.underWay.size }, 'the sink holds back the source');
    }, PAUSE_AFTER_MILLIS);
    while (this.underWay.size >= maxInFlight && this.goesOn) {
      await this.change();
    }
    clearTimeout(pausing);
    if (this.paused) {
      this.paused = false;
      source.resume();
      logger.info('the source goes on');
    }
  }

  /**
   * After a micro-batch that was not full, the next one begins when that is done, or a few milliseconds later: what each costs beside
   * its rows, here and at the brokers, would be spent many times for rows that can go together.
   */
  private async pace(): Promise<void> {
    let early = !this.full && performance.now() - this.begun < PACE_MILLIS;
    if (!early) {
      return;
    }
    const due = setTimeout(() => {
      early = false;
      this.wake();
    }, PACE_MILLIS);
    while (early && this.underWay.size > 0 && this.goesOn) {
      await this.change();
    }
    clearTimeout(due);
  }

  private get goesOn(): boolean {
    return !this.stopping.signal.aborted && this.failure === undefined;
  }

  private change(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
    });
  }

  private fail(error: unknown): void {
    this.failure ??= { error };
    this.stopping.abort();
    this.wake();
  }
}

/** Whether there was no room for more, so that more waits. */
function isFull(events: readonly ConsumedEvent[], { maxRows, maxBytes }: MicroBatchingConfig): boolean {
  if (events.length >= maxRows) {
    return true;
  }
  let bytes = 0;
  for (const { value } of events) {
    bytes += value?.length ?? 0;
  }
  return bytes > maxBytes / 2;
}
