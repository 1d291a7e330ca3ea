import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AgentStatus, GATEWAY_AGENT_SCHEMA, type GatewayAgentConfig } from '../../lib/contract';
import { seedRoutes } from '../../runtime/src/gateway';
import { eventually } from '../support/eventually';

const PROGRAM = process.env.ENVOY ?? 'envoy';

const CLUSTERS = ['stable', 'candidate', 'pinned', 'shadow', 'compare'] as const;

type Cluster = (typeof CLUSTERS)[number];

const ROUTE = '/resources/0/virtual_hosts/0/routes';

/** A gateway's pod by hand: routes and agent configuration of one rollout, an Envoy, and the servers behind it. */
export interface Gateway {
  readonly config: GatewayAgentConfig;

  /** Where requests go. */
  readonly url: string;
  readonly agentUrl: string;
  readonly adminUrl: string;

  /** Requests that each cluster got. */
  readonly counts: Record<Cluster, number>;

  /** Called before a cluster answers. */
  hold: (cluster: Cluster) => Promise<void> | void;

  /** Whether a cluster answers with a fault. */
  fails: (cluster: Cluster) => boolean;

  /** Starts the proxy, or starts it again. */
  startProxy(): Promise<void>;
  stopProxy(): Promise<void>;

  status(): Promise<AgentStatus>;

  /** The numbers that the proxy has, at the pointers of the configuration. */
  numbers(): Promise<Record<string, number[]>>;
  close(): Promise<void>;
}

/** Options of {@link makeGateway}. */
export interface GatewayOptions {
  readonly deadMan?: GatewayAgentConfig['rollouts'][number]['deadMan'];

  /** Directory of API keys: the proxy then asks the agent about every request. */
  readonly apiKeysPath?: string;
}

/** Makes everything, with seeded routes; starts neither the proxy nor the agent. */
export async function makeGateway(options: GatewayOptions = {}): Promise<Gateway> {
  const directory = mkdtempSync(join(tmpdir(), 'gateway-agent-'));
  mkdirSync(join(directory, 'routes'));
  const counts = { stable: 0, candidate: 0, pinned: 0, shadow: 0, compare: 0 };
  const servers: Server[] = [];
  const ports = new Map<Cluster, number>();
  for (const cluster of CLUSTERS) {
    const server = createServer(async (request: IncomingMessage, response) => {
      counts[cluster] += 1;
      request.resume();
      await gateway.hold(cluster);
      response.statusCode = gateway.fails(cluster) ? 500 : 200;
      response.end(JSON.stringify({ cluster, client: request.headers['x-client'] }));
    });
    // The proxy keeps its connections for longer than a server of Node does, and would lose a request now and then.
    server.keepAliveTimeout = 0;
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    servers.push(server);
    ports.set(cluster, (server.address() as AddressInfo).port);
  }
  const [port = 0, adminPort = 0, agentPort = 0] = await differentPorts(3);
  const config: GatewayAgentConfig = {
    schema: GATEWAY_AGENT_SCHEMA,
    gateway: 'models',
    baseRoutesPath: join(directory, 'base.json'),
    routesPath: join(directory, 'routes/routes.json'),
    adminPort,
    port: agentPort,
    endpointRemovalMillis: 1,
    drainMillis: 10_000,
    ...(options.apiKeysPath === undefined ? {} : { apiKeysPath: options.apiKeysPath }),
    rollouts: [
      {
        name: 'iris',
        stable: '1',
        candidate: '2',
        stableWeights: [1, 2].map((route) => `${ROUTE}/${route}/route/weighted_clusters/clusters/0/weight`),
        candidateWeights: [1, 2].map((route) => `${ROUTE}/${route}/route/weighted_clusters/clusters/1/weight`),
        mirrors: [`${ROUTE}/2/route/request_mirror_policies/0/runtime_fraction/default_value/numerator`],
        // Not a share: a number of which the proxy takes 0 and 1, so that a test can let it refuse routes.
        comparisons: [
          `${ROUTE}/2/route/request_mirror_policies/1/runtime_fraction/default_value/numerator`,
          `${ROUTE}/0/route/priority`,
        ],
        pins: [`${ROUTE}/0/match/runtime_fraction/default_value/numerator`],
        deadMan: options.deadMan ?? { afterMillis: 60_000, action: 'revert' },
      },
    ],
  };
  writeFileSync(config.baseRoutesPath, JSON.stringify(baseRoutes(), undefined, 2));
  const bootstrap = join(directory, 'bootstrap.json');
  const keysPort = options.apiKeysPath === undefined ? undefined : agentPort;
  writeFileSync(bootstrap, JSON.stringify(bootstrapOf(directory, port, adminPort, ports, keysPort)));
  seedRoutes(config);

  let proxy: ChildProcess | undefined;
  const adminUrl = `http://127.0.0.1:${adminPort}`;
  const gateway: Gateway = {
    config,
    url: `http://127.0.0.1:${port}`,
    agentUrl: `http://127.0.0.1:${agentPort}`,
    adminUrl,
    counts,
    hold: () => undefined,
    fails: () => false,
    startProxy: async () => {
      const flags = ['--reject-unknown-dynamic-fields', '--disable-hot-restart', '--concurrency', '2', '-l', 'error'];
      proxy = spawn(PROGRAM, ['-c', bootstrap, ...flags], { stdio: 'ignore' });
      await eventually('the proxy is ready', async () => (await fetch(`http://127.0.0.1:${port}/ready`)).ok);
    },
    stopProxy: async () => {
      const running = proxy;
      proxy = undefined;
      if (running !== undefined && running.exitCode === null) {
        const ended = once(running, 'exit');
        running.kill('SIGKILL');
        await ended;
      }
    },
    status: async () => (await fetch(`http://127.0.0.1:${agentPort}/status`)).json() as Promise<AgentStatus>,
    numbers: async () => {
      const dump = (await (await fetch(`${adminUrl}/config_dump?resource=dynamic_route_configs`)).json()) as {
        configs: { route_config: unknown }[];
      };
      return numbersAt({ resources: dump.configs.map(({ route_config }) => route_config) });
    },
    close: async () => {
      await gateway.stopProxy();
      for (const server of servers) {
        server.closeAllConnections();
        server.close();
      }
      rmSync(directory, { recursive: true, force: true });
    },
  };
  const numbersAt = (routes: unknown) => {
    const at = (pointer: string) =>
      // The proxy leaves out what is 0.
      (pointer
        .split('/')
        .slice(1)
        .reduce<unknown>((value, key) => (value as Record<string, unknown>)?.[key], routes) ?? 0) as number;
    const { stableWeights, candidateWeights, mirrors, comparisons, pins } = config
      .rollouts[0] as (typeof config.rollouts)[0];
    const lists = { stableWeights, candidateWeights, mirrors, comparisons: comparisons.slice(0, 1), pins };
    return Object.fromEntries(Object.entries(lists).map(([key, list]) => [key, list.map(at)]));
  };
  return gateway;
}

