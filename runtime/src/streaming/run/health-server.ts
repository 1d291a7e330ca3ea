import { createServer, type Server, type ServerResponse } from 'node:http';
import type { Registry } from 'prom-client';
import { bindHost } from '../../config';
import { HTTP_PATHS } from '../../contract';

/** What the probes ask. */
export interface Health {
  /** Why the process should be started again; undefined = it is alive. */
  stuck(): string | undefined;

  /** Why no events are scored yet, or any more; undefined = they are. */
  unready(): string | undefined;

  /** Brings what is read of others up to date. */
  refresh(): Promise<void>;

  readonly registry: Registry;
}

/** Serves probes and metrics. @param port 0 = any free one */
export async function serveHealth(port: number, health: Health): Promise<Server> {
  const server = createServer((request, response) => {
    switch ((request.url ?? '').split('?')[0]) {
      case HTTP_PATHS.live:
        return answer(response, 'live', health.stuck());
      case HTTP_PATHS.ready:
        return answer(response, 'ready', health.unready());
      case HTTP_PATHS.metrics:
        return void metrics(response, health);
      default:
        return json(response, 404, {
          error: `There are ${HTTP_PATHS.metrics}, ${HTTP_PATHS.live} and ${HTTP_PATHS.ready} here.`,
        });
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, bindHost(), resolve);
  });
  return server;
}

function answer(response: ServerResponse, state: 'live' | 'ready', fault: string | undefined): void {
  json(response, fault === undefined ? 200 : 503, {
    [state]: fault === undefined,
    ...(fault === undefined ? {} : { error: fault }),
  });
}

async function metrics(response: ServerResponse, { registry, refresh }: Health): Promise<void> {
  try {
    await refresh();
    const text = await registry.metrics();
    response.writeHead(200, { 'content-type': registry.contentType }).end(text);
  } catch {
    response.writeHead(500).end();
  }
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
