import type { FeatureColumnsConfig } from '../../contract';
import type { PassedColumn } from './scored-rows';
import { identifier } from './sql';
import type { TableFormat, TableSchema } from './table-file';

/** Types that go through the program as text. */
const AS_TEXT = /\b(UNION|VARIANT|BIT|GEOMETRY|BIGNUM|TIME_NS)\b/;

/** Columns that are copied to the output; every problem is added to `mismatches`. */
export function passThroughColumns(
  { columns }: TableSchema,
  format: TableFormat,
  features: readonly FeatureColumnsConfig[],
  declared: readonly string[] | undefined,
  mismatches: string[],
): PassedColumn[] {
  const isFeature = new Set(features.flatMap((feature) => feature.columns));
  const names = declared ?? columns.map(({ name }) => name).filter((name) => !isFeature.has(name));
  return names.flatMap((name): PassedColumn[] => {
    const column = columns.find((candidate) => candidate.name === name);
    if (column === undefined) {
      mismatches.push(`there is no column '${name}', which is to be copied.`);
      return [];
    }
    const asText = AS_TEXT.test(column.type);
    const sql = asText ? `CAST(${identifier(name)} AS VARCHAR)` : identifier(name);
    return [{ name, sql, sqlType: asText ? 'VARCHAR' : column.type, unwrap: format === 'json-lines' }];
  });
}
