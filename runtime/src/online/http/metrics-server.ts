import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Registry } from 'prom-client';
import { HTTP_PATHS } from '../../contract';
import type { ServingLimits } from '../limits';
import { errorText } from './responder';

/** Makes the server of the metrics: `GET /metrics` in the text format of Prometheus, nothing else. */
export function createMetricsServer(registry: Registry, limits: ServingLimits): Server {
  return createServer(
    {
      headersTimeout: limits.headersMillis,
      requestTimeout: limits.requestMillis,
      connectionsCheckingInterval: limits.checkMillis,
      maxHeaderSize: limits.headerBytes,
    },
    (request, response) => {
      answer(request, response, registry).catch((error: unknown) => response.destroy(asError(error)));
    },
  );
}

async function answer(request: IncomingMessage, response: ServerResponse, registry: Registry): Promise<void> {
  const [path] = (request.url ?? '').split('?');
  if (path !== HTTP_PATHS.metrics) {
    send(response, 404, 'application/json', errorText(`Metrics are at ${HTTP_PATHS.metrics}.`));
  } else if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    send(response, 405, 'application/json', errorText('The method is not allowed here; allowed: GET, HEAD.'));
  } else {
    send(response, 200, registry.contentType, await registry.metrics());
  }
}

function send(response: ServerResponse, status: number, type: string, text: string): void {
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(text) });
  response.end(text);
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
