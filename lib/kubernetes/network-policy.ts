import { type Destination, type EgressRule, renderEgress } from './destination';
import type { Json } from './json';
import type { Labels } from './labels';
import type { NetworkPeer } from './network-peer';

/** Who may call the pods on which ports. */
export interface IngressInput {
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
    egress: [DNS, ...merge(input.egress.map(renderEgress))],
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
      ports: ports.map((port) => ({ port })),
    },
  ];
}

/** Rules with the same ports as one, each server once. */
function merge(rules: EgressRule[]): EgressRule[] {
  const merged = new Map<string, EgressRule>();
  for (const { to, ports } of rules) {
    const key = JSON.stringify(ports ?? []);
    const servers = [...(merged.get(key)?.to ?? []), ...to];
    const distinct = [...new Map(servers.map((server) => [JSON.stringify(server), server])).values()];
    merged.set(key, ports === undefined ? { to: distinct } : { to: distinct, ports });
  }
  return [...merged.values()];
}
