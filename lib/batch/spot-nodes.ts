import { TaintEffect, type Toleration } from '../kubernetes';

/** Options of {@link SpotNodes.custom}. */
export interface CustomSpotNodesOptions {
  /** Labels that the nodes have. */
  readonly nodeSelector: { [label: string]: string };

  /**
   * Taints that the nodes have.
   *
   * @default - none
   */
  readonly tolerations?: Toleration[];
}

/**
 * Nodes that are cheap because they can be taken away at any time. A pod that has to go costs no retry, and its shard goes on
 * where it was.
 */
export class SpotNodes {
  /** Spot nodes of Google Kubernetes Engine. */
  public static gke(): SpotNodes {
    return SpotNodes.tainted('cloud.google.com/gke-spot', 'true');
  }

  /** Spot node groups of Amazon Elastic Kubernetes Service. */
  public static eks(): SpotNodes {
    return new SpotNodes({ 'eks.amazonaws.com/capacityType': 'SPOT' }, []);
  }

  /** Spot node pools of Azure Kubernetes Service. */
  public static aks(): SpotNodes {
    return SpotNodes.tainted('kubernetes.azure.com/scalesetpriority', 'spot');
  }

  /** Spot nodes that Karpenter makes. */
  public static karpenter(): SpotNodes {
    return new SpotNodes({ 'karpenter.sh/capacity-type': 'spot' }, []);
  }

  /**
   * Other nodes.
   *
   * @param options labels and taints
   */
  public static custom(options: CustomSpotNodesOptions): SpotNodes {
    return new SpotNodes(options.nodeSelector, options.tolerations ?? []);
  }

  /** Nodes with a taint that has the key and the value of their label. */
  private static tainted(key: string, value: string): SpotNodes {
    return new SpotNodes({ [key]: value }, [{ key, value, effect: TaintEffect.NO_SCHEDULE }]);
  }

  /** @internal */
  public readonly _nodeSelector: { readonly [label: string]: string };

  /** @internal */
  public readonly _tolerations: Toleration[];

  private constructor(nodeSelector: { readonly [label: string]: string }, tolerations: Toleration[]) {
    this._nodeSelector = nodeSelector;
    this._tolerations = tolerations;
  }
}
