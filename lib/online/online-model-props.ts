import type { ApiObjectMetadata, Duration, JsonPatch, Size } from 'cdk8s';
import type { EnvValue, ImagePullPolicy, ISecret, IServiceAccount } from 'cdk8s-plus-28';
import type { DisruptionBudget, ModelResources, NetworkPeer, Scaling, Toleration } from '../kubernetes';
import type { Model } from '../model';
import type { WarmUp } from './warm-up';

/** Properties of {@link OnlineModel}. */
export interface OnlineModelProps {
  /** The model to serve. */
  readonly model: Model;

  /**
   * Time from the arrival of a request in which it is worth answering. A request that has waited for it without being
   * run is dropped and answered with 504; a run that has begun is not interrupted.
   *
   * @default Duration.seconds(30)
   */
  readonly latencyBudget?: Duration;

  /**
   * Largest request body.
   *
   * @default Size.mebibytes(1)
   */
  readonly maxBodySize?: Size;

  /**
   * What the predictor computes before it reports ready.
   *
   * @default WarmUp.zeros()
   */
  readonly warmUp?: WarmUp;

  /**
   * Longest time to load the model and to warm it up. A container that takes longer is started again.
   *
   * @default Duration.minutes(2)
   */
  readonly maxLoadTime?: Duration;

  /**
   * Longest time that requests in flight get when a replica stops.
   *
   * @default - the latency budget and five seconds
   */
  readonly drainTime?: Duration;

  /**
   * Number of replicas, always the same.
   *
   * @default 2
   */
  readonly replicas?: number;

  /**
   * Number of replicas, when something else decides it.
   *
   * @default - `replicas`
   */
  readonly scaling?: Scaling;

  /**
   * What each replica asks for, and at most gets.
   *
   * @default - one core, 512 MiB of memory or what the model needs, no GPU
   */
  readonly resources?: ModelResources;

  /**
   * How many replicas may be away at once when nodes are drained.
   *
   * @default DisruptionBudget.maxUnavailable(1)
   */
  readonly disruptionBudget?: DisruptionBudget;

  /**
   * Runtime image, best by digest: `registry/repository@sha256:…`.
   *
   * @default - the context value `model-serving/image` of the app (`app.node.setContext('model-serving/image', '…')`),
   * or the image that is released with this library
   */
  readonly image?: string;

  /**
   * When the kubelet pulls the image.
   *
   * @default ImagePullPolicy.IF_NOT_PRESENT
   */
  readonly imagePullPolicy?: ImagePullPolicy;

  /**
   * Secrets with the credentials of the registry.
   *
   * @default - none
   */
  readonly imagePullSecrets?: ISecret[];

  /**
   * Environment variables of the predictor, and of the container that downloads its model. `MODEL_SERVING_LOG_LEVEL`
   * sets how much they log.
   *
   * @default - none
   */
  readonly env?: { [name: string]: EnvValue };

  /**
   * Service account of the pods. No token of it is mounted.
   *
   * @default - one of their own
   */
  readonly serviceAccount?: IServiceAccount;

  /**
   * Annotations of the pods' own service account: how clouds give it an identity, for example
   * `eks.amazonaws.com/role-arn` or `iam.gke.io/gcp-service-account`.
   *
   * @default - none
   */
  readonly serviceAccountAnnotations?: { [key: string]: string };

  /**
   * Who may send requests.
   *
   * @default - all pods of the same namespace
   */
  readonly clients?: NetworkPeer[];

  /**
   * Who may read the metrics.
   *
   * @default - all pods of the namespace `monitoring`
   */
  readonly monitors?: NetworkPeer[];

  /**
   * Labels that a node must have.
   *
   * @default - any node
   */
  readonly nodeSelector?: { [label: string]: string };

  /**
   * Taints of nodes that the pods tolerate.
   *
   * @default - none
   */
  readonly tolerations?: Toleration[];

  /**
   * Priority class of the pods.
   *
   * @default - that of the cluster
   */
  readonly priorityClassName?: string;

  /**
   * Runtime class of the pods, for example one that isolates them in virtual machines.
   *
   * @default - that of the cluster
   */
  readonly runtimeClassName?: string;

  /**
   * Metadata of all objects: labels and annotations are added to each; `name` names them all in place of the name that
   * is made of model, version and construct path; `namespace` replaces the chart's.
   *
   * @default - name and labels made of the model and the construct path
   */
  readonly metadata?: ApiObjectMetadata;

  /**
   * Labels and annotations of the pods.
   *
   * @default - the standard labels alone
   */
  readonly podMetadata?: ApiObjectMetadata;

  /**
   * Changes of the pod template that no other property makes, applied last. Paths start at the template, as in
   * `JsonPatch.add('/spec/schedulerName', 'batch')`. The serving container is the first one.
   *
   * @default - none
   */
  readonly podPatch?: JsonPatch[];
}
