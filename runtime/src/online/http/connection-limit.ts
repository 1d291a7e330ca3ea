import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { RETRY_AFTER, RequestError } from '../../protocol';

/** So many clients at a time are told that there are too many connections; more are just disconnected. */
const TOLD_CLIENTS = 64;

/** Counts connections, and finds those that are too many. */
export class ConnectionLimit {
  private open = 0;
  private readonly surplus = new WeakSet<Socket>();
  private told = 0;

  /** @param event tells of a connection whose requests can be read */
  constructor(
    server: Server,
    private readonly most: number,
    event: 'connection' | 'secureConnection',
  ) {
    server.maxConnections = most + TOLD_CLIENTS;
    server.on(event, (socket: Socket) => this.add(socket));
  }

  /** Why the requests of a connection are refused; undefined when they are not. */
  refusal(socket: Socket): RequestError | undefined {
    return this.told > 0 && this.surplus.has(socket)
      ? new RequestError(
          429,
          `The server has its most connections already, ${this.most} (server.limits.maxConnections); try again later.`,
          RETRY_AFTER,
        )
      : undefined;
  }

  private add(socket: Socket): void {
    const isSurplus = this.open >= this.most;
    if (isSurplus) {
      this.surplus.add(socket);
      this.told += 1;
    } else {
      this.open += 1;
    }
    socket.once('close', () => {
      if (isSurplus) {
        this.told -= 1;
      } else {
        this.open -= 1;
      }
    });
  }
}