/** The `version_info` in a file of routes. */
export function versionIn(path: string): string {
  return JSON.parse(readFileSync(path, 'utf8')).version_info;
}

/** Ports that nothing listens on, below those that the system gives to connections: so they are still free a moment later. */
async function differentPorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = 10_000 + Math.floor(Math.random() * 22_000);
    if (await isFree(port)) {
      ports.add(port);
    }
  }
  return [...ports];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

function baseRoutes(): object {
  const fraction = () => ({ default_value: { numerator: 0, denominator: 'TEN_THOUSAND' } });
  const weighted = () => ({
    clusters: [
      { name: 'stable', weight: 10_000 },
      { name: 'candidate', weight: 0 },
    ],
  });
  const mirror = (cluster: string) => ({
    cluster,
    runtime_fraction: fraction(),
    disable_shadow_host_suffix_append: true,
  });
  return {
    version_info: 'base',
    resources: [
      {
        '@type': 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration',
        name: 'models',
        validate_clusters: true,
        virtual_hosts: [
          {
            name: 'models',
            domains: ['*'],
            routes: [
              {
                match: {
                  prefix: '/',
                  headers: [{ name: 'x-pin', string_match: { exact: 'yes' } }],
                  runtime_fraction: fraction(),
                },
                route: { cluster: 'pinned', priority: 0 },
              },
              { match: { prefix: '/v1/' }, route: { weighted_clusters: weighted() } },
              {
                match: { prefix: '/' },
                route: {
                  weighted_clusters: weighted(),
                  request_mirror_policies: [mirror('shadow'), mirror('compare')],
                },
              },
            ],
          },
        ],
      },
    ],
  };
}

function bootstrapOf(
  directory: string,
  port: number,
  adminPort: number,
  ports: ReadonlyMap<string, number>,
  keysPort: number | undefined,
): object {
  const type = (name: string) => ({ '@type': `type.googleapis.com/envoy.extensions.${name}` });
  const address = (number: number) => ({ socket_address: { address: '127.0.0.1', port_value: number } });
  const cluster = (name: string, number: number) => ({
    name,
    type: 'STATIC',
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: address(number) } }] }],
    },
  });
  const routes = join(directory, 'routes');
  const keys = {
    name: 'envoy.filters.http.ext_authz',
    typed_config: {
      ...type('filters.http.ext_authz.v3.ExtAuthz'),
      http_service: {
        server_uri: { uri: `http://127.0.0.1:${keysPort}`, cluster: 'agent', timeout: '1s' },
        path_prefix: '/authorize',
        authorization_response: { allowed_upstream_headers: { patterns: [{ exact: 'x-client' }] } },
      },
      allowed_headers: { patterns: [{ exact: 'x-api-key' }, { exact: 'authorization' }] },
    },
  };
  return {
    node: { id: 'gateway', cluster: 'gateway' },
    admin: { address: address(adminPort) },
    static_resources: {
      listeners: [
        {
          name: 'requests',
          address: address(port),
          filter_chains: [
            {
              filters: [
                {
                  name: 'envoy.filters.network.http_connection_manager',
                  typed_config: {
                    ...type('filters.network.http_connection_manager.v3.HttpConnectionManager'),
                    stat_prefix: 'gateway',
                    rds: {
                      route_config_name: 'models',
                      config_source: {
                        resource_api_version: 'V3',
                        path_config_source: {
                          path: join(routes, 'routes.json'),
                          watched_directory: { path: routes },
                        },
                      },
                    },
                    http_filters: [
                      {
                        name: 'envoy.filters.http.health_check',
                        typed_config: {
                          ...type('filters.http.health_check.v3.HealthCheck'),
                          pass_through_mode: false,
                          headers: [{ name: ':path', string_match: { exact: '/ready' } }],
                        },
                      },
                      ...(keysPort === undefined ? [] : [keys]),
                      { name: 'envoy.filters.http.router', typed_config: type('filters.http.router.v3.Router') },
                    ],
                  },
                },
              ],
            },
          ],
        },
      ],
      clusters: [
        ...[...ports].map(([name, number]) => cluster(name, number)),
        ...(keysPort === undefined ? [] : [cluster('agent', keysPort)]),
      ],
    },
  };
}
