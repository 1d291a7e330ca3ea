import { open } from 'node:fs/promises';
import type { CsvConfig } from '../../contract';
import { TableError } from './error';

/** Longest header line, in bytes. */
const MAX_HEADER_BYTES = 1024 * 1024;

const BYTE_ORDER_MARK = '\uFEFF';

/**
 * Names in the header line of a CSV file; the line itself is their declaration, so nothing is guessed.
 *
 * @throws TableError when there is none, or a name stands twice
 */
export async function csvColumns(
  path: string,
  { delimiter = ',', columns }: CsvConfig = {},
): Promise<readonly string[]> {
  const names = columns ?? fieldsOf(await startOf(path), delimiter, path);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new TableError(`${path} has two columns '${twice}'; name each once.`);
  }
  return names;
}

async function startOf(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_HEADER_BYTES), 0, MAX_HEADER_BYTES, 0);
    const text = buffer.toString('utf8', 0, bytesRead);
    return text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
  } finally {
    await file.close();
  }
}

/** The fields of the first record; as in RFC 4180. */
function fieldsOf(text: string, delimiter: string, path: string): string[] {
  const fields: string[] = [];
  let field = '';
  let quoted = false;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (quoted) {
      if (character !== '"') {
        field += character;
      } else if (text[index + 1] === '"') {
        field += '"';
        index += 1;
      } else {
        quoted = false;
      }
    } else if (character === '"' && field === '') {
      quoted = true;
    } else if (character === delimiter) {
      fields.push(field);
      field = '';
    } else if (character === '\n' || character === '\r') {
      return [...fields, field];
    } else {
      field += character;
    }
  }
  if (quoted || text.length >= MAX_HEADER_BYTES) {
    throw new TableError(`${path} has no header line of at most ${MAX_HEADER_BYTES} bytes.`);
  }
  if (text === '') {
    throw new TableError(`${path} is empty; CSV has a header line at least, unless its columns are declared.`);
  }
  return [...fields, field];
}
