import type { Decision } from './decision';

/** Most entries that are kept. */
const MOST_ENTRIES = 300;

/** Most bytes that are kept: a ConfigMap holds 1 MiB, and the state needs its part. */
const MOST_BYTES = 450 * 1024;

/** Most bytes of one entry; what is longer goes without its evidence. */
const MOST_ENTRY_BYTES = 32 * 1024;

/**
 * Appends decisions to a log of one JSON object a line. The oldest entries go when there are more than 300, or more than
 * 450 KiB. Lines that are not understood are kept like others.
 */
export function appendDecisions(log: string, decisions: readonly Decision[]): string {
  const lines = [...log.split('\n').filter((line) => line !== ''), ...decisions.map(lineOf)].slice(-MOST_ENTRIES);
  let bytes = 0;
  let first = lines.length;
  while (first > 0 && bytes + Buffer.byteLength(lines[first - 1]) + 1 <= MOST_BYTES) {
    first -= 1;
    bytes += Buffer.byteLength(lines[first]) + 1;
  }
  return lines
    .slice(first)
    .map((line) => `${line}\n`)
    .join('');
}

function lineOf(decision: Decision): string {
  const line = JSON.stringify(decision);
  return Buffer.byteLength(line) <= MOST_ENTRY_BYTES ? line : JSON.stringify({ ...decision, evidence: undefined });
}
