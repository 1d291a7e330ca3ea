import { isIP, isIPv4 } from 'node:net';
import type { Json } from './json';
import type { Labels } from './labels';

/** A server that pods connect to. */
export type Destination =
  /** A Service, so pods of its namespace. Without a namespace: the pods' own. */
  | { readonly kind: 'service'; readonly namespace?: string }
  | { readonly kind: 'address'; readonly address: string; readonly port: number }
  | { readonly kind: 'external'; readonly port: number }
  /** Pods of the pods' own namespace, on a port of theirs. */
  | { readonly kind: 'pods'; readonly labels: Labels; readonly port: number }
  /** The Kubernetes API: its address is known to the cluster alone. */
  | { readonly kind: 'apiServer'; readonly port: number };

/** `host:port`; the host and the port are its groups. */
export const HOST_AND_PORT = /^(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9._-]+):(\d{1,5})$/;

/** Ports of the Kubernetes API, before and after the translation of its Service. */
export const API_SERVER: Destination[] = [443, 6443].map((port) => ({ kind: 'apiServer', port }));

/** Whether nothing outside the cluster is meant: a Service, or an address of a private network. */
export function isPrivate(destination: Destination): boolean {
  switch (destination.kind) {
    case 'service':
    case 'pods':
    case 'apiServer':
      return true;
    case 'address':
      return PRIVATE.some((pattern) => pattern.test(destination.address));
    case 'external':
      return false;
  }
}

/** Whether an address is link-local: the metadata service of a cloud answers there. */
export function isLinkLocal(destination: Destination): boolean {
  return destination.kind === 'address' && /^(169\.254\.|fe[89ab]|::ffff:a9fe:)/i.test(destination.address);
}

const PRIVATE = [
  /^10\./,
  /^127\./,
  /^192\.168\./,
  /^172\.(1[6-9]|2\d|3[01])\./,
  /^100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./,
  /^::1$/,
  /^f[cd]/i,
];

const SERVICE_NAME = /^(?:[^.]+\.)*[^.]+\.([^.]+)\.svc(?:\.cluster\.local)?$/;
const SHORT_SERVICE_NAME = /^[^.]+\.([^.]+)$/;

const PUBLIC = /^(com|org|net|edu|gov|mil|int|io|co)$/;

const DEFAULT_PORTS: { readonly [protocol: string]: number } = { 'http:': 80, 'https:': 443 };

/**
 * What kind of server an http:// or https:// address names.
 *
 * A Service is recognized by its name: `minio`, `minio.storage.svc`, `minio.storage.svc.cluster.local`. The short form
 * `minio.storage` could be a public host as well; it counts as a Service when it is read over http://, on a port of its
 * own, or when its last part cannot be a top-level domain (it has a digit or a hyphen).
 */
export function destinationOf(url: URL): Destination {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port === '' ? (DEFAULT_PORTS[url.protocol] ?? 443) : Number(url.port);
  if (isIP(host) !== 0) {
    return { kind: 'address', address: host, port };
  }
  const name = host.replace(/\.$/, '');
  if (name === 'localhost') {
    return { kind: 'address', address: '127.0.0.1', port };
  }
  const [, namespace] = SERVICE_NAME.exec(name) ?? SHORT_SERVICE_NAME.exec(name) ?? [];
  if (namespace !== undefined) {
    const inside = SERVICE_NAME.test(name) || isNamespace(namespace, url);
    return inside ? { kind: 'service', namespace } : { kind: 'external', port };
  }
  return name.includes('.') ? { kind: 'external', port } : { kind: 'service' };
}

/** Whether the last of two parts of a host name is rather a namespace than a top-level domain. */
function isNamespace(part: string, { protocol, port }: URL): boolean {
  return !PUBLIC.test(part) && (protocol === 'http:' || port !== '' || /[\d-]/.test(part));
}

/** A rule of a network policy that lets pods connect to a server (TCP). */
export interface EgressRule extends Json {
  /** Absent = every address. */
  readonly to?: Json[];
  /** The one port. Absent = every port. */
  readonly ports?: [{ readonly port: number; readonly protocol: 'TCP' }];
}

/** The rule of a network policy that lets pods connect to a server. */
export function renderEgress(destination: Destination): EgressRule {
  switch (destination.kind) {
    case 'service':
      // No port: that of a Service is translated to one of its pods before the policy is applied.
      return {
        to: [
          destination.namespace === undefined
            ? { podSelector: {} }
            : { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': destination.namespace } } },
        ],
      };
    case 'pods':
      return {
        to: [{ podSelector: { matchLabels: { ...destination.labels } } }],
        ports: [{ port: destination.port, protocol: 'TCP' }],
      };
    case 'apiServer':
      // No address: in some networks a block of addresses does not match the nodes of the control plane.
      return { ports: [{ port: destination.port, protocol: 'TCP' }] };
    case 'address':
      return {
        to: [{ ipBlock: { cidr: `${destination.address}/${isIPv4(destination.address) ? 32 : 128}` } }],
        ports: [{ port: destination.port, protocol: 'TCP' }],
      };
    case 'external':
      // Everything but link-local: that is where the metadata service of a cloud hands out credentials.
      return {
        to: [
          { ipBlock: { cidr: '0.0.0.0/0', except: ['169.254.0.0/16'] } },
          { ipBlock: { cidr: '::/0', except: ['fe80::/10'] } },
        ],
        ports: [{ port: destination.port, protocol: 'TCP' }],
      };
  }
}
