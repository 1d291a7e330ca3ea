import type { ModelConfig } from '../contract';
import type { BatchSizeMeter } from './batch-size-meter';
import type { Cell } from './cell-metric';
import type { HistogramCell } from './histogram';

/** Protocols that requests come by; values of the label `protocol`. */
export const PROTOCOLS = ['v1', 'v2', 'grpc'] as const;

/** One of {@link PROTOCOLS}. */
export type Protocol = (typeof PROTOCOLS)[number];

/** Classes of answers; values of the label `code`. */
export const CODE_CLASSES = ['2xx', '4xx', '5xx'] as const;

/** Stages of a request; values of the label `stage`. */
export const STAGES = ['queue', 'features', 'inference', 'serialization'] as const;

/** What answered; values of the label `source`. Answers of fallbacks are counted by their own metrics. */
export const SOURCES = ['own', 'response-cache'] as const;

/** Why a request was not run; values of the label `reason`. */
export const SHED_REASONS = ['deadline', 'queue-full', 'priority', 'expired', 'abandoned'] as const;

/** Where a model runs; values of the label `placement`. */
export const PLACEMENTS = ['inline', 'worker'] as const;

/** What a look-up in the response cache found; values of the label `result`. */
export const CACHE_RESULTS = ['hit', 'miss', 'shared'] as const;

/** A cell for each value of a label. */
export type Cells<Value extends string> = Readonly<Record<Value, Cell>>;

/** Counts the answers of one model version over one protocol. */
export class RequestMeter {
  /** Answers by code class, in the order 2xx, 4xx, 5xx. */
  readonly answers = new Float64Array(CODE_CLASSES.length);

  /** Seconds from arrival to answer, all answers together, by code class. */
  readonly seconds = new Float64Array(CODE_CLASSES.length);

  /** Seconds for reading bodies, all together. */
  readingSeconds = 0;

  /** When the last good answer was given, in milliseconds since 1970; 0 = never. */
  lastGoodAt = 0;

  constructor(private readonly duration: HistogramCell) {}

  /**
   * Notes an answer.
   *
   * @param status HTTP status code
   * @param seconds from the arrival of the request
   */
  record(status: number, seconds: number): void {
    const code = status < 400 ? 0 : status < 500 ? 1 : 2;
    this.answers[code] += 1;
    this.seconds[code] += seconds;
    if (code === 0) {
      this.lastGoodAt = Date.now();
    }
    this.duration.observe(seconds);
  }
}

/** What a queue tells when the metrics are read. */
export interface QueueReading {
  /** Requests that wait. */
  readonly requests: number;

  /** Rows that wait. */
  readonly rows: number;

  /** Waiting time of the oldest, in seconds; 0 when none waits. */
  readonly oldestSeconds: number;

  /** Most rows of several requests in one run. */
  readonly batchLimit: number;
}

/** Counts what happens between the submission of a request and its answer by the model. */
export interface RunMeter {
  /** Seconds of one run. */
  readonly seconds: HistogramCell;

  /** Rows of one run. */
  readonly rows: HistogramCell;

  /** Runs by their size. */
  readonly sizes: BatchSizeMeter;

  /** Seconds of one request in each stage. */
  readonly stages: Readonly<Record<(typeof STAGES)[number], HistogramCell>>;

  /** Predictions by what answered. */
  readonly predictions: Cells<(typeof SOURCES)[number]>;

  /** Requests that were not run, by reason. */
  readonly shed: Cells<(typeof SHED_REASONS)[number]>;

  /** Says where the queue is read. */
  watchQueue(read: () => QueueReading): void;
}

/** Counts what becomes of the places where a model runs. */
export interface PlacementMeter {
  /** 1 for the present placement. */
  readonly placement: Cells<(typeof PLACEMENTS)[number]>;

  /** Worker threads that ended unexpectedly. */
  readonly deaths: Cell;
}

/** Counts the use of a response cache. */
export interface CacheMeter {
  readonly lookups: Cells<(typeof CACHE_RESULTS)[number]>;

  /** For looking up what was found; for looking up what was not, and putting it in afterwards. */
  readonly seconds: { hit: number; miss: number };
  readonly bytes: Cell;
}

/** What is measured of one model version. */
export interface ModelMeters {
  readonly requests: Readonly<Record<Protocol, RequestMeter>>;
  readonly runs: RunMeter;
  readonly placement: PlacementMeter;
  readonly cache: CacheMeter;

  /** Says what is served from now on. */
  setInfo(file: Pick<ModelConfig, 'sha256' | 'format'>): void;

  /** Loaded and warm. */
  setReady(ready: boolean): void;

  /** Time of verifying, loading and warming up. */
  setLoadSeconds(seconds: number): void;

  /** Removes the series, when the version is no longer served. */
  remove(): void;
}
