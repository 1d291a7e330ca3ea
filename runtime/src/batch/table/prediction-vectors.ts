import duckdb from '@duckdb/node-bindings';
import type { Elements, PredictionColumn } from '../../prediction-columns';
import { fillLists, fillVector } from './vectors';

/** Writes rows of a column of predictions to a vector, from its start on. */
export function writeElements(
  { isList }: PredictionColumn,
  { data, width }: Elements,
  rows: number,
  target: duckdb.Vector,
): void {
  const vector = isList ? fillLists(target, rows, width) : target;
  if (!Array.isArray(data)) {
    if (data.length > 0) {
      fillVector(vector, data);
    }
    return;
  }
  for (let index = 0; index < data.length; index += 1) {
    // A row without prediction has no text.
    duckdb.vector_assign_string_element(vector, index, data[index] ?? '');
  }
}

/** Leaves rows of a column without prediction. */
export function writeNothing({ isList }: PredictionColumn, rows: number, target: duckdb.Vector): void {
  if (isList) {
    fillLists(target, rows, 0); // what is not there has a length as well
  }
  duckdb.vector_ensure_validity_writable(target);
  duckdb.vector_get_validity(target, 8 * Math.ceil(rows / 64)).fill(0);
}
