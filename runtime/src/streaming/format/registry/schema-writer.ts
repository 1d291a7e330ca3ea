import { errorMessage } from '../../../telemetry';
import type { PredictedRows, RecordRefusal } from '../../event';
import type { OutputFields } from '../output/output-field';
import { predictedValues } from '../output/predicted-values';
import type { ValueWriter, WrittenValues } from '../output/value-writer';
import type { RowBatch } from '../row-batch';

/** A schema that predictions are written with. */
export interface SchemaOfSubject {
  /** What is before each value. */
  readonly header: Buffer;

  /** Everything that speaks against values with these fields. */
  problems(names: readonly string[]): string[];

  /** Writes a value; throws when it does not fit. */
  encode(value: Readonly<Record<string, unknown>>): Buffer;
}

/** Writes predictions with the number of their schema in front. */
export class SchemaWriter implements ValueWriter {
  constructor(
    private readonly schema: SchemaOfSubject,
    private readonly fields: OutputFields,
  ) {}

  write(batch: RowBatch, predicted: PredictedRows): WrittenValues {
    const { passed, predictions } = this.fields;
    const values = predictedValues(predictions, predicted);
    return {
      values: values.map((value, row): Buffer | RecordRefusal => {
        for (let field = 0; field < passed.length; field += 1) {
          value[passed[field]] = batch.carried.value(predicted.firstRow + row, field);
        }
        try {
          return Buffer.concat([this.schema.header, this.schema.encode(value)]);
        } catch (error) {
          return { errorClass: 'encode', reason: `The prediction does not fit the schema: ${errorMessage(error)}.` };
        }
      }),
    };
  }
}
