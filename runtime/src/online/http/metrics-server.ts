import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Registry } from 'prom-client';
import { HTTP_PATHS } from '../../contract';
import type { ServingLimits } from '../limits';
import { errorText } from './responder';

/** What the server of the metrics answers with. */
export interface MetricsServerOptions {
  readonly registry: Registry;
  readonly limits: ServingLimits;

  /** Whether the serving ports take new work. */
  readonly isReady: () => boolean;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/**
 * Makes the server of the metrics: `GET /metrics` in the text format of Prometheus.
 *
 * It answers the health checks too, in plain HTTP: whoever checks may lack the certificate that the serving ports ask of
 * their clients.
 */
export function createMetricsServer({ registry, limits, isReady }: MetricsServerOptions): Server {
  const answers: Readonly<Record<string, () => Answer | Promise<Answer>>> = {
    [HTTP_PATHS.metrics]: async () => ({ status: 200, type: registry.contentType, text: await registry.metrics() }),
    [HTTP_PATHS.live]: () => json(200, { live: true }),
    [HTTP_PATHS.ready]: () => json(isReady() ? 200 : 503, { ready: isReady() }),
  };
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const [path] = (request.url ?? '').split('?');
    const found = Object.hasOwn(answers, path) ? answers[path] : undefined;
    if (found === undefined) {
      send(response, failure(404, `Metrics are at ${HTTP_PATHS.metrics}.`));
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      send(response, failure(405, 'The method is not allowed here; allowed: GET, HEAD.'));
    } else {
      send(response, await found());
    }
  };
  return createServer(
    {
      headersTimeout: limits.headersMillis,
      requestTimeout: limits.requestMillis,
      connectionsCheckingInterval: limits.checkMillis,
      maxHeaderSize: limits.headerBytes,
    },
    (request, response) => {
      answer(request, response).catch((error: unknown) => response.destroy(asError(error)));
    },
  );
}

function json(status: number, value: object): Answer {
  return { status, type: 'application/json', text: JSON.stringify(value) };
}

function failure(status: number, message: string): Answer {
  return { status, type: 'application/json', text: errorText(message) };
}

function send(response: ServerResponse, { status, type, text }: Answer): void {
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(text) });
  response.end(text);
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
