import type { ConfigMapObject, KubernetesObject } from '../../kubernetes-api';

/** Label of the ConfigMaps that hold rollouts, and its value. */
export const ROLLOUT_LABEL = { key: 'app.kubernetes.io/component', value: 'rollout' } as const;

/** The Lease of a controller. */
export interface LeaseObject extends KubernetesObject {
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly renewTime?: string;
    readonly leaseDurationSeconds?: number;
  };
}

/** Who hears of a ConfigMap. */
export interface Follower {
  /** Ends it. */
  readonly signal: AbortSignal;

  /** Called with the object as it is, and after every change; undefined when it has gone. The same state may come twice. */
  onObject(object: ConfigMapObject | undefined): void;

  /** Called when the connection is there, and when it is lost: it is tried again. */
  onState(connected: boolean, error?: Error): void;
}

/** The ConfigMaps that hold rollouts, in one namespace, as one person reaches them. */
export interface RolloutAccess {
  /** Where that is, for messages, as `the namespace ml`. */
  readonly place: string;

  /** Name of the rollout that this pod belongs to. Absent = it belongs to none. */
  readonly ownName?: string;

  /** Who asks: what the cluster knows the person as, or `user@host`. */
  user(): Promise<string>;

  /** The ConfigMaps with {@link ROLLOUT_LABEL}. */
  list(): Promise<readonly ConfigMapObject[]>;

  /** @throws NoRolloutError when there is none of that name */
  read(name: string): Promise<ConfigMapObject>;

  /** The Lease of that name; undefined when there is none, or this person may not read it. */
  readLease(name: string): Promise<LeaseObject | undefined>;

  /** @throws NoRolloutError when there is none of that name */
  annotate(name: string, key: string, value: string): Promise<void>;

  /**
   * Follows a ConfigMap until the signal ends it, through lost connections.
   *
   * @throws Error when this person may not, or the first attempt fails
   */
  follow(name: string, follower: Follower): Promise<void>;
}

/** There is no ConfigMap of a name. */
export class NoRolloutError extends Error {
  override readonly name = 'NoRolloutError';

  constructor(rollout: string, place: string) {
    super(
      `There is no rollout ${JSON.stringify(rollout)} in ${place}. Its name is that of its ConfigMap: ` +
        'kubectl get configmaps --all-namespaces --selector ' +
        `${ROLLOUT_LABEL.key}=${ROLLOUT_LABEL.value} lists them.`,
    );
  }
}
