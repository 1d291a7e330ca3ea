/** A name as SQL writes it, whatever is in it. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Text as SQL writes it, whatever is in it. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A path to read: characters that stand for many files elsewhere stand for themselves. */
export function pathLiteral(path: string): string {
  return literal(path.replace(/[*?[]/g, '[$&]'));
}
