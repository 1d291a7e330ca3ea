import type { CarriedFields, RowBatch } from '../row-batch';
import { parseExactly } from './exact-text';

/** Values that are carried from events of JSON, as parts of their text. */
export class CarriedJson implements CarriedFields {
  /** Values of rows that the scanner did not read. */
  private readonly texts = new Map<number, readonly (string | undefined)[]>();

  /** Bytes of rows that are not the value of their event. */
  private readonly sources = new Map<number, Buffer>();

  /**
   * @param spans begin and end of each span of each row
   * @param spanOfField span of each field
   */
  constructor(
    private readonly batch: RowBatch,
    private readonly spans: Int32Array,
    private readonly spanOfField: readonly number[],
    private readonly spanCount: number,
  ) {}

  /** The row was not scanned: these are the texts of its fields. */
  put(row: number, texts: readonly (string | undefined)[]): void {
    this.texts.set(row, texts);
  }

  /** The spans of the row are in these bytes. */
  putSource(row: number, source: Buffer): void {
    this.sources.set(row, source);
  }

  /** Nothing is known of the row. */
  clear(row: number): void {
    if (this.texts.size > 0) {
      this.texts.delete(row);
    }
    if (this.sources.size > 0) {
      this.sources.delete(row);
    }
  }

  text(row: number, field: number): string | undefined {
    const texts = this.texts.size > 0 ? this.texts.get(row) : undefined;
    if (texts !== undefined) {
      return texts[field];
    }
    const at = 2 * (row * this.spanCount + this.spanOfField[field]);
    const start = this.spans[at];
    if (!(start >= 0)) {
      return undefined;
    }
    const source = (this.sources.size > 0 ? this.sources.get(row) : undefined) ?? this.batch.eventAt(row).value;
    return source?.toString('utf8', start, this.spans[at + 1]);
  }

  value(row: number, field: number): unknown {
    const text = this.text(row, field);
    return text === undefined ? undefined : parseExactly(text);
  }
}
