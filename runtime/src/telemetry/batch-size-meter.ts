/** Sizes up to this one are counted one by one. */
const EXACT_SIZES = 64;

/** What was counted of the runs of one size. Times are in seconds, all runs together. */
export interface BatchSizeCounts {
  /** Good runs. */
  runs: number;

  /** For putting the rows of several requests together. */
  inputSeconds: number;

  /** In the model. */
  inferenceSeconds: number;

  /** Runs whose answers were written. */
  answered: number;

  /** For writing their answers. */
  outputSeconds: number;
}

/**
 * Counts the runs of a model by their rows.
 *
 * Sizes are bounded, because clients choose them: up to 64 rows each has its own count; larger runs are counted with the
 * next power of two.
 */
export class BatchSizeMeter {
  private readonly counts = new Map<number, BatchSizeCounts>();

  /** Notes a good run. */
  ran(rows: number, inputSeconds: number, inferenceSeconds: number): void {
    const counts = this.of(rows);
    counts.runs += 1;
    counts.inputSeconds += inputSeconds;
    counts.inferenceSeconds += inferenceSeconds;
  }

  /** Notes that the answers of a run were written. */
  answered(rows: number, seconds: number): void {
    const counts = this.of(rows);
    counts.answered += 1;
    counts.outputSeconds += seconds;
  }

  /** The sizes that were seen, ascending, with their counts. */
  get all(): (readonly [size: number, counts: Readonly<BatchSizeCounts>])[] {
    return [...this.counts].sort(([one], [other]) => one - other);
  }

  private of(rows: number): BatchSizeCounts {
    const size = rows <= EXACT_SIZES ? rows : 2 ** Math.ceil(Math.log2(rows));
    let counts = this.counts.get(size);
    if (counts === undefined) {
      counts = { runs: 0, inputSeconds: 0, inferenceSeconds: 0, answered: 0, outputSeconds: 0 };
      this.counts.set(size, counts);
    }
    return counts;
  }
}
