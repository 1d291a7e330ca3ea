/** Something to write, and who waits for it. */
interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Writes one group after the other: what comes while a group is being written is the next one. So one round trip to the brokers,
 * or one transaction, serves as many micro-batches as came in its time, and their order holds. After a failure nothing is written.
 */
export class GroupWriter<Item, Result> {
  private waiting: Waiting<Item, Result>[] = [];
  private writing: Promise<void> | undefined;
  private failure: { readonly error: unknown } | undefined;

  /** @param write writes a group; gives a result for each item */
  constructor(private readonly write: (items: readonly Item[]) => Promise<readonly Result[]>) {}

  add(item: Item): Promise<Result> {
    if (this.failure !== undefined) {
      return Promise.reject(this.failure.error);
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, resolve, reject });
      this.writing ??= this.writeAll().finally(() => {
        this.writing = undefined;
      });
    });
  }

  /** Resolves when nothing is being written. */
  async idle(): Promise<void> {
    await this.writing;
  }

  private async writeAll(): Promise<void> {
    while (this.waiting.length > 0) {
      const group = this.waiting.splice(0);
      try {
        const results = await this.write(group.map(({ item }) => item));
        for (const [index, { resolve }] of group.entries()) {
          resolve(results[index] as Result);
        }
      } catch (error) {
        this.failure = { error };
        for (const { reject } of [...group, ...this.waiting.splice(0)]) {
          reject(error);
        }
      }
    }
  }
}
