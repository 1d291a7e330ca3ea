import type { MicroBatchingConfig } from '../../runtime/src/contract';
import type { ConsumedEvent, EventSource, ProducedEvent, SourceContext } from '../../runtime/src/streaming/event';
import { createLogger } from '../../runtime/src/telemetry';
import { eventually } from '../support/eventually';

/** Micro-batches of tests: what is there is taken at once. */
export const AT_ONCE: MicroBatchingConfig = { maxRows: 100, maxBytes: 1 << 20, maxDelayMillis: 0 };

/** What sources and sinks of tests are made with; faults are collected. */
export function testContext(member = 'pod-0'): SourceContext & { readonly faults: unknown[]; rebalances: number } {
  const faults: unknown[] = [];
  const context = {
    consumer: 'test',
    member,
    logger: createLogger({ level: 'silent' }),
    onRetry: (error: unknown) => faults.push(error),
    onRebalance: () => {
      context.rebalances += 1;
    },
    faults,
    rebalances: 0,
  };
  return context;
}

/** Reads until so many events are there. */
export async function take(source: EventSource, count: number, limits = AT_ONCE): Promise<ConsumedEvent[]> {
  const events: ConsumedEvent[] = [];
  await eventually(`${count} events`, async () => {
    events.push(...(await source.next(limits, new AbortController().signal)));
    return events.length >= count;
  });
  return events;
}

/** An event to write, made from one that was read. */
export function produced(value: string, index = 0, more: Partial<ProducedEvent> = {}): ProducedEvent {
  return { value: Buffer.from(value), headers: [], id: `id-${value}`, index, ...more };
}

/** Values of events as texts. */
export function values(events: readonly { readonly value: Buffer | null }[]): (string | undefined)[] {
  return events.map(({ value }) => value?.toString());
}
