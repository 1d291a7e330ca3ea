import { INEXACT_INTEGER } from '../../../protocol';
import { errorMessage } from '../../../telemetry';
import type { ConsumedEvent, RecordRefusal } from '../../event';
import { CarriedValues } from '../carried-values';
import type { InputField } from '../input-field';
import type { JsonPointer } from '../json-pointer';
import type { RowBatch } from '../row-batch';
import type { EventReader } from '../row-decoder';
import { writeRow } from '../row-values';
import type { KnownSchemas } from './known-schemas';
import { HEADER_BYTES, notInWireFormat, schemaIdOf } from './wire-format';

/** Reads events with the number of their schema in front. */
export class SchemaReader<Schema> implements EventReader {
  private batch: RowBatch | undefined;
  private values: CarriedValues;

  constructor(
    private readonly schemas: KnownSchemas<Schema>,
    private readonly fields: readonly InputField[],
    carried: readonly JsonPointer[],
  ) {
    this.values = new CarriedValues(carried);
  }

  prepare(events: readonly ConsumedEvent[]): Promise<void> | undefined {
    const ids = new Set<number>();
    for (const event of events) {
      const id = schemaIdOf(event);
      if (id !== undefined) {
        ids.add(id);
      }
    }
    return this.schemas.get(ids);
  }

  begin(batch: RowBatch): void {
    this.batch = batch;
    this.values = this.values.empty();
    batch.carried = this.values;
  }

  read(event: ConsumedEvent, bytes: Buffer, row: number): RecordRefusal | undefined {
    const id = schemaIdOf(event);
    if (id === undefined) {
      return notInWireFormat(bytes);
    }
    const reader = this.schemas.reader(id);
    if (typeof reader !== 'function') {
      return reader;
    }
    let value: unknown;
    try {
      value = reader(bytes.subarray(HEADER_BYTES));
    } catch (error) {
      return { errorClass: 'decode', reason: `The value is not of its schema ${id}: ${errorMessage(error)}.` };
    }
    try {
      const refusal = writeRow(value, this.fields, this.batch?.data ?? [], row, 'binary');
      if (refusal === undefined) {
        this.values.put(row, value);
      }
      return refusal;
    } catch (error) {
      if (error !== INEXACT_INTEGER) {
        throw error;
      }
      return { errorClass: 'mapping', reason: 'A number beyond 2^53 is no exact integer; an input needs one.' };
    }
  }
}
