import type { ApiObjectMetadata, JsonPatch } from 'cdk8s';
import type { EnvValue, ImagePullPolicy, ISecret, IServiceAccount } from 'cdk8s-plus-28';
import type { Toleration } from '../kubernetes';

/** How the pods of a construct are made: image, identity, placement. */
export interface PodOptions {
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
   * Environment variables of the containers that run the runtime image. `MODEL_SERVING_LOG_LEVEL` sets how much they log.
   *
   * @default - none
   */
  readonly env?: { [name: string]: EnvValue };

  /**
   * Service account of the pods. No token of it is mounted where nothing calls the Kubernetes API.
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
