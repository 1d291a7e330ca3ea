import { type JsonPointer, valueAt } from './json-pointer';
import type { CarriedFields } from './row-batch';

/** Values that are carried from events that are no JSON. */
export class CarriedValues implements CarriedFields {
  private readonly rows: unknown[][] = [];

  constructor(private readonly carried: readonly JsonPointer[]) {}

  /** The same fields, of no row. */
  empty(): CarriedValues {
    return new CarriedValues(this.carried);
  }

  /** Takes the fields of a value. */
  put(row: number, value: unknown): void {
    if (this.carried.length > 0) {
      this.rows[row] = this.carried.map((pointer) => valueAt(value, pointer));
    }
  }

  text(row: number, field: number): string | undefined {
    const value = this.rows[row]?.[field];
    return value === undefined ? undefined : jsonOf(value);
  }

  value(row: number, field: number): unknown {
    return this.rows[row]?.[field];
  }
}

/** A value as JSON: integers in digits, bytes in base64, what is not finite as `"NaN"`, `"Infinity"` and `"-Infinity"`. */
function jsonOf(value: unknown): string {
  if (typeof value === 'bigint') {
    return String(value);
  }
  if (typeof value === 'number' && !Number.isFinite(value)) {
    return `"${value}"`;
  }
  if (typeof value !== 'object' || value === null) {
    return JSON.stringify(value);
  }
  if (Buffer.isBuffer(value)) {
    return `"${value.toString('base64')}"`;
  }
  if (Array.isArray(value)) {
    return `[${value.map(jsonOf).join()}]`;
  }
  return `{${Object.entries(value)
    .map(([name, inner]) => `${JSON.stringify(name)}:${jsonOf(inner)}`)
    .join()}}`;
}
