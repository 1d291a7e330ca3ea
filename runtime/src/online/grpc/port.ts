import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TlsFiles } from '../../security';
import { errorText } from '../http/responder';
import type { GrpcServer, GrpcServerOptions } from './server';

/** What every client of HTTP/2 sends first. */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

/** Part of the time for last requests in which clients read that their connection goes, before it is closed. */
const READING_SHARE = 1 / 4;

/** How a request of HTTP/1.1 begins. */
const HTTP_1 = /^[A-Z]{3,7} \//;
const WRONG_PROTOCOL = errorText('This port speaks gRPC. V1 and V2 REST are on the HTTP port (8080 by default).');
const WRONG_PROTOCOL_ANSWER =
  `HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: ${WRONG_PROTOCOL.length}\r\n` +
  `Connection: close\r\n\r\n${WRONG_PROTOCOL}`;

/** Options of {@link GrpcPort}. */
export interface GrpcPortOptions extends GrpcServerOptions {
  /** Undefined = plain TCP. */
  readonly tls: TlsFiles | undefined;
}

/**
 * The port of the V2 protocol over gRPC.
 *
 * Listens from the start, and loads the gRPC server for the first client that speaks HTTP/2: a process that serves REST
 * alone, or whose port is only probed, pays neither its start time nor its memory.
 */
export class GrpcPort {
  /** Where clients connect. It is to be listened with. */
  readonly server: Server;

  /** Connections that were accepted and are not closed. */
  private readonly open = new Set<Socket>();

  /** Connections of them whose client has not said what it speaks. */
  private readonly silent = new Set<Socket>();
  private grpc: GrpcServer | undefined;
  private leaving = false;

  constructor(private readonly options: GrpcPortOptions) {
    const { tls, limits } = options;
    const take = (connection: Socket) => this.take(connection);
    this.server = tls === undefined ? createServer(take) : tls.createServer(['h2'], take);
    this.server.maxConnections = limits.connections;
  }

  /** Models have become ready, or not ready any more. */
  refresh(): void {
    this.grpc?.refresh();
  }

  /**
   * Ends without losing a call. Clients are told to start no further ones on their connections; those that still come are
   * answered for a moment. Then nothing is taken any more, and what is in flight is finished.
   *
   * @param deadline on the clock of `performance.now()`
   * @returns whether all connections ended by themselves; else they were cut at the deadline
   */
  async drain(deadline: number): Promise<boolean> {
    this.leaving = true;
    this.grpc?.announceEnd();
    const { lastRequestsMillis } = this.options.limits;
    if (this.open.size > 0) {
      // Not only until they have left: a client may come back, to bring what it could not start on the old connection.
      await sleep(lastRequestsMillis);
    }
    const closed = once(this.server, 'close');
    this.server.close();
    for (const connection of this.silent) {
      connection.destroy();
    }
    // Those that came in the meantime are told as well, and get time to read it.
    this.grpc?.announceEnd();
    await Promise.race([closed, sleep(lastRequestsMillis * READING_SHARE, undefined, { ref: false })]);
    this.grpc?.end();
    let cut = false;
    const timer = setTimeout(
      () => {
        cut = true;
        for (const connection of this.open) {
          connection.destroy();
        }
      },
      Math.max(0, deadline - performance.now()),
    );
    await closed;
    clearTimeout(timer);
    return !cut;
  }

  /** Waits for what a client says first, and hands those that speak HTTP/2 over. */
  private take(connection: Socket): void {
    const { open, silent } = this;
    let head: Buffer = Buffer.alloc(0);
    const read = () => {
      const piece: Buffer | null = connection.read();
      if (piece === null) {
        return;
      }
      head = Buffer.concat([head, piece]);
      if (!head.subarray(0, PREFACE.length).equals(PREFACE.subarray(0, head.length))) {
        connection.off('readable', read);
        refuse(connection, head);
      } else if (head.length >= PREFACE.length) {
        connection.off('readable', read);
        connection.setTimeout(0);
        silent.delete(connection);
        connection.unshift(head);
        this.grpcServer().accept(connection);
      }
    };
    open.add(connection);
    silent.add(connection);
    connection.setTimeout(this.options.limits.headersMillis, () => connection.destroy());
    connection.on('readable', read);
    // A connection that breaks is followed by its end; there is nobody to tell.
    connection.on('error', () => connection.destroy());
    connection.once('close', () => {
      open.delete(connection);
      silent.delete(connection);
    });
  }

  private grpcServer(): GrpcServer {
    if (this.grpc === undefined) {
      const { GrpcServer: Loaded } = require('./server') as typeof import('./server');
      this.grpc = new Loaded(this.options);
      if (this.leaving) {
        this.grpc.announceEnd();
      }
    }
    return this.grpc;
  }
}

/** Ends a connection that does not speak HTTP/2; a client of HTTP/1.1 learns why. */
function refuse(connection: Socket, head: Buffer): void {
  if (HTTP_1.test(head.toString('latin1'))) {
    connection.end(WRONG_PROTOCOL_ANSWER);
    // What else it sends is thrown away until it has read the answer, or until the time for silence is over.
    connection.resume();
  } else {
    connection.destroy();
  }
}
