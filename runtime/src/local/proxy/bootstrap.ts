import { isIP } from 'node:net';
import { join } from 'node:path';
import { parse } from 'yaml';

/** A JSON object. */
export type Json = { readonly [key: string]: unknown };

/** Where a cluster's addresses come from: the pods that a host stands for. */
export interface ClusterHosts {
  readonly cluster: string;
  /** Path of the file with its `ClusterLoadAssignment`, in a `DiscoveryResponse`. */
  readonly file: string;
  /** Its endpoints as they are written, with host names. */
  readonly assignment: Json;
}

/** What stands in for what a bootstrap of Envoy names. */
export interface BootstrapSandbox {
  /** Directory that absolute paths are below. */
  readonly root: string;
  /** Address to listen on. */
  readonly host: string;
  /** Port of this machine for a port of the pod. */
  port(containerPort: number): number;
  /** Whether a host is one of the cluster's, whose addresses are its pods'. */
  isPods(host: string): boolean;
  /** `host:port` to connect to in place of another; the same when nothing stands in. */
  server(address: string): string;
  /** Directory for the files of {@link ClusterHosts}. */
  readonly endpoints: string;
}

const LOOPBACK = ['127.0.0.1', '::1', 'localhost'];

/**
 * Reads a bootstrap of Envoy.
 *
 * @throws when it is no object
 */
export function parseBootstrap(text: string): Json {
  const value: unknown = parse(text);
  if (!isObject(value)) {
    throw new Error('it is no object');
  }
  return value;
}

/** Ports that a proxy with this bootstrap listens on, its administration included. */
export function portsOf(bootstrap: Json): number[] {
  const listeners = list(at(bootstrap, 'static_resources', 'listeners'));
  const addresses = [at(bootstrap, 'admin'), ...listeners].map((each) => at(each, 'address', 'socket_address'));
  const ports = addresses.map((address) => at(address, 'port_value'));
  return [...new Set(ports.filter((port) => typeof port === 'number'))];
}

/**
 * A bootstrap for this machine: paths below the sandbox's root, free ports, and the pods' own addresses in place of names that
 * do not resolve.
 */
export function inSandbox(bootstrap: Json, sandbox: BootstrapSandbox): { bootstrap: Json; hosts: ClusterHosts[] } {
  const hosts: ClusterHosts[] = [];
  const resources = object(bootstrap.static_resources);
  const clusters = list(resources.clusters).map((cluster) => clusterInSandbox(object(cluster), sandbox, hosts));
  const listeners = list(resources.listeners).map((listener) => listensHere(object(listener), sandbox));
  const moved = {
    ...bootstrap,
    ...(isObject(bootstrap.admin) ? { admin: listensHere(bootstrap.admin, sandbox) } : {}),
    static_resources: { ...resources, listeners, clusters },
  };
  return { bootstrap: withPaths(moved, sandbox.root) as Json, hosts };
}

function listensHere(listener: Json, { host, port }: BootstrapSandbox): Json {
  const address = object(at(listener, 'address', 'socket_address'));
  // Only the address of all of IPv6 can take IPv4, too.
  const { port_value: wanted, ipv4_compat: _, ...rest } = address;
  return typeof wanted === 'number'
    ? { ...listener, address: { socket_address: { ...rest, address: host, port_value: port(wanted) } } }
    : listener;
}

const DNS_TYPES = ['STRICT_DNS', 'LOGICAL_DNS'];

function clusterInSandbox(cluster: Json, sandbox: BootstrapSandbox, hosts: ClusterHosts[]): Json {
  const assignment = mapAddresses(object(cluster.load_assignment), (address) => addressHere(address, sandbox));
  const isPods = addressesOf(assignment).some(({ address }) => isIP(address) === 0 && sandbox.isPods(address));
  if (!DNS_TYPES.includes(String(cluster.type)) || !isPods) {
    return 'load_assignment' in cluster ? { ...cluster, load_assignment: assignment } : cluster;
  }
  const name = String(cluster.name);
  const file = join(sandbox.endpoints, `${hosts.length}.json`);
  hosts.push({ cluster: name, file, assignment });
  // The pods come and go: the proxy watches a file with their addresses, as it watches DNS in a cluster.
  const others = Object.entries(cluster).filter(([key]) => !/dns|^(load_assignment|type)$/.test(key));
  const source = {
    resource_api_version: 'V3',
    path_config_source: { path: file, watched_directory: { path: sandbox.endpoints } },
  };
  return { ...Object.fromEntries(others), type: 'EDS', eds_cluster_config: { service_name: name, eds_config: source } };
}

