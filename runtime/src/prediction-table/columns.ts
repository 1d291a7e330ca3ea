import type { Datatype } from '../model';

/** A column of a table of predictions. */
export interface PredictionColumn {
  readonly name: string;
  readonly datatype: Datatype;

  /** Shape of one row: `[]` = a single value, `[n]` = a list of so many. */
  readonly shape: readonly number[];
}

/** Whether two runs have the same columns, in the same order. */
export function sameColumns(a: readonly PredictionColumn[], b: readonly PredictionColumn[]): boolean {
  return columnsText(a) === columnsText(b);
}

/** Columns as text that is equal for equal columns. */
export function columnsText(columns: readonly PredictionColumn[]): string {
  return JSON.stringify(columns.map(({ name, datatype, shape }) => ({ name, datatype, shape })));
}
