import { ELEMENTS_TEXT } from '../../../protocol';
import type { EventHeader, PredictedRows } from '../../event';
import type { RowBatch } from '../row-batch';
import { bytesOfTexts } from './bytes-of-texts';
import type { OutputFields } from './output-field';
import type { ValueWriter, WrittenValues } from './value-writer';

/** Writes predictions as JSON objects: first the fields that are passed through, then the predictions. */
export class JsonObjects implements ValueWriter {
  private readonly passedNames: readonly string[];
  private readonly predictedNames: readonly string[];

  constructor(
    private readonly fields: OutputFields,
    /** Headers of the events. */
    private readonly headers: readonly EventHeader[] = [],
  ) {
    this.passedNames = fields.passed.map((name) => `${JSON.stringify(name)}:`);
    this.predictedNames = fields.predictions.map(({ name }) => `${JSON.stringify(name)}:`);
  }

  write(batch: RowBatch, predicted: PredictedRows): WrittenValues {
    return { values: bytesOfTexts(this.texts(batch, predicted)), headers: this.headers };
  }

  /** The objects as text, one for each row. A field that the event lacks is left out. */
  texts(batch: RowBatch, { firstRow, rows, outputs, firstOutputRow }: PredictedRows): string[] {
    const columns = this.fields.predictions.map(({ take, isList, datatype }, index) => {
      const { data, width } = take(outputs, firstOutputRow, rows);
      return { data, width, isList, name: this.predictedNames[index], text: ELEMENTS_TEXT[datatype] };
    });
    const texts = new Array<string>(rows);
    for (let row = 0; row < rows; row += 1) {
      let text = this.passedText(batch, firstRow + row);
      for (const { data, width, isList, name, text: elements } of columns) {
        const value = elements(data, row * width, (row + 1) * width);
        const before = text === '' ? '{' : ',';
        text += isList ? `${before}${name}[${value}]` : before + name + value;
      }
      texts[row] = text === '' ? '{}' : `${text}}`;
    }
    return texts;
  }

  private passedText(batch: RowBatch, row: number): string {
    const names = this.passedNames;
    let text = '';
    for (let field = 0; field < names.length; field += 1) {
      const value = batch.carried.text(row, field);
      if (value !== undefined) {
        text += (text === '' ? '{' : ',') + names[field] + value;
      }
    }
    return text;
  }
}
