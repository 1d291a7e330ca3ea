import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** A request that a backend has got. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A server behind a proxy, which remembers what it gets and answers with its name. */
export class Backend {
  readonly received: Received[] = [];
  /** Answers in place of the name. */
  answer: ((request: IncomingMessage, response: ServerResponse, body: string) => void) | undefined;

  private constructor(
    readonly name: string,
    private readonly server: Server,
  ) {}

  static async start(name: string): Promise<Backend> {
    const server = createServer();
    const backend = new Backend(name, server);
    server.on('request', async (request: IncomingMessage, response: ServerResponse) => {
      const body = await text(request);
      backend.received.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers, body });
      if (backend.answer === undefined) {
        response.setHeader('x-backend', name);
        response.end(name);
      } else {
        backend.answer(request, response, body);
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return backend;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  reset(): void {
    this.received.splice(0);
    this.answer = undefined;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
