import type { RolloutConfig } from '../../contract';
import { type ComparisonCounts, NO_COMPARISONS } from '../state';
import { latencyShift, populationStability, type Report, wilcoxon } from '../statistics';
import { type Answer, compareAnswers, scoreOf } from './compare-answers';

/** A request that was mirrored. */
export interface MirroredRequest {
  readonly method: string;

  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** What became of a mirrored request. */
export const COMPARISON_OUTCOMES = ['agreements', 'disagreements', 'failures', 'dropped', 'skipped'] as const;

export type ComparisonOutcome = (typeof COMPARISON_OUTCOMES)[number];

/** Most requests that wait, and most that are asked for at once. */
const MOST_WAITING = 256;
const MOST_AT_ONCE = 8;

/** Differences that are not worth a word, unless the configuration says otherwise. */
const TOLERANCE = 1e-6;

/** Most pairs that reports are made of: the latest. */
const MOST_PAIRS = 1000;
const BINS = 10;

/** Marks requests that must have no side effects. */
const SHADOW_HEADER = 'x-shadow';

/** Options of {@link Comparison}. */
export interface ComparisonOptions {
  readonly config: RolloutConfig;
  readonly onOutcome: (outcome: ComparisonOutcome) => void;

  /** Sends a request to a version. */
  readonly ask: (base: string, request: MirroredRequest, signal: AbortSignal) => Promise<Answer>;
}

/**
 * Sends mirrored requests to both versions, and compares what they answer. Nobody waits for it: what does not fit in the queue is
 * dropped and counted.
 */
export class Comparison {
  private readonly waiting: MirroredRequest[] = [];
  private readonly stopping = new AbortController();
  private running = 0;
  private counts: ComparisonCounts = NO_COMPARISONS;
  private latencies: { readonly stable: number; readonly candidate: number }[] = [];
  private scores: [number, number][] = [];
  private readonly tolerance: number;

  constructor(private readonly options: ComparisonOptions) {
    this.tolerance = options.config.guardrails.find(({ type }) => type === 'disagreement')?.tolerance ?? TOLERANCE;
  }

  /** Takes a mirrored request. */
  add(request: MirroredRequest): void {
    if (this.stopping.signal.aborted || this.waiting.length >= MOST_WAITING) {
      this.count('dropped');
      return;
    }
    this.waiting.push(request);
    this.start();
  }

  /** A request that cannot be compared: it is too large, or names a version. */
  skip(): void {
    this.count('skipped');
  }

  /** What was compared since it was asked before. */
  take(): ComparisonCounts {
    const { counts } = this;
    this.counts = NO_COMPARISONS;
    return counts;
  }

  /** Latencies and scores of the latest requests, for people. */
  report(): Report[] {
    const { latencies, scores } = this;
    const differences = scores.map(([stable, candidate]) => candidate - stable);
    return [latencyShift(latencies), wilcoxon(differences), stabilityOf(scores)];
  }

  /** Ends requests under way. */
  close(): void {
    this.stopping.abort();
    this.waiting.length = 0;
  }

  private start(): void {
    while (this.running < MOST_AT_ONCE) {
      const request = this.waiting.shift();
      if (request === undefined) {
        return;
      }
      this.running += 1;
      void this.compare(request).then((outcome) => {
        this.running -= 1;
        this.count(outcome);
        this.start();
      });
    }
  }

  /** Never rejects. */
  private async compare(request: MirroredRequest): Promise<ComparisonOutcome> {
    const { config, ask } = this.options;
    const marked = { ...request, headers: { ...request.headers, [SHADOW_HEADER]: '1' } };
    try {
      const [stable, candidate] = await Promise.all(
        [config.stable.url, config.candidate.url].map((base) => ask(base, marked, this.stopping.signal)),
      );
      const likeness = compareAnswers(stable, candidate, this.tolerance);
      if (likeness === 'agreement' || likeness === 'disagreement') {
        this.remember(stable, candidate);
      }
      return OUTCOMES[likeness];
    } catch {
      return 'failures';
    }
  }

  private remember(stable: Answer, candidate: Answer): void {
    this.latencies = [...this.latencies, { stable: stable.millis, candidate: candidate.millis }].slice(-MOST_PAIRS);
    const [one, other] = [scoreOf(stable), scoreOf(candidate)];
    if (one !== undefined && other !== undefined) {
      this.scores = [...this.scores, [one, other] as [number, number]].slice(-MOST_PAIRS);
    }
  }

  private count(outcome: ComparisonOutcome): void {
    this.counts = { ...this.counts, [outcome]: this.counts[outcome] + 1 };
    this.options.onOutcome(outcome);
  }
}

const OUTCOMES = {
  agreement: 'agreements',
  disagreement: 'disagreements',
  failed: 'failures',
  skipped: 'skipped',
} as const;

/** Both distributions of scores in bins that hold a tenth of the stable version's each. */
function stabilityOf(scores: readonly (readonly [number, number])[]): Report {
  const sorted = scores.map(([stable]) => stable).sort((a, b) => a - b);
  const edges = Array.from(
    { length: BINS - 1 },
    (_, index) => sorted[Math.floor(((index + 1) * sorted.length) / BINS)],
  );
  const histogramOf = (values: readonly number[]) => {
    const bins = new Array<number>(BINS).fill(0);
    for (const value of values) {
      bins[edges.filter((edge) => value > edge).length] += 1;
    }
    return bins;
  };
  return populationStability(histogramOf(sorted), histogramOf(scores.map(([, candidate]) => candidate)));
}