/** A port of the pod itself is another one here, and so is a server that something stands in for. */
function addressHere(address: SocketAddress, sandbox: BootstrapSandbox): SocketAddress {
  if (LOOPBACK.includes(address.address)) {
    return { ...address, port_value: sandbox.port(address.port_value) };
  }
  const written = `${address.address}:${address.port_value}`;
  const found = sandbox.server(written);
  const separator = found.lastIndexOf(':');
  const host = found.slice(0, separator).replace(/^\[(.*)\]$/, '$1');
  return found === written ? address : { ...address, address: host, port_value: Number(found.slice(separator + 1)) };
}

/** Address of an endpoint. */
export interface SocketAddress {
  readonly address: string;
  readonly port_value: number;
  readonly [key: string]: unknown;
}

/** Addresses of the endpoints of a `ClusterLoadAssignment`. */
export function addressesOf(assignment: Json): SocketAddress[] {
  return list(assignment.endpoints).flatMap((locality) =>
    list(at(locality, 'lb_endpoints')).flatMap((endpoint) => {
      const address = at(endpoint, 'endpoint', 'address', 'socket_address');
      return isSocketAddress(address) ? [address] : [];
    }),
  );
}

/** The assignment with each endpoint replaced by one for each of the addresses that stand for its own. */
export function expandAddresses(assignment: Json, expand: (address: SocketAddress) => readonly SocketAddress[]): Json {
  const endpoints = list(assignment.endpoints).map((locality) => ({
    ...object(locality),
    lb_endpoints: list(at(locality, 'lb_endpoints')).flatMap((each) => {
      const address = at(each, 'endpoint', 'address', 'socket_address');
      const endpoint = object(at(each, 'endpoint'));
      return isSocketAddress(address)
        ? expand(address).map((one) => ({
            ...object(each),
            endpoint: { ...endpoint, address: { socket_address: one } },
          }))
        : [each];
    }),
  }));
  return { ...assignment, endpoints };
}

function mapAddresses(assignment: Json, map: (address: SocketAddress) => SocketAddress): Json {
  return expandAddresses(assignment, (address) => [map(address)]);
}

/** Keys of objects whose `path` is a file, and not a path of HTTP. */
const PATH_HOLDERS = ['path_config_source', 'watched_directory', 'pipe'];
const ACCESS_LOG = /FileAccessLog$/;

function withPaths(value: unknown, root: string, holder = ''): unknown {
  if (Array.isArray(value)) {
    return value.map((each) => withPaths(each, root));
  }
  if (!isObject(value)) {
    return value;
  }
  const isFile = PATH_HOLDERS.includes(holder) || ACCESS_LOG.test(String(value['@type']));
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => {
      const isPath = key === 'filename' || (key === 'path' && isFile);
      return [key, isPath && typeof each === 'string' ? pathBelow(root, each) : withPaths(each, root, key)];
    }),
  );
}

/** Devices are the machine's own; what is below the root already was put there. */
function pathBelow(root: string, path: string): string {
  return path.startsWith('/dev/') || path.startsWith(`${root}/`) ? path : join(root, path);
}

/** The value at a path of keys; `undefined` where there is none. */
export function at(value: unknown, ...keys: readonly string[]): unknown {
  return keys.reduce<unknown>((found, key) => (isObject(found) ? found[key] : undefined), value);
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function object(value: unknown): Json {
  return isObject(value) ? value : {};
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSocketAddress(value: unknown): value is SocketAddress {
  return isObject(value) && typeof value.address === 'string' && typeof value.port_value === 'number';
}
