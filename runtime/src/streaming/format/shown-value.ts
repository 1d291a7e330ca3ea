const MOST_CHARACTERS = 40;

/** A value as it is shown in a reason: a short scalar as JSON has it, of anything larger what it is. */
export function shownValue(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(cut(value));
    case 'number':
    case 'boolean':
    case 'bigint':
      return cut(String(value));
    case 'undefined':
      return 'absent';
    default:
      return value === null ? 'null' : Array.isArray(value) ? `a list of ${value.length}` : 'an object';
  }
}

/** The beginning of a text that is long. */
export function cut(text: string, most = MOST_CHARACTERS): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}
