import type { DeliveredBatch, Delivery, EventSink, EventSource, RefusedOutput } from '../event';
import { StreamError } from '../event';

/** Writes a micro-batch, and acknowledges its events when all that came of them is acknowledged. */
export class AtLeastOnce implements Delivery {
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly source: EventSource,
    private readonly outputs: EventSink | undefined,
    private readonly deadLetters: EventSink | undefined,
  ) {}

  async start(): Promise<void> {
    await this.outputs?.start();
    await this.deadLetters?.start();
  }

  async deliver({ events, outputs, deadLetters }: DeliveredBatch, refused: RefusedOutput): Promise<number> {
    const before = this.last;
    // Both are written at once: neither depends on the other.
    const written = Promise.all([this.outputs?.send(outputs), this.send(deadLetters)]);
    const delivering = written.then(async ([refusals = []]) => {
      const more = outputs.flatMap(({ index }, at) => {
        const refusal = refusals[at];
        return refusal === undefined ? [] : [refused(index, refusal)];
      });
      await this.send(more);
      await before;
      return { more, acknowledged: this.source.acknowledge(events) };
    });
    // Acknowledgements are asked for in order; they need not be answered before the next one is.
    this.last = delivering;
    delivering.catch(() => undefined);
    const { more, acknowledged } = await delivering;
    await acknowledged;
    return more.length;
  }

  async stop(): Promise<void> {
    await this.last.catch(() => undefined);
    await this.outputs?.stop();
    await this.deadLetters?.stop();
  }

  private async send(deadLetters: DeliveredBatch['deadLetters']): Promise<void> {
    if (this.deadLetters === undefined || deadLetters.length === 0) {
      return;
    }
    const refusals = await this.deadLetters.send(deadLetters);
    const refusal = refusals.find((each) => each !== undefined);
    if (refusal !== undefined) {
      throw StreamError.declaration(
        `A dead letter cannot be written: ${refusal.reason} Let the place for dead letters take what the source has.`,
      );
    }
  }
}
