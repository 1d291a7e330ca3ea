import type { KafkaClient } from '../../services/kafka';

/** What is wrong with the outputs of a stream of events `0` to `events - 1`. */
export interface History {
  readonly outputs: number;

  /** Events without an output. */
  readonly missing: number;

  /** Outputs of events that have one already. */
  readonly duplicates: number;

  /** First outputs of events that come after a later event of the same key. */
  readonly outOfOrder: number;

  /** Outputs with another key than their event's. */
  readonly wrongKeys: number;

  /** Outputs that say another event than their value in the header with the identifier. */
  readonly wrongIds: number;
  readonly deadLetters: number;
}

/** Reads what is committed, and compares it with what was written. */
export async function historyOf(
  client: KafkaClient,
  topics: { output: string; deadLetter: string },
  { events, keyOf, idHeader }: { events: number; keyOf: (id: number) => string; idHeader: string },
): Promise<History> {
  const seen = new Set<number>();
  const positions = new Map<string, number>();
  const latest = new Map<string, number>();
  let [outputs, outOfOrder, wrongKeys, wrongIds, deadLetters] = [0, 0, 0, 0, 0];
  await client.forEachRecord(topics.output, ({ value, key = '', headers }) => {
    const { id } = JSON.parse(`${value}`) as { id: number };
    outputs++;
    wrongKeys += key === keyOf(id) ? 0 : 1;
    // One position of the source for each event, and one event for each.
    const position = headers[idHeader] ?? '';
    wrongIds += (positions.get(position) ?? id) === id && position !== '' ? 0 : 1;
    positions.set(position, id);
    if (!seen.has(id)) {
      seen.add(id);
      outOfOrder += (latest.get(key) ?? -1) > id ? 1 : 0;
      latest.set(key, Math.max(latest.get(key) ?? -1, id));
    }
  });
  await client.forEachRecord(topics.deadLetter, () => {
    deadLetters++;
  });
  return {
    outputs,
    missing: events - seen.size,
    duplicates: outputs - seen.size,
    outOfOrder,
    wrongKeys,
    wrongIds,
    deadLetters,
  };
}
