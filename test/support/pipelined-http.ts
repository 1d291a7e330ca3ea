import { connect, type Socket } from 'node:net';

/** An answer of HTTP/1.1, with the bytes of its body. */
export interface PipelinedAnswer {
  readonly status: number;

  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

interface Waiting {
  readonly resolve: (answer: PipelinedAnswer) => void;
  readonly reject: (error: Error) => void;
}

/** A connection on which requests are sent without waiting for the answers to those before. */
export class PipelinedConnection {
  private received: Buffer = Buffer.alloc(0);
  private readonly waiting: Waiting[] = [];

  /** What came although no request was waiting for it. */
  surplus = 0;

  private constructor(private readonly socket: Socket) {
    socket.setNoDelay(true);
    socket.on('data', (piece: Buffer) => {
      this.received = this.received.length === 0 ? piece : Buffer.concat([this.received, piece]);
      this.read();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      for (const { reject } of this.waiting.splice(0)) {
        reject(new Error('the connection ended before the answer'));
      }
    });
  }

  static async open(port: number): Promise<PipelinedConnection> {
    const socket = connect(port, '127.0.0.1');
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new PipelinedConnection(socket);
  }

  /** Sends a request; rejects when the connection ends before its answer. */
  post(path: string, headers: Readonly<Record<string, string>>, body: Uint8Array): Promise<PipelinedAnswer> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.socket.write(requestBytes(path, headers, body));
    });
  }

  /** Sends a part of a request, and leaves. */
  leave(path: string, headers: Readonly<Record<string, string>>, body: Uint8Array, part: number): void {
    const bytes = requestBytes(path, headers, body);
    this.socket.write(bytes.subarray(0, Math.ceil(bytes.length * part)), () => this.socket.destroy());
  }

  /** Whether it is over. */
  get ended(): boolean {
    return this.socket.destroyed;
  }

  destroy(): void {
    this.socket.destroy();
  }

  private read(): void {
    for (;;) {
      const end = this.received.indexOf('\r\n\r\n');
      if (end < 0) {
        return;
      }
      const [first, ...lines] = this.received.toString('latin1', 0, end).split('\r\n');
      const headers = Object.fromEntries(lines.map(headerOf));
      const length = Number(headers['content-length']);
      if (!first.startsWith('HTTP/1.1 ') || !Number.isInteger(length)) {
        this.socket.destroy(new Error(`no answer with a length: ${first}`));
        return;
      }
      const start = end + 4;
      if (this.received.length < start + length) {
        return;
      }
      const body = Buffer.from(this.received.subarray(start, start + length));
      this.received = this.received.subarray(start + length);
      const next = this.waiting.shift();
      if (next === undefined) {
        this.surplus += 1;
      } else {
        next.resolve({ status: Number(first.slice(9, 12)), headers, body });
      }
    }
  }
}

function requestBytes(path: string, headers: Readonly<Record<string, string>>, body: Uint8Array): Buffer {
  const all = { Host: 'localhost', 'Content-Length': String(body.length), ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1'), body]);
}

function headerOf(line: string): [name: string, value: string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}
