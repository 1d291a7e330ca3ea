/* One keep-alive connection that sends the same HTTP/1.1 request again and again, and sees exactly how each ends. */
const net = require('node:net');

const HEAD_END = Buffer.from('\r\n\r\n');
const LAST_CHUNK = Buffer.from('0\r\n\r\n');

/** Bytes of a POST with JSON. */
exports.postBytes = ({ port, path, body, headers = {} }) => {
  const lines = Object.entries({
    Host: `127.0.0.1:${port}`,
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}`);
  return Buffer.from(`POST ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`);
};

exports.Connection = class Connection {
  #socket;
  #received = Buffer.alloc(0);
  #waiting;

  /** True when the next request needs another connection. */
  closed = false;

  /** Resolves with a connection; rejects when it is refused. */
  static open(port) {
    return new Promise((resolve, reject) => {
      const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new Connection(socket));
      });
    });
  }

  constructor(socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('error', (error) => this.#end(error));
    socket.on('close', () => this.#end(new Error('closed without an answer')));
  }

  /** Resolves with the status of the answer; rejects when the connection ends before it is complete. */
  send(bytes) {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      if (this.closed) {
        this.#end(new Error('closed while idle'));
      } else {
        this.#socket.write(bytes);
      }
    });
  }

  close() {
    this.closed = true;
    this.#socket.destroy();
  }

  #receive(chunk) {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const answer = readAnswer(this.#received);
    if (answer !== undefined) {
      this.#received = Buffer.alloc(0);
      const { resolve } = this.#waiting;
      this.#waiting = undefined;
      if (answer.close) {
        this.close();
      }
      resolve(answer.status);
    }
  }

  #end(error) {
    this.closed = true;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(error);
  }
};

function readAnswer(bytes) {
  const end = bytes.indexOf(HEAD_END);
  if (end < 0) {
    return undefined;
  }
  const head = bytes.toString('latin1', 0, end);
  const length = /^content-length: *(\d+)/im.exec(head)?.[1];
  const complete =
    length === undefined
      ? bytes.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK)
      : bytes.length >= end + HEAD_END.length + Number(length);
  return complete ? { status: Number(head.slice(9, 12)), close: /^connection: *close/im.test(head) } : undefined;
}
