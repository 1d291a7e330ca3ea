import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { errorCode, type Logger } from '../telemetry';
import { POD_ADDRESS } from './pod-address';

/** Addresses of this machine that take connections now, in a stable order. */
export type Endpoints = () => readonly number[];

/** What a proxy is for. */
export interface ServiceProxyOptions {
  /** Name of the Service and its port, for the log. */
  readonly service: string;
  /** Address to listen on. */
  readonly host: string;
  /** Port to listen on when it is free. */
  readonly preferredPort: number;
  /** Ports of the pods that are ready. */
  readonly endpoints: Endpoints;
  readonly logger: Logger;
}

const LOG_INTERVAL_MILLIS = 5000;

/** Passes the connections to one port of a Service on to its ready pods, in turn. */
export class ServiceProxy {
  /** Port that it listens on. */
  readonly port: number;
  private readonly sockets = new Set<Socket>();
  private turn = 0;
  private lastLog = Number.NEGATIVE_INFINITY;

  private constructor(
    private readonly server: Server,
    private readonly options: ServiceProxyOptions,
  ) {
    this.port = (server.address() as AddressInfo).port;
    server.on('connection', (client: Socket) => this.accept(client));
  }

  /** Starts to listen: on the preferred port, or on any free one when that is taken or needs privileges. */
  static async start(options: ServiceProxyOptions): Promise<ServiceProxy> {
    const server = createServer({ allowHalfOpen: true });
    try {
      await listen(server, options.host, options.preferredPort);
    } catch (error) {
      if (!['EADDRINUSE', 'EACCES'].includes(errorCode(error) ?? '')) {
        throw error;
      }
      await listen(server, options.host, 0);
    }
    return new ServiceProxy(server, options);
  }

  /** Takes no further connections; those that are open go on. */
  stopListening(): void {
    this.server.close();
  }

  /** Cuts the connections that are still open. */
  cut(): void {
    for (const socket of this.sockets) {
      socket.destroy();
    }
  }

  private accept(client: Socket): void {
    this.track(client);
    const ports = this.options.endpoints();
    this.turn += 1;
    this.connectTo(
      client,
      ports.map((_, index) => ports[(this.turn + index) % ports.length] ?? 0),
    );
  }

  /** Connects to the first of these ports that answers: a pod may have ended a moment ago. */
  private connectTo(client: Socket, [port, ...others]: readonly number[]): void {
    if (port === undefined) {
      this.logRefusal();
      client.resetAndDestroy();
      return;
    }
    const pod = connect({ port, host: POD_ADDRESS, allowHalfOpen: true });
    this.track(pod);
    // A client that has gone in the meantime takes its connection to the pod along.
    client.once('close', () => pod.destroy());
    const tryOthers = () => this.connectTo(client, others);
    pod.once('error', tryOthers);
    pod.once('connect', () => {
      pod.off('error', tryOthers);
      join(client, pod);
    });
  }

  private track(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    // The other side of the pair is closed with it; there is nobody to tell.
    socket.on('error', () => undefined);
  }

  private logRefusal(): void {
    if (performance.now() - this.lastLog > LOG_INTERVAL_MILLIS) {
      this.lastLog = performance.now();
      this.options.logger.warn({ service: this.options.service }, 'connection refused: no ready pod takes it');
    }
  }
}

function join(client: Socket, pod: Socket): void {
  client.pipe(pod);
  pod.pipe(client);
  pod.on('close', () => client.destroy());
  client.setNoDelay(true);
  pod.setNoDelay(true);
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
