import { createServer, type Server } from 'node:http';
import { RUNTIME_VERSION } from '../../contract';
import type { ServedRoutes } from './live-routes';
import type { Statistics } from './statistics';

/** What the administration shows and changes. */
export interface AdminContext {
  readonly statistics: Statistics;
  /** Routes of files that are served now. */
  readonly dynamicRoutes: () => readonly ServedRoutes[];
  /** Brings what is counted on the spot up to date. */
  readonly refresh: () => void;
  readonly draining: () => boolean;
  readonly setDraining: (draining: boolean) => void;
  readonly quit: () => void;
}

interface AdminAnswer {
  readonly status?: number;
  readonly type?: string;
  readonly body: string;
}

const JSON_TYPE = 'application/json';
const ROUTES_DUMP = 'type.googleapis.com/envoy.admin.v3.RoutesConfigDump';

/** Starts the part of Envoy's administration that agents and people use. */
export async function startAdmin(
  { host, port }: { readonly host: string; readonly port: number },
  context: AdminContext,
): Promise<Server> {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://admin');
    request.resume();
    const { status = 200, type = 'text/plain; charset=UTF-8', body } = answer(request.method ?? 'GET', url, context);
    response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
    response.end(body);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return server;
}

function answer(method: string, url: URL, context: AdminContext): AdminAnswer {
  const change = CHANGES[url.pathname];
  if (change !== undefined) {
    if (method !== 'POST') {
      return { status: 405, body: `Method ${method} not allowed, POST required.` };
    }
    change(context);
    return { body: 'OK\n' };
  }
  switch (url.pathname) {
    case '/ready':
      return context.draining() ? { status: 503, body: 'DRAINING\n' } : { body: 'LIVE\n' };
    case '/server_info':
      return json({
        version: `model-serving router ${RUNTIME_VERSION}`,
        state: context.draining() ? 'DRAINING' : 'LIVE',
      });
    case '/config_dump':
      return configDump(url.searchParams.get('resource'), context);
    case '/stats/prometheus':
      context.refresh();
      return { type: 'text/plain; version=0.0.4; charset=utf-8', body: context.statistics.exposition() };
    case '/stats':
      return statistics(url.searchParams, context);
    default:
      return { status: 404, body: `The built-in router has no ${url.pathname}.\n` };
  }
}

const CHANGES: Readonly<Record<string, (context: AdminContext) => void>> = {
  '/healthcheck/fail': ({ setDraining }) => setDraining(true),
  '/healthcheck/ok': ({ setDraining }) => setDraining(false),
  '/drain_listeners': () => undefined,
  '/quitquitquit': ({ quit }) => setImmediate(quit),
};

function configDump(resource: string | null, { dynamicRoutes }: AdminContext): AdminAnswer {
  const routes = dynamicRoutes().map(({ written, version, since }) => ({
    version_info: version,
    route_config: written,
    last_updated: since.toISOString(),
  }));
  if (resource === null) {
    return json({ configs: [{ '@type': ROUTES_DUMP, dynamic_route_configs: routes }] });
  }
  return resource === 'dynamic_route_configs'
    ? json({ configs: routes.map((route) => ({ '@type': `${ROUTES_DUMP}.DynamicRouteConfig`, ...route })) })
    : { status: 404, body: `${resource} not found in config dump` };
}

function statistics(query: URLSearchParams, context: AdminContext): AdminAnswer {
  const { statistics: all, dynamicRoutes, refresh } = context;
  refresh();
  let filter: RegExp;
  try {
    filter = new RegExp(query.get('filter') ?? '');
  } catch {
    return { status: 400, body: 'Invalid re2 regex\n' };
  }
  if (query.get('format') === 'prometheus') {
    return { body: all.exposition() };
  }
  const versions = dynamicRoutes().map(({ name, prefix, lastVersion }): [string, string] => [
    `http.${prefix}.rds.${name}.version_text`,
    lastVersion,
  ]);
  const entries = [...versions, ...all.entries()].filter(([name]) => filter.test(name));
  return query.get('format') === 'json'
    ? json({ stats: entries.map(([name, value]) => ({ name, value })) })
    : { body: entries.map(([name, value]) => `${name}: ${value}\n`).join('') };
}

function json(value: unknown): AdminAnswer {
  return { type: JSON_TYPE, body: JSON.stringify(value, undefined, 1) };
}
