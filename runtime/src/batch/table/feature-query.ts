import type { FeatureColumn } from './feature-columns';
import type { ScorePlan } from './score-table';
import type { PassedColumn } from './scored-rows';
import { sourceOf } from './source';
import type { TableFormat } from './table-file';

/**
 * A query for the columns of all inputs, side by side, and then others.
 *
 * @param passed columns that are read with them, to be copied
 */
export function featureQuery({ input, schema, inputs }: ScorePlan, passed: readonly PassedColumn[]): string {
  const features = inputs.flatMap(({ columns }) => columns);
  const types = new Map([
    ...features.map(({ name, type }): [string, string] => [name, type]),
    ...passed.map(({ name, sqlType }): [string, string] => [name, sqlType]),
  ]);
  // A column of text that is both is read once, as it stands.
  const isPassed = new Set(input.format === 'parquet' ? [] : passed.map(({ name }) => name));
  const expressions = [
    ...features.map((column) => (isPassed.has(column.name) ? castOfText(column, input.format) : column.sql)),
    ...passed.map(({ sql }) => sql),
  ];
  const columns = expressions.map((sql, index) => `${sql} AS c${index}`);
  return `SELECT ${columns.join(', ')} FROM ${sourceOf(input, schema, types)}`;
}

/** A feature, of a column that is read as text. */
function castOfText({ sql, type, carrier }: FeatureColumn, format: TableFormat): string {
  const text = format === 'json-lines' ? `(${sql} ->> '$')` : sql;
  return carrier === 'DIGITS' || carrier === 'VARCHAR' ? text : `TRY_CAST(${text} AS ${type})`;
}
