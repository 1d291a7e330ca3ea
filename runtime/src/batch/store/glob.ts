/** Files of a dataset: the folder that is listed, and which of its objects count. */
export interface Pattern {
  /** Address of the deepest folder without wildcards, with the slash at its end. */
  readonly folder: string;

  /** Start of all keys that match, below the folder. */
  readonly prefix: string;

  /** The one key that matches, when there are no wildcards. */
  readonly key?: string;

  /** Whether an object counts, by its key below the folder. */
  readonly matches: (key: string) => boolean;
}

/**
 * Reads an address with wildcards: `*` stands for any text without `/`, `**` for any text.
 *
 * What a wildcard stands for may hold no file or folder that starts with `_` or `.`: such names are markers and unfinished
 * files everywhere.
 */
export function parsePattern(uri: string): Pattern {
  const wildcard = uri.indexOf('*');
  const slash = uri.lastIndexOf('/', wildcard < 0 ? uri.length : wildcard);
  const folder = uri.slice(0, slash + 1);
  const rest = uri.slice(slash + 1);
  if (wildcard < 0) {
    const key = decoded(rest, folder);
    return { folder, prefix: key, key, matches: (other) => other === key };
  }
  const parts = rest.split(/(\*\*|\*)/).map((part) => (part.startsWith('*') ? part : decoded(part, folder)));
  const source = parts.map((part, index) =>
    part.startsWith('*') ? wildcardSource(part, parts[index - 1] ?? '') : escaped(part),
  );
  const expression = new RegExp(`^${source.join('')}$`, 's');
  return { folder, prefix: parts[0] ?? '', matches: (key) => expression.test(key) && !key.endsWith('/') };
}

/** Not at the start of a name where that is hidden; a name begins with the wildcard or after a slash inside of it. */
function wildcardSource(wildcard: string, before: string): string {
  const startsName = before === '' || before.endsWith('/');
  const hidden = startsName ? '(?![_.])' : '';
  return wildcard === '*' ? `${hidden}[^/]*` : `${hidden}(?:[^/]|/(?![_.]))*`;
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

/** Addresses are written with escapes, paths are not. */
function decoded(text: string, folder: string): string {
  if (folder.startsWith('/')) {
    return text;
  }
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
