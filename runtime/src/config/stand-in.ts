import type { Sandbox } from './sandbox';

const CLUSTER_SUFFIX = /\.svc(\.cluster\.local)?$/;
const WEB_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };

/**
 * The one form of a Service's name: `redis.ml`, for `redis` in the namespace `ml`, `redis.ml.svc` and
 * `redis.ml.svc.cluster.local`. Other host names stay as they are, in small letters.
 */
export function serviceHost(host: string, namespace: string): string {
  const name = host.toLowerCase().replace(/\.$/, '').replace(CLUSTER_SUFFIX, '');
  return name.includes('.') || name.includes(':') || name === 'localhost' ? name : `${name}.${namespace}`;
}

/** `host:port` with the server of this machine that stands in for it; unchanged when there is none. */
export function standInAddress(address: string, { servers = {}, namespace = '' }: Sandbox): string {
  const separator = address.lastIndexOf(':');
  const host = serviceHost(address.slice(0, separator), namespace);
  return servers[`${host}:${address.slice(separator + 1)}`] ?? servers[host] ?? address;
}

/** An http:// or https:// address with the server that stands in for its host; any other text is unchanged. */
export function standInUrl(text: string, sandbox: Sandbox): string {
  if (!/^https?:/i.test(text) || !URL.canParse(text)) {
    return text;
  }
  const url = new URL(text);
  const port = url.port || WEB_PORTS[url.protocol];
  const address = `${url.hostname}:${port}`;
  const found = standInAddress(address, sandbox);
  if (found === address) {
    return text;
  }
  url.host = found;
  return url.href;
}
