import type { ProducedEvent } from '../event';

/** An entry as scripts get it: how many texts its fields are, then each field's name and value. */
export type EntryFields = readonly (string | Buffer)[];

/** Most texts of an entry: what a script can hand to one command. */
const MOST_TEXTS = 4000;

/** What became of an entry that was read. */
export interface SettledEntry {
  readonly id: string;

  /** Entries to write, and which of the keys of the script they are for, from 2. */
  readonly written: readonly { readonly key: number; readonly fields: EntryFields }[];
}

/** How fields of entries hold an event. */
export interface EntryLayout {
  readonly valueField: string;

  /** Absent = keys are left out. */
  readonly keyField?: string;
}

/** Fields of the entry of an event. A header with the name of the field of the value or the key is left out. */
export function fieldsOf(event: ProducedEvent, { valueField, keyField }: EntryLayout): EntryFields {
  const fields: (string | Buffer)[] = [valueField, event.value];
  if (keyField !== undefined && event.key !== undefined) {
    fields.push(keyField, event.key);
  }
  for (const [name, value] of event.headers) {
    if (name !== valueField && name !== keyField) {
      fields.push(name, value);
    }
  }
  return fields;
}

/** Whether an entry has more fields than one command of a script takes. */
export function hasTooManyFields(event: ProducedEvent): boolean {
  return 2 * event.headers.length + 4 > MOST_TEXTS;
}

/** A frame of entries. */
export function entriesFrame(entries: readonly EntryFields[]): Buffer {
  const parts: (string | Buffer)[] = [];
  for (const fields of entries) {
    pushEntry(parts, fields);
  }
  return join(parts);
}

/** A frame of settled entries: of each its id, how many entries are written, and each with its key. */
export function settledFrame(settled: readonly SettledEntry[]): Buffer {
  const parts: (string | Buffer)[] = [];
  for (const { id, written } of settled) {
    parts.push(lengthOf(id.length), id, BYTES[written.length]);
    for (const { key, fields } of written) {
      parts.push(BYTES[key]);
      pushEntry(parts, fields);
    }
  }
  return join(parts);
}

/** Numbers of one byte. */
const BYTES = Array.from({ length: 256 }, (_, value) => Buffer.from([value]));

function pushEntry(parts: (string | Buffer)[], fields: EntryFields): void {
  const count = Buffer.allocUnsafe(2);
  count.writeUInt16BE(fields.length);
  parts.push(count);
  for (const field of fields) {
    parts.push(lengthOf(Buffer.byteLength(field)), field);
  }
}

/** Lengths of most texts are small, and made once. */
const LENGTHS = Array.from({ length: 1024 }, (_, length) => bytesOf(length));

function lengthOf(length: number): Buffer {
  return LENGTHS[length] ?? bytesOf(length);
}

function bytesOf(length: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(length);
  return bytes;
}

function join(parts: readonly (string | Buffer)[]): Buffer {
  let size = 0;
  for (const part of parts) {
    size += Buffer.byteLength(part);
  }
  const frame = Buffer.allocUnsafe(size);
  let at = 0;
  for (const part of parts) {
    if (typeof part === 'string') {
      at += frame.write(part, at);
    } else {
      frame.set(part, at);
      at += part.length;
    }
  }
  return frame;
}
