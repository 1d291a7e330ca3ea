import type { ApiObjectMetadata, Duration } from 'cdk8s';
import type { DeadMan, ITrafficRouter } from '../gateway';
import type { ModelResources, NetworkPeer } from '../kubernetes';
import type { OnlineModel, PodOptions } from '../online';
import type { CanaryStep } from './canary-step';
import type { Guardrail } from './guardrail';
import type { MetricsSource } from './metrics-source';
import type { MissingData } from './missing-data';
import type { Notification } from './notification';
import type { Stickiness } from './stickiness';

/** Properties of {@link CanaryRollout}. The options of pods are those of its controller. */
export interface CanaryRolloutProps extends PodOptions {
  /** What splits the requests: a `ModelGateway` in the same namespace. Both versions are put behind it. */
  readonly gateway: ITrafficRouter;

  /** The version that is served. Nothing of its pods changes. */
  readonly stable: OnlineModel;

  /** The version that may replace it: the same model, another version. */
  readonly candidate: OnlineModel;

  /** What happens in turn; the promotion follows the last step. */
  readonly steps: CanaryStep[];

  /** What turns it back: at least one. Each watches every step that has counts for it. */
  readonly guardrails: Guardrail[];

  /**
   * What happens when counts are missing.
   *
   * @default MissingData.hold({ atMost: Duration.hours(1), afterwards: MissingDataAction.PAUSE })
   */
  readonly onMissingData?: MissingData;

  /**
   * Where counts come from.
   *
   * @default MetricsSource.direct()
   */
  readonly metrics?: MetricsSource;

  /**
   * Which requests keep their version.
   *
   * @default - none: requests are split one by one
   */
  readonly stickiness?: Stickiness;

  /**
   * Who is told of decisions.
   *
   * @default - nobody; events, metrics, logs and the status page tell them all the same
   */
  readonly notifications?: Notification[];

  /**
   * Requests for the model that are expected in a second, all versions together. From it follows how long each step must
   * take to see what the guardrails state: see `forecasts`. A step that is shorter is a warning.
   *
   * @default - not checked
   */
  readonly expectedRps?: number;

  /**
   * Time between two looks.
   *
   * @default Duration.seconds(2)
   */
  readonly interval?: Duration;

  /**
   * Longest time that a step may go on after its least time and samples while a guardrail is undecided. Then it pauses, and a
   * person is asked.
   *
   * @default Duration.hours(6)
   */
  readonly maxStepTime?: Duration;

  /**
   * Longest time until the candidate is ready. Then the rollout aborts.
   *
   * @default - the time that the Deployment of the candidate has for it
   */
  readonly readyTimeout?: Duration;

  /**
   * What gateways do when they do not hear of the controller any more while the candidate has a share.
   *
   * @default DeadMan.REVERT
   */
  readonly deadMan?: DeadMan;

  /**
   * Time after which they do it.
   *
   * @default - one minute, or six intervals if that is longer
   */
  readonly deadManAfter?: Duration;

  /**
   * Whether the controller serves its status page, for `kubectl port-forward`.
   *
   * @default false
   */
  readonly statusPage?: boolean;

  /**
   * What the controller asks for, and at most gets.
   *
   * @default - a tenth of a core, up to one; 192 MiB of memory, or 256 MiB where answers are compared
   */
  readonly resources?: ModelResources;

  /**
   * Who may read the metrics of the controller.
   *
   * @default - all pods of the namespace `monitoring`
   */
  readonly monitors?: NetworkPeer[];

  /**
   * Who may report outcomes, where a guardrail watches such a metric.
   *
   * @default - all pods of the same namespace
   */
  readonly outcomeReporters?: NetworkPeer[];

  /**
   * Metadata of all objects: labels and annotations are added to each; `name` names them all in place of the name that is
   * made of model and construct path; `namespace` replaces the chart's. Another name is another rollout.
   *
   * @default - name and labels made of the model and the construct path
   */
  readonly metadata?: ApiObjectMetadata;
}
