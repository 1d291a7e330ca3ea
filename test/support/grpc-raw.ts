import { type ClientHttp2Session, connect, constants, type IncomingHttpHeaders } from 'node:http2';

/** An HTTP/2 connection to a gRPC port for what no client of gRPC sends. */
export class RawGrpc {
  private readonly session: ClientHttp2Session;

  /** Settles when the server says that the connection goes: the last stream it will answer. */
  readonly goaway: Promise<number>;

  constructor(port: number) {
    this.session = connect(`http://127.0.0.1:${port}`);
    this.session.on('error', () => undefined);
    this.goaway = new Promise((resolve) => this.session.once('goaway', (_code, lastStream) => resolve(lastStream)));
  }

  /** Sends one message, framed; returns headers and trailers together. */
  send(
    method: string,
    message: Uint8Array | readonly Uint8Array[],
    headers: Record<string, string> = {},
  ): Promise<IncomingHttpHeaders> {
    const path = method.startsWith('/') ? method : `/inference.GRPCInferenceService/${method}`;
    const messages = message instanceof Uint8Array ? [message] : message;
    return this.exchange(path, Buffer.concat(messages.map(framed)), headers);
  }

  /** Sends bytes as they are, in place of framed messages. */
  exchange(path: string, body: Uint8Array, headers: Record<string, string> = {}): Promise<IncomingHttpHeaders> {
    return new Promise((resolve, reject) => {
      const stream = this.session.request({
        ':method': 'POST',
        ':path': path,
        'content-type': 'application/grpc',
        te: 'trailers',
        ...headers,
      });
      let received: IncomingHttpHeaders = {};
      const add = (more: IncomingHttpHeaders) => {
        received = { ...received, ...more };
      };
      stream.on('response', add);
      stream.on('trailers', add);
      stream.on('error', reject);
      stream.on('close', () => resolve(received));
      stream.resume();
      stream.end(body);
    });
  }

  /**
   * Starts a call whose message never comes completely.
   *
   * @param bytes what is sent of it
   * @returns settles with the error code of HTTP/2 when the server ends the call
   */
  open(path = '/inference.GRPCInferenceService/ModelInfer', bytes: Uint8Array = Buffer.alloc(3)): Promise<number> {
    const stream = this.session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc' });
    stream.on('error', () => undefined);
    stream.write(bytes);
    return new Promise((resolve) => stream.on('close', () => resolve(stream.rstCode ?? 0)));
  }

  /** Whether the connection is gone. */
  get closed(): boolean {
    return this.session.closed || this.session.destroyed;
  }

  close(): void {
    this.session.close();
  }

  /** Ends the connection in the middle of everything. */
  reset(): void {
    this.session.destroy(undefined, constants.NGHTTP2_CANCEL);
  }
}

function framed(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}
