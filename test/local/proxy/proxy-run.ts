import { mkdirSync, mkdtempSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type ApiServer, startApiServer } from '../../../runtime/src/local/api-server';
import { type RunningCommand, startCommand } from '../../support/command';
import { eventually } from '../../support/eventually';
import { freePort } from '../../support/free-port';

type Json = Readonly<Record<string, unknown>>;

const HTTP2 = {
  typed_extension_protocol_options: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      explicit_http_config: { http2_protocol_options: {} },
    },
  },
};

/** A cluster, whose endpoints are the pods of a Service. */
export function cluster(name: string, host: string, port = 8080, more: Json = {}): Json {
  const address = { socket_address: { address: host, port_value: port } };
  return {
    name,
    type: 'STRICT_DNS',
    dns_lookup_family: 'V4_PREFERRED',
    connect_timeout: '1s',
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
    ...more,
  };
}

/** A cluster of HTTP/2 without TLS. */
export function http2Cluster(name: string, host: string, port: number): Json {
  return cluster(name, host, port, HTTP2);
}

function manager(prefix: string, fields: Json, filters: readonly Json[] = []): Json {
  const router = { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' };
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
      stat_prefix: prefix,
      http_filters: [...filters, { name: 'envoy.filters.http.router', typed_config: router }],
      ...fields,
    },
  };
}

function statusIs(status: number): Json {
  return { status_code_filter: { comparison: { op: 'EQ', value: { default_value: status, runtime_key: 'unused' } } } };
}

/** A bootstrap as a gateway has it: requests on 8080, metrics on 8082, administration on 9901. */
export function bootstrap(clusters: readonly Json[]): Json {
  const listener = (name: string, port: number, filter: Json) => ({
    name,
    address: { socket_address: { address: '::', port_value: port, ipv4_compat: true } },
    filter_chains: [{ filters: [filter] }],
  });
  const path = { path_config_source: { path: '/routes/routes.json', watched_directory: { path: '/routes' } } };
  const health = {
    name: 'envoy.filters.http.health_check',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.health_check.v3.HealthCheck',
      pass_through_mode: false,
      headers: [{ name: ':path', string_match: { exact: '/ready' } }],
    },
  };
  const metrics = {
    name: 'metrics',
    virtual_hosts: [
      {
        name: 'metrics',
        domains: ['*'],
        routes: [{ match: { path: '/stats/prometheus' }, route: { cluster: 'admin' } }],
      },
    ],
  };
  const admin = { socket_address: { address: '127.0.0.1', port_value: 9901 } };
  return {
    node: { id: 'gateway', cluster: 'gateway' },
    admin: { address: admin },
    stats_flush_interval: '0.2s',
    stats_config: {
      histogram_bucket_settings: [{ match: { suffix: 'upstream_rq_time' }, buckets: [10, 100, 1000] }],
    },
    static_resources: {
      listeners: [
        listener(
          'requests',
          8080,
          manager(
            'requests',
            {
              rds: { route_config_name: 'models', config_source: { resource_api_version: 'V3', ...path } },
              local_reply_config: {
                mappers: [
                  {
                    filter: statusIs(504),
                    body_format_override: { json_format: { error: 'too late', code: '%RESPONSE_CODE%' } },
                  },
                ],
                body_format: { json_format: { error: '%LOCAL_REPLY_BODY%' } },
              },
              always_set_request_id_in_response: true,
              preserve_external_request_id: true,
              early_header_mutation_extensions: [
                {
                  name: 'envoy.http.early_header_mutation.header_mutation',
                  typed_config: {
                    '@type':
                      'type.googleapis.com/envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation',
                    mutations: [
                      { remove: 'x-shadow' },
                      { remove_on_match: { key_matcher: { prefix: 'x-internal-', ignore_case: true } } },
                    ],
                  },
                },
              ],
            },
            [health],
          ),
        ),
        listener('metrics', 8082, manager('metrics', { route_config: metrics })),
      ],
      clusters: [
        ...clusters,
        {
          name: 'admin',
          type: 'STATIC',
          load_assignment: {
            cluster_name: 'admin',
            endpoints: [{ lb_endpoints: [{ endpoint: { address: admin } }] }],
          },
        },
      ],
    },
  };
}

/** Routes of every host. */
export function routes(list: readonly Json[], more: Json = {}): Json {
  return {
    '@type': 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration',
    name: 'models',
    validate_clusters: true,
    virtual_hosts: [{ name: 'all', domains: ['*'], routes: list }],
    ...more,
  };
}

/** A container of a proxy that runs as `model-serving local` runs it. */
export class ProxyRun {
  private version = 0;

  private constructor(
    private readonly command: RunningCommand,
    private readonly api: ApiServer,
    private readonly root: string,
    private readonly ports: Readonly<Record<number, number>>,
  ) {}

