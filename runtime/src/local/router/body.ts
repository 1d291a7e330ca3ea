import { Readable } from 'node:stream';

/** The body of a request, which several may read from its beginning while it arrives: attempts, and mirrors. */
export class SharedBody {
  private readonly chunks: Buffer[] = [];
  private ended = false;
  private failure: Error | undefined;
  private waiting: (() => void)[] = [];

  /** Settles when all of it has arrived; never fails. */
  readonly complete: Promise<void>;

  constructor(source: Readable) {
    this.complete = new Promise((resolve) => {
      const end = (error?: Error) => {
        this.failure ??= error;
        this.ended = true;
        this.wake();
        resolve();
      };
      source.on('data', (chunk: Buffer) => {
        this.chunks.push(chunk);
        this.wake();
      });
      source.on('end', () => end());
      source.on('error', end);
      source.on('close', () => end(this.ended ? undefined : new Error('the client has gone')));
    });
  }

  /** The body from its beginning. */
  read(): Readable {
    return Readable.from(this.iterate(), { objectMode: false });
  }

  private async *iterate(): AsyncGenerator<Buffer> {
    for (let index = 0; ; index += 1) {
      while (index >= this.chunks.length && !this.ended) {
        await new Promise<void>((resolve) => this.waiting.push(resolve));
      }
      const chunk = this.chunks[index];
      if (chunk === undefined) {
        if (this.failure !== undefined) {
          throw this.failure;
        }
        return;
      }
      yield chunk;
    }
  }

  private wake(): void {
    for (const resume of this.waiting.splice(0)) {
      resume();
    }
  }
}
