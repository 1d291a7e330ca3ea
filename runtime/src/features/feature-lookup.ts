import type { FeatureLookupConfig } from '../contract';
import type { Tensor } from '../model';
import { badRequest, RETRY_AFTER, RequestError } from '../protocol';
import { afterMillis, type GuardedRedis } from '../redis';
import { type Inference, type Job, JobAround, type PredictionSource } from '../scheduling';
import { errorMessage, type FeatureMeter, type FeatureOutcome, type Logger } from '../telemetry';
import { type CompletedInputs, completeInputs, type OutcomeCounts } from './complete-inputs';
import type { FeaturePlan } from './feature-plan';
import { Round, type RoundEntry } from './round';

/** Where the values of the looked-up inputs came from: `store`, `default` or `mixed`. */
export const FEATURE_SOURCE_HEADER = 'x-feature-source';

/** Share of the remaining time that is kept for the model. */
const KEPT_FOR_MODEL = 0.2;

/** Options of {@link FeatureLookup}. */
export interface FeatureLookupOptions {
  readonly config: FeatureLookupConfig;
  readonly plan: FeaturePlan;

  /** The feature store: one hash an entity, one field a feature. */
  readonly store: GuardedRedis;

  /** Fields of a hash that are read: the features, and the time of the last change where it matters. */
  readonly fields: readonly string[];
  readonly meter: FeatureMeter;
  readonly logger: Logger;

  /** What evaluates the completed inputs. */
  readonly next: Inference;
}

/**
 * Completes requests with features of a store.
 *
 * All requests of one turn of the event loop are looked up in one round trip, each entity once. A request waits for the
 * store at most the declared time, and never so long that nothing is left for the model; then defaults take the place of
 * what is missing. Without default it fails with 503.
 */
export class FeatureLookup implements Inference {
  private waiting: Job[] = [];
  private readonly key: readonly [string, string];

  constructor(private readonly options: FeatureLookupOptions) {
    const [before, after] = options.config.key.split('{entity}');
    this.key = [before, after];
  }

  submit(job: Job): void {
    if (this.waiting.push(job) === 1) {
      setImmediate(() => this.start());
    }
  }

  private start(): void {
    const jobs = this.waiting;
    this.waiting = [];
    const round = new Round(this.options.fields);
    for (const job of jobs) {
      if (job.abandoned) {
        job.discard();
      } else {
        this.add(job, round);
      }
    }
    if (round.commands.length === 0) {
      this.finishAll(round);
    } else {
      this.ask(round);
    }
  }

  private add(job: Job, round: Round): void {
    const entities = job.inputs[this.options.plan.entity];
    if (job.rows === undefined) {
      job.fail(
        badRequest(
          `All inputs must have the same number of rows as '${this.options.config.entity}': one entity belongs to each row.`,
        ),
      );
      return;
    }
    const [before, after] = this.key;
    round.add(job, entities, (entity) => `${before}${entity}${after}`);
  }

  /** Asks the store, unless it is known to be away. */
  private ask(round: Round): void {
    const { store, config } = this.options;
    store.ask(round, () => this.finishAll(round));
    for (const entry of round.over ? [] : round.entries) {
      const allowed = (entry.job.expiresAt - round.started) * (1 - KEPT_FOR_MODEL);
      if (allowed < config.timeoutMillis) {
        entry.timer = afterMillis(Math.max(0, allowed), () => this.finish(entry, round));
      }
    }
  }

  private finishAll(round: Round): void {
    for (const entry of round.entries) {
      this.finish(entry, round);
    }
  }

  private finish(entry: RoundEntry, round: Round): void {
    if (entry.finished) {
      return;
    }
    entry.finished = true;
    clearTimeout(entry.timer);
    const { job } = entry;
    job.times.features = (performance.now() - round.started) / 1000;
    try {
      this.pass(
        job,
        entry.positions.map((position) => round.replies[position]),
      );
    } catch (error) {
      this.options.logger.error({ reason: errorMessage(error) }, 'a feature lookup failed unexpectedly');
      job.fail(new RequestError(500, 'The feature lookup failed unexpectedly.'));
    }
  }

  private pass(job: Job, replies: Parameters<typeof completeInputs>[2]): void {
    const { plan, meter, config, next } = this.options;
    const { maxAgeMillis } = config;
    const completed = completeInputs(
      plan,
      job.inputs,
      replies,
      maxAgeMillis === undefined ? undefined : { maxAgeMillis },
    );
    count(meter, completed.counts);
    const failure = this.failure(completed, replies.length);
    if (failure !== undefined) {
      job.fail(failure);
      return;
    }
    job.modelInputs = completed.inputs;
    next.submit(new CompletedJob(job, completed.inputs, sourceOf(completed.counts)));
  }

  /** Why the request cannot be evaluated: the first feature without value and without default. */
  private failure({ counts }: CompletedInputs, rows: number): RequestError | undefined {
    const { features } = this.options.plan;
    const index = counts.findIndex(({ found }, feature) => found < rows && features[feature].fallback === undefined);
    if (index < 0) {
      return undefined;
    }
    const { found, unavailable } = counts[index];
    const reason = unavailable > 0 ? 'the feature store did not answer in time' : describeLack(counts[index]);
    const headers: Record<string, string> = unavailable > 0 ? RETRY_AFTER : {};
    return new RequestError(
      503,
      `The feature '${features[index].name}' has no value for ${rows - found} of ${rows} rows (${reason}), and no default.`,
      headers,
    );
  }
}

/** A request with its features. */
class CompletedJob extends JobAround {
  constructor(
    outer: Job,
    private readonly completed: readonly Tensor[],
    private readonly source: string,
  ) {
    super(outer);
  }

  override get inputs(): readonly Tensor[] {
    return this.completed;
  }

  override succeed(outputs: readonly Tensor[], firstRow: number | undefined, source: PredictionSource): void {
    this.headers = { ...this.headers, [FEATURE_SOURCE_HEADER]: this.source };
    super.succeed(outputs, firstRow, source);
  }
}

function count(meter: FeatureMeter, counts: readonly OutcomeCounts[]): void {
  counts.forEach((outcomes, feature) => {
    for (const outcome in outcomes) {
      meter.features[feature][outcome as FeatureOutcome].value += outcomes[outcome as FeatureOutcome];
    }
  });
}

function sourceOf(counts: readonly OutcomeCounts[]): string {
  let found = 0;
  let all = 0;
  for (const outcomes of counts) {
    found += outcomes.found;
    all += outcomes.found + outcomes.missing + outcomes.stale + outcomes.invalid + outcomes.unavailable;
  }
  return found === all ? 'store' : found === 0 ? 'default' : 'mixed';
}

function describeLack({ missing, stale, invalid }: OutcomeCounts): string {
  return [missing > 0 && 'missing in the feature store', stale > 0 && 'too old', invalid > 0 && 'not readable']
    .filter((text) => text !== false)
    .join(', ');
}
