import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import { ROLLOUT_PATHS } from '../contract';
import { type Comparison, takeMirrored } from './comparison';

/** Answers requests of people on the HTTP port. @returns whether it did */
export type PageHandler = (request: IncomingMessage, response: ServerResponse) => boolean;

/** Metrics and health. */
export function createMetricsServer(registry: Registry, isReady: () => boolean): Server {
  const answers: Readonly<Record<string, (response: ServerResponse) => Promise<void>>> = {
    [ROLLOUT_PATHS.metrics]: async (response) => send(response, 200, await registry.metrics(), registry.contentType),
    [ROLLOUT_PATHS.live]: async (response) => json(response, 200, { live: true }),
    [ROLLOUT_PATHS.ready]: async (response) => json(response, isReady() ? 200 : 503, { ready: isReady() }),
  };
  return createServer((request, response) => {
    const [path] = (request.url ?? '').split('?');
    const found = Object.hasOwn(answers, path) ? answers[path] : undefined;
    if (found === undefined) {
      json(response, 404, { error: `Metrics are at ${ROLLOUT_PATHS.metrics}.` });
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      json(response, 405, { error: 'The method is not allowed here; allowed: GET, HEAD.' });
    } else {
      found(response).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
    }
  });
}

/** Mirrored requests, and what people ask for. */
export function createHttpServer(comparison: Comparison, page: PageHandler = () => false): Server {
  return createServer((request, response) => {
    if (page(request, response)) {
      return;
    }
    if (request.method === 'POST') {
      takeMirrored(comparison, request, response);
    } else {
      json(response, 404, { error: 'Mirrored requests are taken here, by POST.' });
    }
  });
}

/** Starts a server. */
export async function listen(server: Server, port: number, host: string): Promise<AddressInfo> {
  server.listen(port, host);
  await once(server, 'listening');
  return server.address() as AddressInfo;
}

export async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

function json(response: ServerResponse, status: number, value: object): void {
  send(response, status, JSON.stringify(value), 'application/json');
}

function send(response: ServerResponse, status: number, text: string, type: string): void {
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(text) });
  response.end(text);
}
