import { constants, type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { Server } from '@grpc/grpc-js';

/** Larger timers of Node.js fire at once; a deadline that far away is none. */
const MAX_TIMER_MILLIS = 2 ** 31 - 1;
const UNIT_MILLIS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 0.001,
  n: 0.000_001,
};

const REFLECTION = '/grpc.reflection.';

/** Bounds of {@link Connections}. */
export interface ConnectionLimits {
  /** Most bytes of messages that are being received, over all connections. */
  readonly receivingBytes: number;

  /** Calls after which a connection is replaced, so that clients spread over new pods. */
  readonly requestsPerConnection: number;

  /** How long clients that have not noticed that a connection goes may still bring calls on it. */
  readonly lastRequestsMillis: number;
}

/**
 * Looks after the HTTP/2 connections of a gRPC server.
 *
 * A connection ends in two steps. A GOAWAY names the last call that was taken: those are answered, and the client brings
 * what it has sent in the meantime, and all further ones, to another connection. The end itself is left to the client: a
 * connection that is closed on what is still on its way is reset, and the client could lose the GOAWAY. Only one that
 * stays is closed, some time later.
 */
export class Connections {
  private readonly calls = new Map<ServerHttp2Session, number>();
  private readonly reflections = new Set<ServerHttp2Stream>();
  private receiving = 0;

  /**
   * @param onReflection called before the first call of the reflection service is looked up
   */
  constructor(
    server: Server,
    private readonly limits: ConnectionLimits,
    private readonly onReflection: () => void,
  ) {
    for (const http2 of http2ServersOf(server)) {
      http2.on('session', (session: ServerHttp2Session) => this.opened(session));
      http2.prependListener('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) =>
        this.called(stream, headers),
      );
    }
  }

  /**
   * Asks the clients of all connections that there are now to start no further calls on them. A connection that is made
   * later brings the calls of a client that has not noticed yet that the server goes: it is not turned away.
   */
  announceEnd(): void {
    for (const session of this.calls.keys()) {
      goAway(session);
    }
  }

  /** Ends calls that no client ends by itself. */
  endReflections(): void {
    for (const stream of this.reflections) {
      stream.close(constants.NGHTTP2_CANCEL);
    }
  }

  private opened(session: ServerHttp2Session): void {
    this.calls.set(session, 0);
    session.once('close', () => this.calls.delete(session));
  }

  /** Sees a call before the gRPC server does. */
  private called(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    const { session } = stream;
    if (session !== undefined) {
      this.count(session as ServerHttp2Session);
    }
    if (headers[':path']?.startsWith(REFLECTION)) {
      this.onReflection();
      this.reflections.add(stream);
      stream.once('close', () => this.reflections.delete(stream));
    }
    if (isEndless(headers['grpc-timeout'])) {
      delete headers['grpc-timeout'];
    }
    this.measure(stream);
  }

  private count(session: ServerHttp2Session): void {
    const calls = (this.calls.get(session) ?? 0) + 1;
    this.calls.set(session, calls);
    if (calls === this.limits.requestsPerConnection) {
      goAway(session);
      setTimeout(() => session.close(), this.limits.lastRequestsMillis).unref();
    }
  }

  /** Counts what is received and not yet answered; the call that makes it too much is refused. */
  private measure(stream: ServerHttp2Stream): void {
    let bytes = 0;
    stream.on('data', (piece: Buffer) => {
      bytes += piece.length;
      this.receiving += piece.length;
      if (this.receiving > this.limits.receivingBytes) {
        // Clients take it for RESOURCE_EXHAUSTED.
        stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
      }
    });
    stream.once('close', () => {
      this.receiving -= bytes;
    });
  }
}

function goAway(session: ServerHttp2Session): void {
  if (!session.closed && !session.destroyed) {
    session.goaway(constants.NGHTTP2_NO_ERROR);
  }
}

/** Whether a timeout is longer than a timer can be. */
function isEndless(timeout: string | string[] | undefined): boolean {
  return (
    typeof timeout === 'string' &&
    timeout.length > 4 &&
    Number(timeout.slice(0, -1)) * (UNIT_MILLIS[timeout.slice(-1)] ?? 0) > MAX_TIMER_MILLIS
  );
}

/** Emits `session` and `stream`. */
interface Http2Events {
  on(event: 'session', listener: (session: ServerHttp2Session) => void): void;
  prependListener(event: 'stream', listener: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void): void;
}

/**
 * The HTTP/2 servers behind a gRPC server, which the library keeps to itself. Without them, connections would end in one
 * step, and calls that are on their way at that moment would have to be repeated by their clients.
 */
function http2ServersOf(server: Server): Http2Events[] {
  const servers: unknown = Reflect.get(server, 'http2Servers');
  return servers instanceof Map ? [...servers.keys()] : [];
}
