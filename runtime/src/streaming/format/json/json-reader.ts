import type { ConsumedEvent, RecordRefusal } from '../../event';
import type { RowBatch } from '../row-batch';
import type { EventReader } from '../row-decoder';
import { JsonRows, type JsonRowsOptions } from './json-rows';

/** Reads events whose values are JSON. */
export class JsonReader implements EventReader {
  private readonly rows: JsonRows;

  constructor(options: JsonRowsOptions) {
    this.rows = new JsonRows(options);
  }

  begin(batch: RowBatch): void {
    batch.carried = this.rows.begin(batch);
  }

  read(_event: ConsumedEvent, value: Buffer, row: number): RecordRefusal | undefined {
    return this.rows.read(value, row);
  }
}
