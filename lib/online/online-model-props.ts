import type { ApiObjectMetadata, Duration, Size } from 'cdk8s';
import type { DisruptionBudget, ModelResources, NetworkPeer, Scaling } from '../kubernetes';
import type { Model } from '../model';
import type { Fallback } from './fallback';
import type { FeatureLookup } from './features';
import type { IModelGateway } from './model-gateway';
import type { PodOptions } from './pod-options';
import type { PredictionLog } from './prediction-log';
import type { Batching, ResponseCache, ServingLimits } from './scheduling';
import type { Authentication, ServingTls } from './security';
import type { Tracing } from './tracing';
import type { WarmUp } from './warm-up';

/** Properties of {@link OnlineModel}. */
export interface OnlineModelProps extends PodOptions {
  /** The model to serve. */
  readonly model: Model;

  /**
   * Gateway that the model is behind, in the same namespace. `gateway.addModel(model, …)` says more, for example its hosts.
   *
   * @default - none: clients send requests to the Service of the model
   */
  readonly gateway?: IModelGateway;

  /**
   * Longest time from the arrival of a request to its answer that is worth it: the wait for the model, the lookup of
   * features and the run. A request that cannot make it is refused at once with 429; one whose time is over before its run
   * is dropped and answered with 504. A client may ask for less.
   *
   * @default Duration.seconds(30)
   */
  readonly latencyBudget?: Duration;

  /**
   * Largest request body, before and after decompression.
   *
   * @default Size.mebibytes(1)
   */
  readonly maxBodySize?: Size;

  /**
   * Further limits on what clients may send, and on what is kept for them.
   *
   * @default - 16 KiB of headers, 8192 connections, a depth of 16, 1024 waiting requests, answers of 64 MiB
   */
  readonly limits?: ServingLimits;

  /**
   * How requests share runs of the model.
   *
   * @default - requests that wait at the same time share a run where the model allows it; the size is found at warm-up
   */
  readonly batching?: Batching;

  /**
   * Answers that are kept for equal inputs.
   *
   * @default - none: every request is computed
   */
  readonly cache?: ResponseCache;

  /**
   * Inputs of the model that are looked up in a feature store, by the key of an entity that requests send instead.
   *
   * @default - requests send all inputs
   */
  readonly features?: FeatureLookup;

  /**
   * What answers when the model cannot.
   *
   * @default - the error is the answer
   */
  readonly fallback?: Fallback;

  /**
   * Record of predictions.
   *
   * @default - none
   */
  readonly predictionLog?: PredictionLog;

  /**
   * Spans of predictions for a collector of OpenTelemetry.
   *
   * @default - none are sent
   */
  readonly tracing?: Tracing;

  /**
   * Who may send requests, by API key or token.
   *
   * @default - everybody whom the network lets through (`clients`)
   */
  readonly authentication?: Authentication;

  /**
   * TLS of the ports for REST and gRPC.
   *
   * @default - none: a service mesh or a gateway may add it
   */
  readonly tls?: ServingTls;

  /**
   * Origins whose web pages may read answers in a browser (CORS), for example `https://app.example.com`; `*` = any.
   *
   * @default - none
   */
  readonly cors?: string[];

  /**
   * Whether the description of the API (`/openapi.json`) and the page to try it (`/docs`) are served.
   *
   * @default true
   */
  readonly docs?: boolean;

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
   * Who may connect to the ports for requests, REST and gRPC.
   *
   * @default - the pods of the gateway alone where there is one, otherwise all pods of the same namespace
   */
  readonly clients?: NetworkPeer[];

  /**
   * Who may read the metrics.
   *
   * @default - all pods of the namespace `monitoring`
   */
  readonly monitors?: NetworkPeer[];

  /**
   * Metadata of all objects: labels and annotations are added to each; `name` names them all in place of the name that
   * is made of model, version and construct path; `namespace` replaces the chart's.
   *
   * @default - name and labels made of the model and the construct path
   */
  readonly metadata?: ApiObjectMetadata;
}
