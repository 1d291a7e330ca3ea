import type { FallbackConfig } from './fallback-config';
import type { FeatureLookupConfig } from './features-config';
import type { PredictionLogConfig } from './prediction-log-config';
import type { AuthenticationConfig, CorsConfig, TlsConfig } from './security-config';
import type { TracingConfig } from './tracing-config';

/**
 * The one file that passes between the library and the runtime: `config.json`.
 *
 * Every role of the runtime image reads the same file. All paths are absolute inside the container,
 * all durations are whole milliseconds, all sizes are bytes. Unknown keys are refused.
 */
export interface ServingConfig {
  /** Schema of this file; always {@link CONFIG_SCHEMA}. */
  readonly schema: string;

  /** Models of this process: at least one, unique by name and version. */
  readonly models: ModelConfig[];

  /** The serving process. */
  readonly server: ServerConfig;
}

/** One version of one model. */
export interface ModelConfig {
  /** Name in the URL (`/v2/models/{name}`), in metrics and in logs. */
  readonly name: string;

  /** Version in the URL (`/v2/models/{name}/versions/{version}`). */
  readonly version: string;

  /** Format of the file; always `onnx`. */
  readonly format: string;

  /** Absolute path of the model file that the predictor opens. */
  readonly path: string;

  /** SHA-256 of the model file, 64 lower-case hexadecimal digits. Verified before the file is opened. */
  readonly sha256: string;

  /**
   * Where the `fetch` role gets the file from.
   *
   * Absent when the file is mounted (ConfigMap, persistent volume, image).
   */
  readonly source?: ModelSourceConfig;

  /**
   * Longest time from the arrival of a request to its answer that is worth it, in milliseconds. A request that cannot
   * make it is refused at once, or dropped before its run.
   *
   * Absent = `server.requestTimeoutMillis`.
   */
  readonly latencyBudgetMillis?: number;

  /** What the predictor runs before it reports ready. */
  readonly warmUp: WarmUpConfig;

  /** How requests share runs. Absent = what the model and its measured cost allow. */
  readonly batching?: BatchingConfig;

  /** Answers kept for equal inputs. Absent = none. */
  readonly cache?: ResponseCacheConfig;

  /** Inputs that are looked up instead of sent. Absent = none. */
  readonly features?: FeatureLookupConfig;

  /** What answers when the model cannot. Absent = the error is the answer. */
  readonly fallback?: FallbackConfig;

  /** Record of predictions. Absent = none. */
  readonly predictionLog?: PredictionLogConfig;
}

/** How requests share runs of a model. */
export interface BatchingConfig {
  /** Most rows of several requests in one run; 1 = requests share none. Absent = found at warm-up. */
  readonly maxBatchSize?: number;

  /** Sizes at which a run is cheapest: one is taken as soon as so many rows wait. Absent = any size. */
  readonly preferredBatchSizes?: number[];

  /** Longest time that a request waits for others, in milliseconds. Absent or 0 = it never waits for others. */
  readonly maxDelayMillis?: number;
}

/** Answers that are kept for equal inputs; the least recently used go first. */
export interface ResponseCacheConfig {
  /** Most memory for kept answers and their inputs, in bytes. */
  readonly maxBytes: number;

  /** Older answers are computed again, in milliseconds. */
  readonly maxAgeMillis: number;
}

/** Warm-up of one model. */
export interface WarmUpConfig {
  /** Inferences to run before the model is ready; 0 = none. */
  readonly runs: number;

  /**
   * V1 request body (`{"instances": […]}` or `{"inputs": …}`) to run.
   *
   * Absent = zeros of the model's input shape, one row.
   */
  readonly request?: { readonly [key: string]: unknown };
}

/** Where a model file comes from. */
export interface ModelSourceConfig {
  /** `s3`, `gcs`, `azure-blob` or `https`. */
  readonly type: string;

