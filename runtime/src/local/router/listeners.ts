import { at, type Json } from '../proxy/bootstrap';
import { type EarlyChange, earlyChangesOf } from './early-changes';
import { type LocalReplies, localRepliesOf } from './local-replies';
import { type HeaderMatch, headerMatchesSchema } from './route-schema';

/** A listener, as far as it is obeyed. */
export interface Listener {
  readonly host: string;
  readonly port: number;
  readonly prefix: string;
  /** Routes that never change. */
  readonly routes?: Json;
  /** Routes of a file. */
  readonly rds?: { readonly name: string; readonly file: string; readonly directory: string };
  /** Headers of requests that the router answers itself, with whether it takes requests. */
  readonly healthCheck?: readonly HeaderMatch[];
  readonly replies: LocalReplies;
  /** What becomes of headers before a route is looked for. */
  readonly early: readonly EarlyChange[];
  /** Whether answers name the id of their request. */
  readonly showsRequestId: boolean;
  /** Names of filters, and of other fields, without effect. */
  readonly ignored: readonly string[];
}

/** Filters that are obeyed, or whose absence nobody notices on one machine. */
const KNOWN_FILTERS = ['router', 'health_check', 'grpc_stats', 'buffer'].map((name) => `envoy.filters.http.${name}`);

/** Listeners of a bootstrap for HTTP. */
export function listenersOf(bootstrap: Json): Listener[] {
  return list(at(bootstrap, 'static_resources', 'listeners')).flatMap((listener) => {
    const address = at(listener, 'address', 'socket_address');
    const chains = list(at(listener, 'filter_chains'));
    const encrypted = chains.some((chain) => at(chain, 'transport_socket') !== undefined);
    const manager = chains
      .flatMap((chain) => list(at(chain, 'filters')))
      .map((filter) => at(filter, 'typed_config'))
      .find((config) => String(at(config, '@type')).endsWith('.HttpConnectionManager'));
    return manager === undefined ? [] : [listenerOf(address, manager, encrypted)];
  });
}

function listenerOf(address: unknown, manager: unknown, encrypted: boolean): Listener {
  const filters = list(at(manager, 'http_filters'));
  const check = filters.find((filter) => at(filter, 'name') === 'envoy.filters.http.health_check');
  const rds = at(manager, 'rds');
  const source = at(rds, 'config_source', 'path_config_source');
  return {
    host: String(at(address, 'address')),
    port: Number(at(address, 'port_value')),
    prefix: String(at(manager, 'stat_prefix')),
    ...(at(manager, 'route_config') === undefined ? {} : { routes: at(manager, 'route_config') as Json }),
    ...(rds === undefined
      ? {}
      : {
          rds: {
            name: String(at(rds, 'route_config_name')),
            file: String(at(source, 'path')),
            directory: String(at(source, 'watched_directory', 'path') ?? ''),
          },
        }),
    ...(check === undefined
      ? {}
      : { healthCheck: headerMatchesSchema.parse(at(check, 'typed_config', 'headers') ?? []) }),
    replies: localRepliesOf(at(manager, 'local_reply_config')),
    early: earlyChangesOf(manager),
    showsRequestId: at(manager, 'always_set_request_id_in_response') === true,
    ignored: [
      ...(encrypted ? ['transport_socket'] : []),
      ...(at(manager, 'access_log') === undefined ? [] : ['access_log']),
      ...filters.map((filter) => String(at(filter, 'name'))).filter((name) => !KNOWN_FILTERS.includes(name)),
    ],
  };
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
