import { type Destination, type EgressRule, renderEgress } from './destination';
import type { Json } from './json';
import type { Labels } from './labels';
import type { NetworkPeer } from './network-peer';

/** Who may call the pods on which ports. */
interface IngressInput {
  readonly peers: NetworkPeer[];
  readonly ports: number[];
}

/** What the pods of a construct may be called by, and may call. */
export interface NetworkPolicyInput {
  readonly selector: Labels;
  readonly ingress: IngressInput[];
  readonly egress: Destination[];
}

// kube-dns is the label of every DNS server of a cluster, CoreDNS included; the address is that of NodeLocal DNSCache.
const DNS: Json = {
  to: [
    {
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
      podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
    },
    { ipBlock: { cidr: '169.254.20.10/32' } },
  ],
  ports: [
    { port: 53, protocol: 'UDP' },
    { port: 53, protocol: 'TCP' },
  ],
};

/** `spec` of a network policy that allows DNS and what is listed, and denies everything else. */
export function renderNetworkPolicy(input: NetworkPolicyInput): Json {
  return {
    podSelector: { matchLabels: { ...input.selector } },
    policyTypes: ['Ingress', 'Egress'],
    ingress: input.ingress.flatMap(renderIngress),
    egress: [DNS, ...merge(distinct(input.egress).map(renderEgress))],
  };
}

function renderIngress({ peers, ports }: IngressInput): Json[] {
  if (peers.length === 0) {
    return [];
  }
  const from = peers.flatMap(({ _peer }) => (_peer === undefined ? [] : [_peer]));
  return [
    {
      // Without `from` everybody may connect, so one peer that is everybody covers the others.
      from: from.length < peers.length ? undefined : from,
      ports: ports.map((port) => ({ port, protocol: 'TCP' })),
    },
  ];
}

/** Each server once: a cluster namespace may hold several of those that are declared. */
function distinct(destinations: Destination[]): Destination[] {
  return [...new Map(destinations.map((destination) => [JSON.stringify(destination), destination])).values()];
}

/** Rules with the same port as one. */
function merge(rules: EgressRule[]): EgressRule[] {
  const merged = new Map<number | undefined, EgressRule>();
  for (const rule of rules) {
    const port = rule.ports?.[0].port;
    const same = merged.get(port);
    merged.set(port, same === undefined ? rule : { ...same, to: together(same.to, rule.to) });
  }
  return [...merged.values()];
}

function together(some: Json[] | undefined, others: Json[] | undefined): Json[] | undefined {
  return some === undefined || others === undefined ? undefined : [...some, ...others];
}
