import { connect, type Socket } from 'node:net';

/** Longest wait for an answer, well below the time that a test may take. */
const MAX_WAIT_MILLIS = 15_000;

/** A TCP connection on which a test writes what it wants. */
export class RawConnection {
  private received = '';
  private ended = false;
  private readonly listeners = new Set<() => void>();

  private constructor(private readonly socket: Socket) {
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      this.received += text;
      this.notify();
    });
    socket.on('close', () => {
      this.ended = true;
      this.notify();
    });
    // A reset is seen as the end of the connection.
    socket.on('error', () => undefined);
  }

  static async open(port: number): Promise<RawConnection> {
    const socket = connect(port, '127.0.0.1');
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new RawConnection(socket);
  }

  write(text: string | Uint8Array): void {
    this.socket.write(text);
  }

  /** Closes the sending half. */
  end(): void {
    this.socket.end();
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** Status codes of all answers so far. */
  get statuses(): number[] {
    return [...this.received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
  }

  /** Everything received so far. */
  get text(): string {
    return this.received;
  }

  get closed(): boolean {
    return this.ended;
  }

  /** Waits until so many answers have begun and, of the last one, the body is there. */
  async answers(count: number): Promise<number[]> {
    await this.until(`${count} answers`, () => this.statuses.length >= count && this.lastIsComplete());
    return this.statuses;
  }

  /** Waits until the server has closed the connection; returns everything received. */
  async close(): Promise<string> {
    await this.until('the end of the connection', () => this.ended);
    return this.received;
  }

  private lastIsComplete(): boolean {
    const start = this.received.lastIndexOf('HTTP/1.1 ');
    const [head, body] = this.received.slice(start).split('\r\n\r\n', 2);
    const length = /content-length: (\d+)/i.exec(head)?.[1];
    return body !== undefined && (length === undefined || body.length >= Number(length));
  }

  private until(what: string, holds: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const finish = (error?: Error) => {
        clearTimeout(timer);
        this.listeners.delete(check);
        if (error === undefined) {
          resolve();
        } else {
          reject(error);
        }
      };
      const check = () => {
        if (holds()) {
          finish();
        } else if (this.ended) {
          finish(new Error(`connection closed before ${what}: ${this.received}`));
        }
      };
      const timer = setTimeout(() => finish(new Error(`no ${what}: ${this.received}`)), MAX_WAIT_MILLIS);
      this.listeners.add(check);
      check();
    });
  }

  private notify(): void {
    for (const listener of [...this.listeners]) {
      listener();
    }
  }
}
