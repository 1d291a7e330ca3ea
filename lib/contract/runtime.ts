/** Schema name of the configuration file that this version writes and reads. */
export const CONFIG_SCHEMA = 'model-serving/v1';

/** Command of the runtime image. */
export const COMMAND = 'model-serving';

/** Version of the runtime image that goes with this library. */
export const RUNTIME_VERSION = '0.1.0';

/** Runtime image that manifests name unless a construct or an app says otherwise. */
export const DEFAULT_IMAGE = `ghcr.io/cdk8s-model-serving/runtime:${RUNTIME_VERSION}`;

/** Image of the proxy of a gateway, unless a construct says otherwise. */
export const DEFAULT_PROXY_IMAGE = 'envoyproxy/envoy:distroless-v1.40.0';

/** Roles of the runtime image, the first argument of {@link COMMAND}. */
export const ROLES = {
  predictor: 'predictor',
  fetch: 'fetch',
  sleep: 'sleep',
  rollout: 'rollout',
  agent: 'agent',
  batch: 'batch',
  lookup: 'lookup',
  stream: 'stream',
} as const;

/** Container ports. */
export const PORTS = { http: 8080, grpc: 8081, metrics: 8082 } as const;

/** Names of the container and Service ports. */
export const PORT_NAMES = { http: 'http', grpc: 'grpc', metrics: 'metrics' } as const;

/** Files and directories inside the container. */
export const PATHS = {
  /** Directory of the mounted configuration. */
  configDirectory: '/etc/model-serving',
  /** The configuration file. */
  config: '/etc/model-serving/config.json',
  /** Directory of model files: `<models>/<name>/<version>/<file>`. */
  models: '/models',
  /** Directory of mounted credentials, one folder for each secret. */
  credentials: '/etc/model-serving-credentials',
  /** Directory of the prediction log, writable where there is one in a file. */
  predictionLog: '/var/log/model-serving',
  /** Directory of persistent volumes with tables, one folder for each claim. */
  volumes: '/volumes',
  /** Directory of a batch job for downloads and parts that are not yet uploaded. */
  scratch: '/scratch',
  /** The only other writable directory. */
  temporary: '/tmp',
  /** Where a failing process leaves its reason for `kubectl describe pod`. */
  terminationMessage: '/dev/termination-log',
} as const;

/** File name of the configuration. */
export const CONFIG_FILE = 'config.json';

/** File name of a model that carries no name of its own. */
export const MODEL_FILE = 'model.onnx';

/** HTTP paths that probes use. */
export const HTTP_PATHS = {
  /** The event loop turns. */
  live: '/v2/health/live',
  /** Every model is loaded and warm, and the process does not drain. */
  ready: '/v2/health/ready',
  /** Prometheus text exposition, on the metrics port. */
  metrics: '/metrics',
} as const;

/** Exit codes of the runtime. 0 = done; 1 = unexpected failure, worth a retry. */
export const EXIT_CODES = {
  ok: 0,
  failure: 1,
  /** The input data is bad; a retry gives the same result. */
  badInput: 42,
  /** The configuration is bad, or a model's digest does not match; a retry gives the same result. */
  badConfiguration: 43,
} as const;

/** Environment variables that the runtime reads. */
export const ENVIRONMENT = {
  /** `trace`, `debug`, `info` (default), `warn`, `error`. */
  logLevel: 'MODEL_SERVING_LOG_LEVEL',
  /**
   * JSON `{"root": string, "host": string, "ports": {[containerPort]: number}, "namespace"?: string,
   * "servers"?: {[host]: "host:port"}, "api"?: string}`, set by `model-serving local` alone: absolute paths are below `root`, and ports and
   * servers are replaced, so that several pods run on one machine unchanged.
   */
  sandbox: 'MODEL_SERVING_SANDBOX',
  /** Name of the Job of a pod, from its label `batch.kubernetes.io/job-name`. */
  job: 'MODEL_SERVING_JOB',
  /** Name of the pod: static members of a consumer group and transactional ids are named by it. Default: the host's name. */
  pod: 'MODEL_SERVING_POD',
  /** Number of the shard of a pod of an Indexed Job, from 0; set by Kubernetes. */
  completionIndex: 'JOB_COMPLETION_INDEX',
  /** IP address that servers listen on. Default: every address of the container. */
  host: 'MODEL_SERVING_HOST',
} as const;

/** Default limits of the serving process. */
export const SERVER_DEFAULTS = {
  maxBodyBytes: 1024 * 1024,
  requestTimeoutMillis: 30_000,
  drainTimeoutMillis: 30_000,
} as const;

/** Default limits of a download. */
export const FETCH_DEFAULTS = {
  maxBytes: 2 * 1024 * 1024 * 1024,
  timeoutMillis: 10 * 60_000,
} as const;
