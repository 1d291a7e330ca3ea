import type { ProducedEvent } from '../event';

/**
 * Positions of events that have to be written one after the other: those with the same key. Different lanes, and events
 * without key, are free of each other.
 */
export function lanesOf(events: readonly Pick<ProducedEvent, 'key'>[]): number[][] {
  const lanes: number[][] = [];
  const byKey = new Map<string, number[]>();
  events.forEach(({ key }, index) => {
    const name = key?.toString('latin1');
    const lane = name === undefined ? undefined : byKey.get(name);
    if (lane !== undefined) {
      lane.push(index);
      return;
    }
    const added = [index];
    lanes.push(added);
    if (name !== undefined) {
      byKey.set(name, added);
    }
  });
  return lanes;
}

/** Works on lanes in order, so many at a time. The first error ends all, and rejects. */
export async function inLanes(
  lanes: readonly (readonly number[])[],
  most: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  let failed = false;
  const worker = async () => {
    while (next < lanes.length && !failed) {
      const lane = lanes[next];
      next += 1;
      for (const index of lane) {
        await work(index);
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(most, lanes.length) }, worker));
  } finally {
    failed = true;
  }
}
