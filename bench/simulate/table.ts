/** Prints a table in Markdown. */
export function printTable(title: string, header: readonly string[], rows: readonly (readonly string[])[]): void {
  console.log(`\n${title}\n`);
  console.log(`| ${header.join(' | ')} |`);
  console.log(`|${header.map((_, column) => (column === 0 ? ' --- |' : ' ---: |')).join('')}`);
  for (const row of rows) {
    console.log(`| ${row.join(' | ')} |`);
  }
}

/** A share as a percentage, to a tenth where that says something. */
export function percent(share: number): string {
  const value = 100 * share;
  return `${value === 0 || value === 100 ? value : value.toFixed(1)} %`;
}
