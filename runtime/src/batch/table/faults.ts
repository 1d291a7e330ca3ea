/** Why a row has no prediction. */
export interface Fault {
  readonly reason: string;

  /** The column that is to blame, when there is one. */
  readonly column?: string;

  /** Whether the column has no value: in text, a value that is none of its type counts as that. */
  readonly missing?: boolean;
}

/** The rows of a batch that have no prediction, by their position in it. The first fault of a row counts. */
export class BatchFaults {
  readonly byRow = new Map<number, Fault>();

  add(row: number, fault: Fault): void {
    if (!this.byRow.has(row)) {
      this.byRow.set(row, fault);
    }
  }
}
