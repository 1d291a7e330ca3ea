import type { Duration } from 'cdk8s';
import type { IConstruct } from 'constructs';
import type { IModelGateway, OnlineModel } from '../online';

/** What routers may be able to do. A rollout that needs more than its router can fails at synth. */
export enum TrafficCapability {
  /** Parts of the requests to each of two versions, to a hundredth of a percent. */
  WEIGHT = 'weight',
  /** A share of the requests to a second version as well, whose answers nobody waits for. */
  MIRROR = 'mirror',
  /** Requests with a certain header to the candidate. */
  HEADER = 'header',
  /** The same version for the same user, while the weights rise. */
  STICKINESS = 'stickiness',
}

/** What happens when the controller of a rollout is not heard of any more while the candidate has a share. */
export enum DeadMan {
  /** Everything goes to the stable version. */
  REVERT = 'revert',
  /** The share stays as it is. */
  HOLD = 'hold',
}

/** What a rollout needs from the router in front of its two versions. */
export interface TrafficSplitRequest {
  /**
   * Name of the rollout and of its ConfigMap, in the namespace of the router. The pods of its controller have it in the label
   * `app.kubernetes.io/instance`.
   */
  readonly name: string;

  /** The version that is served. */
  readonly stable: OnlineModel;

  /** The version that may replace it. */
  readonly candidate: OnlineModel;

  /** What the steps need. */
  readonly needs: TrafficCapability[];

  /** Longest time without a sign of the controller. */
  readonly deadManAfter: Duration;

  /** What happens then. */
  readonly deadMan: DeadMan;

  /**
   * Host name of the controller's Service, which gets requests to compare on `ROLLOUT_PORTS.http`.
   *
   * @default - none
   */
  readonly comparisonHost?: string;

  /**
   * Header that leads to the candidate while a step says so: its name.
   *
   * @default - none
   */
  readonly pinHeader?: string;

  /**
   * Value of that header.
   *
   * @default - none
   */
  readonly pinValue?: string;

  /**
   * Header with the key of the user who keeps a version.
   *
   * @default - requests are split one by one
   */
  readonly stickyHeader?: string;

  /**
   * Times, in whole milliseconds, for which it must be exact how many requests took longer.
   *
   * @default - none
   */
  readonly latencyBudgets?: Duration[];
}

/** What a router tells a rollout: where the shares of its two versions can be seen. */
export interface TrafficSplit {
  /** Clusters of the proxy that carry the share of the stable version. */
  readonly stableClusters: string[];

  /** Clusters of the proxy that carry the share of the candidate. */
  readonly candidateClusters: string[];

  /** Clusters of the proxy that carry what is mirrored to the candidate. */
  readonly shadowClusters: string[];

  /**
   * Clusters of the proxy that carry requests whose header leads to the candidate.
   *
   * @default - they are not counted: a header step ends by its time alone
   */
  readonly pinClusters?: string[];

  /** Host name of the headless Service whose addresses are the ready pods of the stable version. */
  readonly stablePodsHost: string;

  /** Host name of the headless Service whose addresses are the ready pods of the candidate. */
  readonly candidatePodsHost: string;

  /** Host name of the headless Service whose addresses are the proxies' pods. */
  readonly proxyPodsHost: string;
}

/** What moves requests between two versions of a model. */
export interface ITrafficRouter extends IModelGateway {
  /** What it can do. */
  readonly trafficCapabilities: TrafficCapability[];

  /**
   * Prepares a split for a rollout: at first everything goes to the stable version.
   *
   * @param rollout construct that asks, for messages
   * @param request versions and needs
   */
  addTrafficSplit(rollout: IConstruct, request: TrafficSplitRequest): TrafficSplit;
}
