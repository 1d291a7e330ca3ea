import type { ApiObjectMetadata, Duration, Size } from 'cdk8s';
import type { DisruptionBudget, ModelResources, NetworkPeer, Scaling } from '../kubernetes';
import type {
  Authentication,
  IModelGateway,
  PodOptions,
  RedisServerOptions,
  ServingLimits,
  ServingTls,
} from '../online';
import type { BatchJob } from './batch-job';

/** Properties of {@link PredictionLookup}. */
export interface PredictionLookupProps extends PodOptions {
  /** The job that writes the predictions: one with a sink of Redis. */
  readonly job: BatchJob;

  /**
   * Name of the table in Redis, where the job writes several.
   *
   * @default - the only one of the job
   */
  readonly table?: string;

  /**
   * How Redis is reached, for example with a user that may only read, or at a replica.
   *
   * @default - as the job reaches it
   */
  readonly redis?: RedisServerOptions;

  /**
   * Name under which requests ask, as they ask for a model.
   *
   * @default - the name of the job's model
   */
  readonly modelName?: string;

  /**
   * Version under which requests ask. It is that of the lookup: which model computed a prediction, the answer tells.
   *
   * @default 'lookup'
   */
  readonly modelVersion?: string;

  /**
   * Gateway that the lookup is behind, in the same namespace.
   *
   * @default - none: clients send requests to the Service of the lookup
   */
  readonly gateway?: IModelGateway;

  /**
   * Name of the request's input with the keys, one text a row.
   *
   * @default - the name of the job's column with the key
   */
  readonly key?: string;

  /**
   * Answer for a key that no run has: a value for each column that the table keeps.
   *
   * @default - none: such a request is answered with 404
   */
  readonly defaultPrediction?: { [column: string]: unknown };

  /**
   * Age at which a run is reported as too old, in metrics and headers. It is answered from all the same.
   *
   * @default - twice the shortest time between two runs of the job's schedule; without one, never
   */
  readonly maxAge?: Duration;

  /**
   * Longest time that a request waits for Redis; then it is answered with 503.
   *
   * @default Duration.millis(100)
   */
  readonly timeout?: Duration;

  /**
   * Longest time from the arrival of a request to its answer that is worth it. A client may ask for less.
   *
   * @default Duration.seconds(1)
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
   * @default - those of {@link OnlineModel}
   */
  readonly limits?: ServingLimits;

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
   * @default - one core, 512 MiB of memory
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
   * is made of model and construct path; `namespace` replaces the chart's.
   *
   * @default - name and labels made of the model and the construct path
   */
  readonly metadata?: ApiObjectMetadata;
}
