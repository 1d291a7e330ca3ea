import { isUtf8 } from 'node:buffer';
import { INEXACT_INTEGER } from '../../../protocol';
import type { RecordRefusal } from '../../event';
import type { InputField } from '../input-field';
import { type JsonPointer, pointerOf, valueAt } from '../json-pointer';
import type { RowBatch } from '../row-batch';
import { writeRow } from '../row-values';
import { CarriedJson } from './carried-json';
import { parseExactly, parseForText } from './exact-text';
import { planScan } from './scan-plan';
import { Scanner } from './scanner';

/** What is read of JSON. */
export interface JsonRowsOptions {
  readonly fields: readonly InputField[];

  /** What is carried to the produced event. */
  readonly carried: readonly JsonPointer[];

  /**
   * Names that lead to what all pointers are relative to.
   *
   * @default none
   */
  readonly inside?: readonly string[];

  /**
   * More values that are carried, behind the others: relative to the whole.
   *
   * @default none
   */
  readonly outer?: readonly JsonPointer[];
}

const WHOLE = pointerOf([]);

/** Reads rows from JSON: by a scanner what is usual, by the parser what is not. */
export class JsonRows {
  private readonly scanner: Scanner | undefined;
  private readonly spanOfField: readonly number[];
  private readonly spanCount: number;
  private readonly inside: JsonPointer;
  private batch: RowBatch | undefined;
  private texts: CarriedJson | undefined;

  constructor(private readonly options: JsonRowsOptions) {
    const { fields, carried, inside = [], outer = [] } = options;
    const plan = planScan(fields, carried, inside, outer);
    this.scanner = plan && new Scanner(plan, fields);
    this.spanOfField = plan?.spans ?? [];
    this.spanCount = plan?.spanCount ?? 0;
    this.inside = pointerOf(inside);
  }

  /** The rows that follow are of this batch. @returns what is carried of them */
  begin(batch: RowBatch): CarriedJson {
    this.batch = batch;
    this.scanner?.begin(batch.data, batch.events.length);
    this.texts = new CarriedJson(batch, this.scanner?.spans ?? new Int32Array(0), this.spanOfField, this.spanCount);
    return this.texts;
  }

  /** Reads a row as a scanner can; false when {@link read} has to decide. */
  scan(bytes: Buffer, row: number): boolean {
    this.texts?.clear(row);
    if (this.scanner === undefined) {
      return false;
    }
    if (this.scanner.read(bytes, row)) {
      return true;
    }
    this.scanner.forget(row);
    return false;
  }

  /** Reads a row. */
  read(bytes: Buffer, row: number): RecordRefusal | undefined {
    return this.scan(bytes, row) ? undefined : this.parse(bytes, row);
  }

  /** Reads a row by the parser. */
  parse(bytes: Buffer, row: number): RecordRefusal | undefined {
    const parsed = parsedOf(bytes);
    if ('refusal' in parsed) {
      return parsed.refusal;
    }
    const { value, text } = parsed;
    try {
      const refusal = this.write(value, text, row);
      if (refusal === undefined) {
        this.carry(value, text, row);
      }
      return refusal;
    } catch (error) {
      if (error instanceof RangeError) {
        return { errorClass: 'decode', reason: 'The value nests lists and objects too deep.' };
      }
      throw error;
    }
  }

  private write(value: unknown, text: string, row: number): RecordRefusal | undefined {
    const { fields } = this.options;
    const data = this.batch?.data ?? [];
    try {
      return writeRow(valueAt(value, this.inside), fields, data, row);
    } catch (error) {
      if (error !== INEXACT_INTEGER) {
        throw error;
      }
    }
    try {
      return writeRow(valueAt(parseExactly(text), this.inside), fields, data, row);
    } catch (error) {
      if (error !== INEXACT_INTEGER) {
        throw error;
      }
      return {
        errorClass: 'mapping',
        reason: 'Integers beyond 2^53 must be written in digits, without exponent or fraction.',
      };
    }
  }

  private carry(value: unknown, text: string, row: number): void {
    const { carried, outer = [] } = this.options;
    if (carried.length + outer.length === 0) {
      return;
    }
    const written = parseForText(text);
    const textsAt = (pointers: readonly JsonPointer[], inside: JsonPointer) =>
      pointers.map((pointer) =>
        valueAt(valueAt(value, inside), pointer) === undefined
          ? undefined
          : JSON.stringify(valueAt(valueAt(written, inside), pointer)),
      );
    this.texts?.put(row, [...textsAt(carried, this.inside), ...textsAt(outer, WHOLE)]);
  }
}

/** The value of some bytes, and their text. */
export function parsedOf(
  bytes: Buffer,
): { readonly value: unknown; readonly text: string } | { readonly refusal: RecordRefusal } {
  const refused = (reason: string) => ({ refusal: { errorClass: 'decode' as const, reason } });
  if (bytes.length === 0) {
    return refused('The value is empty; JSON is needed.');
  }
  if (!isUtf8(bytes)) {
    return refused('The value is not UTF-8; JSON in UTF-8 is needed.');
  }
  const text = bytes.toString('utf8');
  try {
    return { value: JSON.parse(text), text };
  } catch (error) {
    return refused(`The value is not JSON: ${(error as Error).message}.`);
  }
}
