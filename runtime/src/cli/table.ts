import { styleText } from 'node:util';

/** Columns are separated by this. */
const GAP = '   ';

/** A table for a terminal: columns as wide as their widest cell, the head in bold. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join(GAP)
      .trimEnd();
  return [styleText('bold', line(head)), ...rows.map(line)].join('\n');
}
