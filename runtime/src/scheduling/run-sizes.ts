import type { BatchingConfig } from '../contract';
import { type LoadedModel, outputBytesOfRow } from '../model';
import { BatchLimit } from './batch-limit';
import { CostEstimate } from './cost-estimate';

/** Most rows in a shared run of a model that could not be measured. */
const UNMEASURED_ROWS = 64;

/** Outputs of a shared run take about this much memory at most, in bytes. */
const OUTPUT_BYTES = 64 * 1024 * 1024;

/** A larger run is tried when it is expected to be shorter than this, in the event loop and in a worker thread, in seconds. */
const LARGER_SECONDS = { inline: 0.001, worker: 0.2 } as const;

/**
 * A run in a worker thread is given rows for this time, when they wait and cost no more together, in seconds: each run costs
 * the event loop a change of threads with cold caches. Longer runs are not worth their latency.
 */
const WORKER_SECONDS = 0.02;

/** Of the time that a request has left, so much may go into sharing its run with others. */
const SHARED_PART = 0.5;

/** Full runs shorter than this follow each other without a gap only when the next one is there already, in seconds. */
const SHORT_SECONDS = 0.005;

/** A request with more rows than a worker thread evaluates in this time is run in parts, in seconds. */
const PART_SECONDS = 0.02;

/** How much goes into a run of a model, by what runs were measured to cost. */
export class RunSizes {
  /** What runs take. */
  readonly cost: CostEstimate;

  private readonly limit: BatchLimit;

  /** Memory of one row of the outputs: as far as the signature tells, and as in the last run. */
  private readonly knownBytesOfRow: number;
  private outputBytesOfRow: number;

  /** @param turnSeconds how long runs may hold up the event loop, in seconds */
  constructor(
    private readonly model: LoadedModel,
    private readonly batching: BatchingConfig,
    private readonly turnSeconds: number,
  ) {
    this.cost = new CostEstimate(model.cost?.points);
    const rows = batching.maxBatchSize ?? model.cost?.worthwhileRows ?? UNMEASURED_ROWS;
    const kind = batching.maxBatchSize !== undefined ? 'fixed' : model.cost?.settled === true ? 'measured' : 'open';
    this.limit = new BatchLimit(rows, kind);
    this.knownBytesOfRow = outputBytesOfRow(model.signature) ?? 0;
    this.outputBytesOfRow = this.knownBytesOfRow;
  }

  /** Learns from a run. */
  observe(rows: number, seconds: number, outputBytes: number): void {
    this.cost.observe(rows, seconds);
    this.limit.observe(rows, seconds);
    this.outputBytesOfRow = outputBytes / Math.max(1, rows);
  }

  /** Most rows of several requests in one run. */
  get most(): number {
    const { rows } = this.limit;
    if (!this.inWorker || this.batching.maxBatchSize !== undefined) {
      return rows;
    }
    const flatRows = this.model.cost?.flatRows ?? rows;
    return Math.max(rows, Math.min(flatRows, Math.floor(WORKER_SECONDS / this.rowSeconds)));
  }

  /** Whether full runs are short next to the way to a worker thread. */
  get short(): boolean {
    return this.cost.seconds(this.most) < SHORT_SECONDS;
  }

  /**
   * Rows of the next shared run: a preferred size when enough wait for one, else as many as are worthwhile.
   *
   * @param waiting rows that wait
   * @param remainingSeconds time that the first of them has left
   */
  next(waiting: number, remainingSeconds: number): number {
    const { preferredBatchSizes = [] } = this.batching;
    let rows = 0;
    for (const size of preferredBatchSizes) {
      if (size <= waiting && size > rows) {
        rows = size;
      }
    }
    if (rows === 0) {
      const seconds = this.cost.seconds(2 * this.limit.rows);
      const mayGrow = seconds < (this.inWorker ? LARGER_SECONDS.worker : LARGER_SECONDS.inline);
      const inTime = Math.floor((SHARED_PART * remainingSeconds) / this.rowSeconds);
      rows = Math.max(this.limit.next(waiting, mayGrow), Math.min(this.most, inTime));
    }
    const affordable = Math.floor(OUTPUT_BYTES / Math.max(1, this.outputBytesOfRow));
    return Math.max(1, Math.min(rows, affordable));
  }

  /** Jobs that are run one after the other in one go, when they share no run. */
  get alone(): number {
    return this.inWorker ? 1 : Math.max(1, Math.floor(this.turnSeconds / Math.max(this.cost.seconds(1), 1e-6)));
  }

  /** Rows of a part, when a request with so many rows would take too long in one run; undefined when it is run whole. */
  part(rows: number): number | undefined {
    const { cost, most } = this;
    const seconds = cost.seconds(rows);
    const partSeconds = this.inWorker ? PART_SECONDS : this.turnSeconds;
    // As long as it is not known that a larger run takes longer, parts might cost many times as much as the whole.
    const known = this.model.cost?.settled === true || cost.knows(rows);
    if (!known || rows <= most || seconds <= partSeconds) {
      return undefined;
    }
    return Math.max(most, Math.floor((rows * partSeconds) / seconds));
  }

  /** Memory of the outputs for so many rows, as far as the signature tells, in bytes. */
  knownOutputBytes(rows: number): number {
    return this.knownBytesOfRow * rows;
  }

  /** Seconds that a row takes in a run that is worthwhile. */
  private get rowSeconds(): number {
    const { rows } = this.limit;
    return Math.max(this.cost.seconds(rows), 1e-9) / rows;
  }

  private get inWorker(): boolean {
    return this.model.session.workers > 0;
  }
}
