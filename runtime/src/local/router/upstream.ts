import { once } from 'node:events';
import { Agent, request as requestHttp } from 'node:http';
import { type ClientHttp2Session, connect, constants, type IncomingHttpHeaders } from 'node:http2';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Endpoint } from './clusters';
import { messageHeaders } from './headers';
import type { Headers } from './match';

/** A request to a server behind the router. */
export interface UpstreamRequest {
  readonly method: string;
  readonly path: string;
  readonly authority: string;
  readonly headers: Headers;
  readonly body: Readable;
  readonly signal: AbortSignal;
  /** Called when there is a connection that it goes over. */
  readonly onConnected: () => void;
}

/** The answer of a server; its body is to be read. */
export interface UpstreamAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readable;
  /** Headers after the body; settles when all of it was read. */
  readonly trailers: () => Promise<Headers>;
}

/** Nothing of the request has reached a server. */
export class ConnectError extends Error {
  override readonly name = 'ConnectError';
}

/** Connections to servers, kept. */
export class Upstreams {
  private readonly agent = new Agent({ keepAlive: true });
  private readonly sessions = new Map<string, ClientHttp2Session>();

  /**
   * Sends a request.
   *
   * @throws ConnectError, or another error when the server breaks off before it answers
   */
  send({ host, port }: Endpoint, http2: boolean, request: UpstreamRequest): Promise<UpstreamAnswer> {
    return http2 ? this.sendHttp2(host, port, request) : this.sendHttp1(host, port, request);
  }

  close(): void {
    this.agent.destroy();
    for (const session of this.sessions.values()) {
      session.destroy();
    }
  }

  private sendHttp1(host: string, port: number, request: UpstreamRequest): Promise<UpstreamAnswer> {
    const { method, path, authority, headers, body, signal, onConnected } = request;
    return new Promise((resolve, reject) => {
      const sent = requestHttp({
        host,
        port,
        method,
        path,
        agent: this.agent,
        signal,
        headers: { ...headers, host: authority },
      });
      let connected = false;
      sent.on('socket', (socket) => {
        const begin = () => {
          connected = true;
          onConnected();
          pipeline(body, sent).catch(reject);
        };
        if (socket.connecting) {
          socket.once('connect', begin);
        } else {
          begin();
        }
      });
      sent.on('error', (error) => {
        body.destroy();
        // A kept connection that was closed under the request was not read from.
        reject(connected && !sent.reusedSocket ? error : new ConnectError(error.message));
      });
      sent.on('response', (response) =>
        resolve({
          status: response.statusCode ?? 502,
          headers: messageHeaders(response.headers),
          body: response,
          trailers: async () => messageHeaders(response.trailers),
        }),
      );
    });
  }

  private async sendHttp2(host: string, port: number, request: UpstreamRequest): Promise<UpstreamAnswer> {
    const { method, path, authority, headers, body, signal } = request;
    const session = await this.session(host, port);
    request.onConnected();
    const stream = session.request({
      ...headers,
      [constants.HTTP2_HEADER_METHOD]: method,
      [constants.HTTP2_HEADER_PATH]: path,
      [constants.HTTP2_HEADER_AUTHORITY]: authority,
      [constants.HTTP2_HEADER_SCHEME]: 'http',
    });
    const abort = () => stream.close(constants.NGHTTP2_CANCEL);
    signal.addEventListener('abort', abort, { once: true });
    stream.on('close', () => signal.removeEventListener('abort', abort));
    return new Promise((resolve, reject) => {
      const trailers = new Promise<Headers>((found) => {
        stream.on('trailers', (received: IncomingHttpHeaders) => found(messageHeaders(received)));
        stream.on('close', () => found({}));
      });
      stream.on('error', reject);
      stream.on('close', () => reject(new Error('the stream was closed before an answer')));
      stream.on('response', (received) =>
        resolve({
          status: Number(received[constants.HTTP2_HEADER_STATUS]),
          headers: messageHeaders(received),
          body: stream,
          trailers: () => trailers,
        }),
      );
      pipeline(body, stream, { end: true }).catch(reject);
    });
  }

  private async session(host: string, port: number): Promise<ClientHttp2Session> {
    const key = `${host}:${port}`;
    const known = this.sessions.get(key);
    if (known !== undefined && !known.closed && !known.destroyed) {
      return known;
    }
    const session = connect(`http://${host.includes(':') ? `[${host}]` : host}:${port}`);
    session.on('error', () => undefined);
    session.on('close', () => this.sessions.get(key) === session && this.sessions.delete(key));
    try {
      await once(session, 'connect');
    } catch (error) {
      throw new ConnectError(error instanceof Error ? error.message : String(error));
    }
    this.sessions.set(key, session);
    return session;
  }
}
