import type { Logger } from '../../telemetry';
import { at, type Json } from '../proxy/bootstrap';
import { startAdmin } from './admin';
import { clustersOf, type Endpoint } from './clusters';
import { CLUSTER_STATISTICS, Forwarder } from './forward';
import { Handler } from './handler';
import { listenersOf } from './listeners';
import { LiveRoutes } from './live-routes';
import { parseRoutes } from './parse-routes';
import { ClearTextServer } from './server';
import { Statistics } from './statistics';
import { Upstreams } from './upstream';

/** What a router is told. */
export interface RouterOptions {
  /** Bootstrap of Envoy, for this machine. */
  readonly bootstrap: Json;
  /** Endpoints of a cluster now. */
  readonly endpointsOf: (cluster: string) => readonly Endpoint[];
  readonly logger: Logger;
  /** Called when the administration is told to end the process. */
  readonly quit: () => void;
  /** A number from 0 to 1. @default Math.random */
  readonly random?: () => number;
}

/** What the router leaves out of what it is told, in the words of the bootstrap. */
const CLUSTER_FEATURES = ['circuit_breakers', 'outlier_detection', 'health_checks', 'transport_socket'];

/**
 * Starts a router that obeys the part of Envoy's configuration that gateways use: routes of a file or of the listener, weights,
 * mirrors, pins, changes of headers, retries and timeouts, over HTTP/1.1 and HTTP/2 without TLS. Everything else is told to
 * the log, and has no effect.
 */
export async function startRouter(options: RouterOptions): Promise<void> {
  const { bootstrap, endpointsOf, logger, quit, random = Math.random } = options;
  const statistics = new Statistics(bucketsOf(bootstrap));
  const clusters = clustersOf(bootstrap, endpointsOf);
  const forwarder = new Forwarder(new Upstreams(), statistics);
  const listeners = listenersOf(bootstrap);
  const live: LiveRoutes[] = [];
  let draining = false;
  tellIgnored(
    bootstrap,
    listeners.flatMap(({ ignored }) => ignored),
    logger,
  );
  const names = new Set(clusters.keys());
  for (const name of names) {
    for (const statistic of CLUSTER_STATISTICS) {
      statistics.add({ kind: 'cluster', name }, statistic, 0);
    }
  }
  const administration = at(bootstrap, 'admin', 'address', 'socket_address');
  if (administration !== undefined) {
    await startAdmin(
      { host: String(at(administration, 'address')), port: Number(at(administration, 'port_value')) },
      {
        statistics,
        dynamicRoutes: () => live.flatMap(({ current }) => current ?? []),
        refresh: () => {
          statistics.set({ kind: 'server' }, 'uptime', Math.floor(process.uptime()));
          for (const cluster of clusters.values()) {
            const scope = { kind: 'cluster', name: cluster.name } as const;
            statistics.set(scope, 'membership_total', cluster.endpoints().length);
            statistics.set(scope, 'membership_healthy', cluster.endpoints().length);
          }
        },
        draining: () => draining,
        setDraining: (value) => {
          draining = value;
        },
        quit,
      },
    );
  }
  for (const listener of listeners) {
    const { rds, prefix } = listener;
    const fixed = listener.routes === undefined ? undefined : parseRoutes(listener.routes, names).routes;
    const changing = rds === undefined ? undefined : new LiveRoutes({ ...rds, prefix }, names, statistics, logger);
    live.push(...(changing === undefined ? [] : [changing]));
    const handler = new Handler({
      listener,
      clusters,
      forwarder,
      statistics,
      logger,
      random,
      routes: () => changing?.current?.routes ?? fixed,
      draining: () => draining,
    });
    await ClearTextServer.listen(listener, (request, response) => handler.handle(request, response));
  }
  logger.info({ ports: listeners.map(({ port }) => port) }, 'the built-in router serves');
}

function bucketsOf(bootstrap: Json): number[] | undefined {
  const settings = at(bootstrap, 'stats_config', 'histogram_bucket_settings');
  const found = (Array.isArray(settings) ? settings : []).find((setting) => {
    const match = at(setting, 'match');
    const name = 'cluster.x.upstream_rq_time';
    const [exact, prefix, suffix, contains, regex] = [
      at(match, 'exact'),
      at(match, 'prefix'),
      at(match, 'suffix'),
      at(match, 'contains'),
      at(match, 'safe_regex', 'regex'),
    ];
    return (
      exact === name ||
      (typeof prefix === 'string' && name.startsWith(prefix)) ||
      (typeof suffix === 'string' && name.endsWith(suffix)) ||
      (typeof contains === 'string' && name.includes(contains)) ||
      (typeof regex === 'string' && new RegExp(`^(?:${regex})$`).test(name))
    );
  });
  const buckets = at(found, 'buckets');
  return Array.isArray(buckets) ? buckets.map(Number) : undefined;
}

function tellIgnored(bootstrap: Json, filters: readonly string[], logger: Logger): void {
  const clusters = at(bootstrap, 'static_resources', 'clusters');
  const features = CLUSTER_FEATURES.filter((feature) =>
    (Array.isArray(clusters) ? clusters : []).some((cluster) => at(cluster, feature) !== undefined),
  );
  const ignored = [...new Set([...filters, ...features])];
  if (ignored.length > 0) {
    logger.warn(
      { ignored },
      'the built-in router leaves these out: requests are let through as if they were not declared',
    );
  }
}
