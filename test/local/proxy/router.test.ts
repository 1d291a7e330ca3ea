import { listenersOf } from '../../../runtime/src/local/router/listeners';
import { parseRoutes, RejectedRoutesError } from '../../../runtime/src/local/router/parse-routes';
import { bootstrap, routes } from './proxy-run';

describe('the listeners of a bootstrap', () => {
  interface Parts {
    static_resources: {
      listeners: {
        filter_chains: { transport_socket?: object; filters: { typed_config: Record<string, unknown> }[] }[];
      }[];
    };
  }

  it('are obeyed as a whole, when there is nothing in them that is not known', () => {
    expect(listenersOf(bootstrap([])).map(({ port, prefix, ignored }) => ({ port, prefix, ignored }))).toEqual([
      { port: 8080, prefix: 'requests', ignored: [] },
      { port: 8082, prefix: 'metrics', ignored: [] },
    ]);
  });

  it('tell what is left out: filters, TLS and the access log', () => {
    const parts = structuredClone(bootstrap([])) as unknown as Parts;
    const chain = parts.static_resources.listeners[0]!.filter_chains[0]!;
    const manager = chain.filters[0]!.typed_config;
    chain.transport_socket = { name: 'envoy.transport_sockets.tls' };
    manager.access_log = [{ name: 'envoy.access_loggers.stdout' }];
    manager.http_filters = [
      { name: 'envoy.filters.http.local_ratelimit' },
      { name: 'envoy.filters.http.ext_authz' },
      ...(manager.http_filters as object[]),
    ];
    expect(listenersOf(parts as never)[0]?.ignored).toEqual([
      'transport_socket',
      'access_log',
      'envoy.filters.http.local_ratelimit',
      'envoy.filters.http.ext_authz',
    ]);
  });
});

describe('routes', () => {
  const clusters = new Set(['a']);
  const to = (fields: object) => routes([{ match: { prefix: '/' }, route: { cluster: 'a', ...fields } }]);

  it('tell by path what has no effect, and are obeyed all the same', () => {
    const { routes: parsed, ignored } = parseRoutes(
      to({ internal_redirect_policy: {}, max_grpc_timeout: '1s' }),
      clusters,
    );
    expect(ignored).toEqual([
      'virtual_hosts.0.routes.0.route.internal_redirect_policy',
      'virtual_hosts.0.routes.0.route.max_grpc_timeout',
    ]);
    expect(parsed.virtual_hosts[0]?.routes[0]?.route?.cluster).toBe('a');
  });

  it.each([
    ['a number where a text belongs', to({ timeout: 5 }), /virtual_hosts\.0\.routes\.0\.route\.timeout/],
    ['a cluster that there is not', to({ cluster: 'b' }), /unknown cluster 'b'/],
    [
      'a mirror to a cluster that there is not',
      to({ request_mirror_policies: [{ cluster: 'b' }] }),
      /unknown cluster 'b'/,
    ],
    [
      'a broken regular expression',
      routes([{ match: { safe_regex: { regex: '(' } }, route: { cluster: 'a' } }]),
      /safe_regex/,
    ],
    ['no action that is known', routes([{ match: { prefix: '/' }, redirect: {} }]), /no action that is known here/],
    [
      'a domain twice',
      routes([], {
        virtual_hosts: [
          { name: 'x', domains: ['d'] },
          { name: 'y', domains: ['d'] },
        ],
      }),
      /'d' is there twice/,
    ],
  ])('are refused: %s', (_, value, message) => {
    expect(() => parseRoutes(value, clusters)).toThrow(RejectedRoutesError);
    expect(() => parseRoutes(value, clusters)).toThrow(message);
  });
});
