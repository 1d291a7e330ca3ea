import type {
  ConsumedEvent,
  DeadLetterEncoder,
  DeliveredBatch,
  EventDecoder,
  EventEncoder,
  EventFailure,
  ProducedEvent,
} from '../event';
import type { StreamMetrics } from './metrics';
import type { RowScorer } from './row-scorer';

/** A micro-batch with all that is to be written of it. */
export interface ScoredBatch extends DeliveredBatch {
  readonly failures: readonly EventFailure[];

  /** Outputs that are a fallback's. */
  readonly fallbacks: number;
}

/** Options of {@link BatchScorer}. */
export interface BatchScorerOptions {
  readonly decoder: EventDecoder;
  readonly encoder: EventEncoder;
  readonly deadLetters: DeadLetterEncoder;
  readonly scorer: RowScorer;
  readonly metrics: StreamMetrics;

  /** An event that was delivered more often is a dead letter. Absent = the source does not count. */
  readonly maxDeliveries?: number;
}

/** Turns events into predictions and dead letters. */
export class BatchScorer {
  constructor(private readonly options: BatchScorerOptions) {}

  async score(events: readonly ConsumedEvent[]): Promise<ScoredBatch> {
    const { maxDeliveries = Number.POSITIVE_INFINITY } = this.options;
    if (!events.some(({ deliveries = 0 }) => deliveries > maxDeliveries)) {
      return this.scoreAll(events);
    }
    const tried: number[] = [];
    const failures: EventFailure[] = [];
    for (const [index, { deliveries = 0 }] of events.entries()) {
      if (deliveries > maxDeliveries) {
        const reason = `The event was delivered ${deliveries} times: those who tried it have ended. The limit is ${maxDeliveries}.`;
        failures.push({ index, errorClass: 'deliveries', reason });
      } else {
        tried.push(index);
      }
    }
    const scored = await this.scoreAll(tried.map((index) => events[index]));
    const inPlace = <T extends { readonly index: number }>(list: readonly T[]): T[] =>
      list.map((each) => ({ ...each, index: tried[each.index] }));
    return {
      events,
      outputs: inPlace(scored.outputs),
      deadLetters: [...inPlace(scored.deadLetters), ...this.letters(events, failures)],
      failures: [...inPlace(scored.failures), ...failures],
      fallbacks: scored.fallbacks,
    };
  }

  private async scoreAll(events: readonly ConsumedEvent[]): Promise<ScoredBatch> {
    const { decoder, encoder, scorer, metrics } = this.options;
    const started = performance.now();
    const decoding = decoder.decode(events);
    const decoded = decoding instanceof Promise ? await decoding : decoding;
    const decodedAt = performance.now();
    metrics.spent('decode', decodedAt - started);
    const failures = [...decoded.failures];
    const { predicted, refused, featureSeconds } = await scorer.score(decoded);
    for (const { row, reason } of refused) {
      failures.push({ index: decoded.eventOfRow[row], errorClass: 'inference', reason });
    }
    const scoredAt = performance.now();
    metrics.spent('inference', scoredAt - decodedAt - 1000 * featureSeconds);
    if (featureSeconds > 0) {
      metrics.spent('features', 1000 * featureSeconds);
    }
    let outputs: readonly ProducedEvent[] = [];
    let fallbacks = 0;
    for (const part of predicted) {
      const encoding = encoder.encode(decoded, part);
      const encoded = encoding instanceof Promise ? await encoding : encoding;
      outputs = outputs.length === 0 ? encoded.outputs : [...outputs, ...encoded.outputs];
      fallbacks += part.source === 'fallback' ? encoded.outputs.length : 0;
      failures.push(...encoded.failures);
    }
    metrics.spent('encode', performance.now() - scoredAt);
    failures.sort((a, b) => a.index - b.index);
    return { events, outputs, deadLetters: this.letters(events, failures), failures, fallbacks };
  }

  private letters(events: readonly ConsumedEvent[], failures: readonly EventFailure[]): ProducedEvent[] {
    return failures.map((failure) => this.options.deadLetters.encode(events[failure.index], failure.index, failure));
  }
}
