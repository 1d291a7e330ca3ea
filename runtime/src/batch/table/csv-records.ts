import { createReadStream } from 'node:fs';

const QUOTE = 0x22;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * How many records of a CSV file begin before each of some bytes. Lines that hold nothing are no records, and line breaks in
 * quotes end none.
 *
 * @param positions bytes, in order
 */
export async function recordsBefore(path: string, positions: readonly number[]): Promise<number[]> {
  const counts: number[] = [];
  let records = 0;
  let isBetween = true;
  let isQuoted = false;
  let at = 0;
  for await (const bytes of createReadStream(path, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Buffer>) {
    for (const byte of bytes) {
      while (positions[counts.length] <= at) {
        counts.push(records);
      }
      if (counts.length === positions.length) {
        return counts;
      }
      at += 1;
      if (byte === LINE_FEED && !isQuoted) {
        isBetween = true;
      } else if (byte !== CARRIAGE_RETURN || !isBetween) {
        records += isBetween ? 1 : 0;
        isBetween = false;
        isQuoted = byte === QUOTE ? !isQuoted : isQuoted;
      }
    }
  }
  return [...counts, ...positions.slice(counts.length).map(() => records)];
}
