import {
  type ITrafficRouter,
  type ModelRouteOptions,
  NetworkPeer,
  type OnlineModel,
  TrafficCapability,
  type TrafficSplit,
  type TrafficSplitRequest,
} from 'cdk8s-model-serving';
import { Construct, type IConstruct } from 'constructs';

/** A router that somebody else could have written: it makes no objects, and remembers what it was asked for. */
export class StubRouter extends Construct implements ITrafficRouter {
  public readonly networkPeer = NetworkPeer.pods({ labels: { app: 'router' } });
  public readonly requests: TrafficSplitRequest[] = [];

  public constructor(
    scope: Construct,
    id: string,
    public readonly trafficCapabilities: TrafficCapability[] = Object.values(TrafficCapability),
    private readonly countsPins: boolean = true,
  ) {
    super(scope, id);
  }

  public addModel(_model: OnlineModel, _options?: ModelRouteOptions): void {
    // Whoever is asked for is routed.
  }

  public addTrafficSplit(_rollout: IConstruct, request: TrafficSplitRequest): TrafficSplit {
    this.requests.push(request);
    return {
      stableClusters: ['old-http', 'old-grpc'],
      candidateClusters: ['new-http', 'new-grpc'],
      shadowClusters: ['new-shadow'],
      ...(this.countsPins ? { pinClusters: ['new-pin'] } : {}),
      stablePodsHost: 'old-pods.ml.svc',
      candidatePodsHost: 'new-pods.ml.svc',
      proxyPodsHost: 'router-pods.ml.svc',
    };
  }
}