  /**
   * @param envoy file of Envoy; `undefined` = the built-in router
   * @param pods ports of this machine by `host:port`
   */
  static async start(
    directory: string,
    envoy: string | undefined,
    clusters: readonly Json[],
    pods: ReadonlyMap<string, readonly number[]>,
  ): Promise<ProxyRun> {
    const root = mkdtempSync(join(directory, 'proxy-'));
    const file = join(root, 'etc/envoy/bootstrap.json');
    mkdirSync(dirname(file), { recursive: true });
    mkdirSync(join(root, 'routes'));
    // As the init container of a gateway does: Envoy does not start without.
    writeFileSync(join(root, 'routes/routes.json'), JSON.stringify({ version_info: 'seed', resources: [routes([])] }));
    writeFileSync(file, JSON.stringify(bootstrap(clusters)));
    const ports = { 8080: await freePort(), 8082: await freePort(), 9901: await freePort() };
    const host = '127.0.0.1';
    const podsOf = (name: string, port: number) =>
      (pods.get(`${name}:${port}`) ?? []).map((each) => ({ host, port: each }));
    const api = await startApiServer({ host, port: 0, namespace: 'ml', podsOf });
    const sandbox = { root, host, ports, namespace: 'ml', servers: {}, api: api.url };
    const args = ['-c', '/etc/envoy/bootstrap.json', '--reject-unknown-dynamic-fields', '--log-level', 'warn'];
    const command = startCommand(['proxy', ...(envoy === undefined ? [] : ['--envoy', envoy]), '--', ...args], {
      env: { MODEL_SERVING_SANDBOX: JSON.stringify(sandbox) },
    });
    return new ProxyRun(command, api, root, ports);
  }

  get url(): string {
    return `http://127.0.0.1:${this.ports[8080]}`;
  }

  get address(): string {
    return `127.0.0.1:${this.ports[8080]}`;
  }

  get admin(): string {
    return `http://127.0.0.1:${this.ports[9901]}`;
  }

  get output(): string {
    return this.command.stdout() + this.command.stderr();
  }

  /** Replaces the routes, and waits until they are served. */
  async serve(configuration: Json): Promise<void> {
    const version = this.write(configuration);
    await eventually(`the routes ${version} are served: ${this.output}`, async () => (await this.served()) === version);
  }

  /** Replaces the routes. @returns their version */
  write(configuration: Json): string {
    this.version += 1;
    const version = `v${this.version}`;
    // The version of routes that are the same is not told.
    const mark = { header: { key: 'x-routes', value: version }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' };
    const marked = { ...configuration, response_headers_to_add: [mark] };
    const file = join(this.root, 'routes/routes.json');
    writeFileSync(`${file}.part`, JSON.stringify({ version_info: version, resources: [marked] }));
    renameSync(`${file}.part`, file);
    return version;
  }

  /** Writes the same routes with another version. @returns that version */
  rewrite(): string {
    const version = `${this.version}-again`;
    const file = join(this.root, 'routes/routes.json');
    const response = JSON.parse(readFileSync(file, 'utf8')) as Json;
    writeFileSync(`${file}.part`, JSON.stringify({ ...response, version_info: version }));
    renameSync(`${file}.part`, file);
    return version;
  }

  /** Version of the routes that are served. */
  async served(): Promise<string | undefined> {
    const response = await fetch(`${this.admin}/config_dump?resource=dynamic_route_configs`);
    const { configs } = (await response.json()) as { configs?: { version_info?: string }[] };
    return configs?.[0]?.version_info;
  }

  /** Value of a statistic. */
  async statistic(name: string): Promise<number> {
    return Number((await this.text(name)) ?? 0);
  }

  /** Text of a statistic; `undefined` when there is none. */
  async text(name: string): Promise<string | undefined> {
    const filter = encodeURIComponent(`^${name}$`);
    const response = await fetch(`${this.admin}/stats?format=json&filter=${filter}`);
    const { stats } = (await response.json()) as { stats: { name?: string; value?: unknown }[] };
    const found = stats.find((each) => each.name === name);
    return found === undefined ? undefined : String(found.value);
  }

  /** Samples of the metrics port, by name and labels. */
  async samples(): Promise<Map<string, number>> {
    const text = await (await fetch(`http://127.0.0.1:${this.ports[8082]}/stats/prometheus`)).text();
    const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    return new Map(
      lines.map((line) => {
        const [, name = '', labels = '', value = ''] = /^(\w+)(?:\{(.*)\})? (.+)$/.exec(line) ?? [];
        const sorted = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, each]) => `${key}=${each}`).sort();
        return [[name, ...sorted].join(' '), Number(value)];
      }),
    );
  }

  async stop(): Promise<number | string> {
    this.command.child.kill('SIGTERM');
    const code = await this.command.ended;
    await this.api.close();
    return code;
  }
}
