import type { Duration } from 'cdk8s';
import type { BatchingConfig } from '../../contract';
import { millisOf, quote, RULES, readableMillis, type Violation, violation } from '../../kubernetes';
import type { Model } from '../../model';

const MAX_ROWS = 65_536;
const MAX_DELAY_MILLIS = 60_000;

/** Options of {@link Batching.dynamic}. */
export interface DynamicBatchingOptions {
  /**
   * Most rows of several requests in one run, 1 to 65536. A request with more rows is run alone.
   *
   * @default - found at warm-up: where a further row costs as much as the one before
   */
  readonly maxBatchSize?: number;

  /**
   * Numbers of rows at which a run is cheapest, for example `[8, 16, 32]`. A run is taken as soon as so many rows wait.
   *
   * @default - any number
   */
  readonly preferredBatchSizes?: number[];

  /**
   * Longest time that a request waits for others. Without it a request never waits for others: a free model takes at once
   * what is there, and batches form by themselves under load.
   *
   * @default - no wait
   */
  readonly maxDelay?: Duration;
}

/** How requests share runs of a model. */
export class Batching {
  /**
   * Requests that wait at the same time share a run, where the model allows it.
   *
   * @param options sizes, and how long to wait
   */
  public static dynamic(options: DynamicBatchingOptions = {}): Batching {
    return new Batching('dynamic', options);
  }

  /** Every request is run alone. For models whose rows influence each other, or to compare. */
  public static none(): Batching {
    return new Batching('none', { maxBatchSize: 1 });
  }

  /** @internal */
  public readonly _kind: 'dynamic' | 'none';

  /** @internal */
  public readonly _options: DynamicBatchingOptions;

  private constructor(kind: 'dynamic' | 'none', options: DynamicBatchingOptions) {
    this._kind = kind;
    this._options = options;
  }
}

/** Batching as the runtime reads it. */
export function renderBatching({ _options: options }: Batching): BatchingConfig {
  const { maxBatchSize, preferredBatchSizes, maxDelay } = options;
  return {
    maxBatchSize,
    preferredBatchSizes,
    maxDelayMillis: maxDelay === undefined ? undefined : Math.ceil(millisOf(maxDelay)),
  };
}

/** Checks batching against the model and its latency budget. */
export function checkBatching(batching: Batching, model: Model, budgetMillis: number): Violation[] {
  return batching._kind === 'none'
    ? []
    : [...checkBatchSizes(batching, model), ...checkDelay(batching._options, budgetMillis)];
}

/** Checks the sizes of batches against the model. */
export function checkBatchSizes(batching: Batching, model: Model): Violation[] {
  return batching._kind === 'none' ? [] : [...checkSizes(batching._options), ...checkOpen(batching, model)];
}

function checkSizes({ maxBatchSize, preferredBatchSizes }: DynamicBatchingOptions): Violation[] {
  const found: string[] = [];
  if (maxBatchSize !== undefined && !isSize(maxBatchSize, MAX_ROWS)) {
    found.push(`batching has a maxBatchSize of ${quote(maxBatchSize)}.`);
  }
  const most = maxBatchSize ?? MAX_ROWS;
  if (preferredBatchSizes?.length === 0 || preferredBatchSizes?.some((size) => !isSize(size, most))) {
    found.push(`batching has the preferredBatchSizes ${quote(preferredBatchSizes)}, and a maxBatchSize of ${most}.`);
  }
  return found.map((what) =>
    violation(RULES.batchSize, what, 'Write for example { maxBatchSize: 32, preferredBatchSizes: [8, 32] }.'),
  );
}

function isSize(size: number, most: number): boolean {
  return Number.isInteger(size) && size >= 1 && size <= most;
}

function checkDelay({ maxDelay }: DynamicBatchingOptions, budgetMillis: number): Violation[] {
  if (maxDelay === undefined) {
    return [];
  }
  const delay = millisOf(maxDelay);
  return delay <= MAX_DELAY_MILLIS && delay < budgetMillis
    ? []
    : [
        violation(
          RULES.batchDelay,
          `batching has a maxDelay of ${readableMillis(delay)}, and the latency budget is ${readableMillis(budgetMillis)}.`,
          'Leave maxDelay out, or write a few milliseconds.',
        ),
      ];
}

function checkOpen({ _options: options }: Batching, { name, signature }: Model): Violation[] {
  const fixed = signature?.inputs.find(({ shape }) => (shape[0] ?? -1) >= 0);
  return fixed === undefined || options.maxBatchSize === 1
    ? []
    : [
        violation(
          RULES.fixedBatch,
          `batching is Batching.dynamic, and the input ${quote(fixed.name)} of the model ${quote(name)} has the shape [${fixed.shape.join(', ')}].`,
          'Export the model with an open first dimension, or write Batching.none().',
        ),
      ];
}