  /**
   * What to download: `s3://bucket/key`, `gs://bucket/object`,
   * `https://account.blob.core.windows.net/container/blob` or any `https://` (or, where allowed, `http://`) address.
   */
  readonly uri: string;

  /** Service address instead of the provider's own, for example of an S3-compatible server. */
  readonly endpoint?: string;

  /** Region of the bucket. Absent = the client's default. */
  readonly region?: string;

  /**
   * Directory with credentials as files, one a key (a mounted Secret).
   *
   * s3: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, optionally `AWS_SESSION_TOKEN`. gcs: `service-account.json`.
   * azure-blob: `AZURE_STORAGE_ACCOUNT` and `AZURE_STORAGE_KEY`. https: `authorization` (the header's value).
   * Absent = what the environment gives (workload identity), or anonymous.
   */
  readonly credentialsPath?: string;

  /** Path of the model file inside the artifact, when the artifact is a tar, tar.gz or zip archive. */
  readonly archiveMember?: string;

  /** SHA-256 of the artifact itself, when it is an archive; `sha256` of the model is always of the model file. */
  readonly archiveSha256?: string;

  /** Largest download accepted, in bytes. */
  readonly maxBytes: number;

  /** Longest time for one download attempt, in milliseconds. */
  readonly timeoutMillis: number;

  /** Whether `http://` and hosts that resolve to private addresses are allowed (a server inside the cluster). */
  readonly allowPrivate: boolean;

  /**
   * Hosts that a redirect may lead to, besides the host of `uri` (type `https` alone), for example the content network
   * of a model hub.
   *
   * Absent = none.
   */
  readonly redirectHosts?: string[];
}

/** The serving process. */
export interface ServerConfig {
  /** Port of V1 and V2 REST. */
  readonly httpPort: number;

  /** Port of V2 gRPC. */
  readonly grpcPort: number;

  /** Port of the Prometheus metrics. */
  readonly metricsPort: number;

  /** Largest request body, in bytes. */
  readonly maxBodyBytes: number;

  /** Longest time from the arrival of a request to its answer, in milliseconds; a client may ask for less. */
  readonly requestTimeoutMillis: number;

  /**
   * Longest time that in-flight requests get after SIGTERM, in milliseconds; then the process exits with 1.
   */
  readonly drainTimeoutMillis: number;

  /** Limits on what a client may send. Absent = the defaults of each. */
  readonly limits?: LimitsConfig;

  /** Who may send requests. Absent = everybody who reaches the port. */
  readonly authentication?: AuthenticationConfig;

  /** TLS of the REST and gRPC ports. Absent = plain TCP. */
  readonly tls?: TlsConfig;

  /** Browsers of which sites may read answers. Absent = none. */
  readonly cors?: CorsConfig;

  /** Whether `/openapi.json` and the page `/docs` are served. Absent = true. */
  readonly docs?: boolean;

  /** Spans of predictions. Absent = none are sent. */
  readonly tracing?: TracingConfig;

  /** Loading and unloading of models while serving. Absent = refused. */
  readonly management?: ManagementConfig;
}

/** Limits on what a client may send, and on what is kept for clients. */
export interface LimitsConfig {
  /** Largest size of the headers of a request, in bytes. Absent = 16384. */
  readonly maxHeaderBytes?: number;

  /** Most connections at a time. Absent = 8192. */
  readonly maxConnections?: number;

  /** Deepest nesting of lists and objects in a body. Absent = 16. */
  readonly maxJsonDepth?: number;

  /** Most elements of all inputs of a request together. Absent = what fits into the largest body. */
  readonly maxElements?: number;

  /** Most requests that wait for a model. Absent = about what it answers in a second: 256 to 8192. */
  readonly maxQueuedRequests?: number;

  /** Largest answer, in bytes. Absent = 64 MiB. */
  readonly maxResponseBytes?: number;
}

/** Loading and unloading of models while serving, on a port of its own that no Service names. */
export interface ManagementConfig {
  /** Port of the model repository extension, on the loopback address alone. */
  readonly port: number;
}
