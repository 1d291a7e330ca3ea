import { createServer as createHttp1, type Server as Http1Server } from 'node:http';
import { createServer as createHttp2, type Http2Server } from 'node:http2';
import { createServer, type Server, type Socket } from 'node:net';
import type { ClientRequest, ClientResponse } from './exchange';

/** First bytes of a connection that speaks HTTP/2 without having asked for it. */
const PREFACE = Buffer.from('PRI * HTTP/2.0');

/** A port that takes HTTP/1.1, and HTTP/2 without TLS. */
export class ClearTextServer {
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly http1: Http1Server,
    private readonly http2: Http2Server,
  ) {}

  static async listen(
    { host, port }: { readonly host: string; readonly port: number },
    handle: (request: ClientRequest, response: ClientResponse) => void,
  ): Promise<ClearTextServer> {
    const http1 = createHttp1(handle);
    const http2 = createHttp2(handle);
    http2.on('sessionError', () => undefined);
    http1.on('clientError', (_, socket) => socket.destroy());
    const server = createServer({ noDelay: true });
    const started = new ClearTextServer(server, http1, http2);
    server.on('connection', (socket: Socket) => started.accept(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
        resolve();
      });
    });
    return started;
  }

  /** Takes no further connections, and cuts those that are there. */
  close(): void {
    this.server.close();
    for (const socket of this.sockets) {
      socket.destroy();
    }
  }

  private accept(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('error', () => undefined);
    const begun: Buffer[] = [];
    const look = (chunk: Buffer) => {
      begun.push(chunk);
      const head = Buffer.concat(begun);
      const length = Math.min(head.length, PREFACE.length);
      const isHttp2 = head.subarray(0, length).equals(PREFACE.subarray(0, length));
      if (isHttp2 && head.length < PREFACE.length) {
        return;
      }
      socket.off('data', look);
      socket.pause();
      socket.unshift(head);
      (isHttp2 ? this.http2 : this.http1).emit('connection', socket);
      if (!isHttp2) {
        socket.resume();
      }
    };
    socket.on('data', look);
  }
}
