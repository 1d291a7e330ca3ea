import type { Readable } from 'node:stream';

const PAUSE_FROM_BYTES = 4 * 1024 * 1024;

/**
 * Everything that a stream has delivered, also when it breaks off: iterating over a stream itself throws away what it
 * has buffered at the moment of the error, and with it the progress of a download.
 */
export class Inbox implements AsyncIterable<Buffer> {
  private readonly queue: Buffer[] = [];
  private queuedBytes = 0;
  private ended = false;
  private error: unknown;
  private wake: () => void = () => undefined;

  /** Begins to receive. */
  constructor(private readonly stream: Readable) {
    stream.on('data', (chunk: Buffer) => {
      this.queue.push(chunk);
      this.queuedBytes += chunk.length;
      if (this.queuedBytes > PAUSE_FROM_BYTES) {
        stream.pause();
      }
      this.wake();
    });
    stream.on('error', (error) => {
      this.error = error;
      this.wake();
    });
    stream.on('end', () => this.finish());
    stream.on('close', () => this.finish());
  }

  /** The chunks in order; then the stream's error, if it had one. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    for (;;) {
      const chunk = this.queue.shift();
      if (chunk !== undefined) {
        this.queuedBytes -= chunk.length;
        yield chunk;
      } else if (this.error !== undefined) {
        throw this.error;
      } else if (this.ended) {
        return;
      } else {
        this.stream.resume();
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
      }
    }
  }

  private finish(): void {
    this.ended = true;
    this.wake();
  }
}
