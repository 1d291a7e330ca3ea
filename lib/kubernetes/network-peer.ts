import { isIPv4, isIPv6 } from 'node:net';
import type { Json } from './json';
import { checkLabel } from './labels';
import { isDnsLabel } from './names';
import { RULES } from './rules';
import { quote, type Violation, violation } from './violation';

/** Options of {@link NetworkPeer.pods}. */
export interface PodPeerOptions {
  /**
   * Labels of the pods.
   *
   * @default - all pods
   */
  readonly labels?: { [key: string]: string };

  /**
   * Namespace of the pods.
   *
   * @default - the namespace of the model
   */
  readonly namespace?: string;
}

/** Who may connect to the pods of a model. */
export class NetworkPeer {
  /** All pods of the model's own namespace. */
  public static sameNamespace(): NetworkPeer {
    return new NetworkPeer({ podSelector: {} }, []);
  }

  /**
   * All pods of a namespace, for example the one of an ingress controller.
   *
   * @param name name of the namespace
   */
  public static namespace(name: string): NetworkPeer {
    return NetworkPeer.pods({ namespace: name });
  }

  /**
   * Pods with certain labels.
   *
   * @param options which pods, and where
   */
  public static pods(options: PodPeerOptions): NetworkPeer {
    const { labels, namespace } = options;
    return new NetworkPeer(
      {
        ...(namespace === undefined
          ? {}
          : { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } }),
        ...(labels === undefined
          ? namespace === undefined
            ? { podSelector: {} }
            : {}
          : { podSelector: { matchLabels: { ...labels } } }),
      },
      [
        ...(namespace === undefined || isDnsLabel(namespace) ? [] : [wrong('namespace', namespace)]),
        ...Object.entries(labels ?? {}).flatMap(([key, value]) =>
          checkLabel('the labels of a network peer', key, value),
        ),
      ],
    );
  }

  /**
   * A block of addresses, for example of load balancers: `10.0.0.0/8`, `fd00::/8`.
   *
   * @param block address and length of the prefix
   */
  public static cidr(block: string): NetworkPeer {
    return new NetworkPeer({ ipBlock: { cidr: block } }, isBlock(block) ? [] : [wrong('address block', block)]);
  }

  /** Everybody who can reach the pods, inside and outside the cluster. */
  public static anywhere(): NetworkPeer {
    return new NetworkPeer(undefined, []);
  }

  /**
   * As the network policy has it; `undefined` = everybody.
   *
   * @internal
   */
  public readonly _peer: Json | undefined;

  /** @internal */
  public readonly _violations: Violation[];

  private constructor(peer: Json | undefined, violations: Violation[]) {
    this._peer = peer;
    this._violations = violations;
  }
}

function wrong(what: string, value: string): Violation {
  return violation(
    RULES.networkPeer,
    `A network peer has the ${what} ${quote(value)}.`,
    "Write NetworkPeer.namespace('ingress'), or NetworkPeer.cidr('10.0.0.0/8').",
  );
}

function isBlock(block: string): boolean {
  const [address = '', prefix = '', ...rest] = block.split('/');
  const length = /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN;
  return rest.length === 0 && ((isIPv4(address) && length <= 32) || (isIPv6(address) && length <= 128));
}
