import { lookup as resolve } from 'node:dns';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { FetchError } from './error';

/**
 * Addresses that are never a store of models: cloud metadata services, which hand out credentials to whoever asks from
 * inside (with the link-local networks they are in), "this host", and multicast.
 * Sources: RFC 6890 registries; the providers' documentation of their metadata service.
 */
const NEVER = blockList(
  ['0.0.0.0/8', '169.254.0.0/16', '100.100.100.200/32', '168.63.129.16/32', '224.0.0.0/4', '240.0.0.0/4'],
  ['::/128', 'fe80::/10', 'fd00:ec2::254/128', 'fd20:ce::254/128', 'ff00::/8'],
);

/** Addresses of this machine, of private networks, and of no network at all: the special-purpose registries of IANA. */
const PRIVATE = blockList(
  [
    '10.0.0.0/8',
    '100.64.0.0/10',
    '127.0.0.0/8',
    '172.16.0.0/12',
    '192.0.0.0/24',
    '192.0.2.0/24',
    '192.88.99.0/24',
    '192.168.0.0/16',
    '198.18.0.0/15',
    '198.51.100.0/24',
    '203.0.113.0/24',
  ],
  [
    '::1/128',
    '64:ff9b:1::/48',
    '100::/64',
    '2001::/23',
    '2001:db8::/32',
    '3fff::/20',
    '5f00::/16',
    'fc00::/7',
    'fec0::/10',
  ],
);

/** IPv6 networks that carry an IPv4 address: mapped, compatible, NAT64 and 6to4, and where it begins, in 16-bit groups. */
const EMBEDDING: readonly { readonly network: BlockList; readonly group: number }[] = [
  { network: blockList([], ['::ffff:0:0/96', '64:ff9b::/96', '::/96']), group: 6 },
  { network: blockList([], ['2002::/16']), group: 1 },
];

const LOOPBACK = blockList([], ['::1/128']);

/** Why an address must not be connected to; `undefined` = it may. */
export function forbidden(address: string, allowPrivate: boolean): string | undefined {
  const inner = embeddedIPv4(address);
  if (inner !== undefined) {
    const reason = forbidden(inner, allowPrivate);
    if (reason !== undefined) {
      return reason;
    }
  }
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  if (NEVER.check(address, family)) {
    return 'is a metadata, link-local or multicast address, which no model comes from';
  }
  if (!allowPrivate && PRIVATE.check(address, family)) {
    return 'is a private address; a server inside the cluster has to be allowed (allowPrivate)';
  }
  return undefined;
}

/** Checks a host that is written as an address, which no name look-up will see. @throws FetchError */
export function checkLiteral(url: URL, allowPrivate: boolean): void {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const reason = isIP(host) === 0 ? undefined : forbidden(host, allowPrivate);
  if (reason !== undefined) {
    throw FetchError.declaration(`${url.host} ${reason}.`);
  }
}

/**
 * Agents that resolve a name, check every address of it, and connect to a checked one: a name that changes its address
 * between check and connection gains nothing.
 *
 * @param keepAlive whether connections are used again, for many requests to one server
 */
export function checkingAgents(
  allowPrivate: boolean,
  keepAlive = false,
): { readonly http: HttpAgent; readonly https: HttpsAgent } {
  const options = { lookup: checkingLookup(allowPrivate), keepAlive };
  return { http: new HttpAgent(options), https: new HttpsAgent(options) };
}

function checkingLookup(allowPrivate: boolean): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      const [first] = addresses ?? [];
      if (error !== null || first === undefined) {
        callback(error ?? new Error(`${hostname} has no address`), '', 0);
        return;
      }
      for (const { address } of addresses) {
        const reason = forbidden(address, allowPrivate);
        if (reason !== undefined) {
          callback(FetchError.declaration(`${hostname} resolves to ${address}, which ${reason}.`), '', 0);
          return;
        }
      }
      if (options.all === true) {
        callback(null, addresses);
      } else {
        callback(null, first.address, first.family);
      }
    });
  };
}

function blockList(ipv4: readonly string[], ipv6: readonly string[]): BlockList {
  const list = new BlockList();
  for (const [networks, family] of [
    [ipv4, 'ipv4'],
    [ipv6, 'ipv6'],
  ] as const) {
    for (const network of networks) {
      const [address = '', prefix] = network.split('/');
      list.addSubnet(address, Number(prefix), family);
    }
  }
  return list;
}

function embeddedIPv4(address: string): string | undefined {
  // The loopback address lies in ::/96 too, and carries nothing.
  if (isIP(address) !== 6 || LOOPBACK.check(address, 'ipv6')) {
    return undefined;
  }
  const found = EMBEDDING.find(({ network }) => network.check(address, 'ipv6'));
  if (found === undefined) {
    return undefined;
  }
  const groups = groupsOf(address);
  const [high = 0, low = 0] = groups.slice(found.group, found.group + 2);
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
}

/** The eight 16-bit groups of an IPv6 address. */
function groupsOf(address: string): number[] {
  // The URL parser writes every form, `::ffff:1.2.3.4` included, in hexadecimal groups.
  const text = new URL(`http://[${address.replace(/%.*$/, '')}]/`).hostname.slice(1, -1);
  const [head = '', tail] = text.split('::');
  const parse = (part: string) => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)));
  const left = parse(head);
  const right = parse(tail ?? '');
  return tail === undefined ? left : [...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right];
}
