import type { ApiObjectMetadata, Size } from 'cdk8s';
import type { Cpu, ISecret, ServiceType } from 'cdk8s-plus-28';
import type { DisruptionBudget, MountedFile, NetworkPeer, Scaling } from '../kubernetes';
import type { Authentication, PodOptions, ServingTls } from '../online';
import type { ModelAccess } from './model-access';
import type { RateLimit } from './rate-limit';

/** What each replica of a gateway's proxy asks for, and at most gets. */
export interface ProxyResources {
  /**
   * CPU that the scheduler reserves.
   *
   * @default - as `cpuLimit`, or one core
   */
  readonly cpu?: Cpu;

  /**
   * CPU that is used at most. The proxy has one thread for each whole core of it.
   *
   * @default - as `cpu`
   */
  readonly cpuLimit?: Cpu;

  /**
   * Memory that the scheduler reserves.
   *
   * @default - as `memoryLimit`, or 512 MiB
   */
  readonly memory?: Size;

  /**
   * Memory at which the container is killed. At 95 % of it requests are refused with 503.
   *
   * @default - as `memory`
   */
  readonly memoryLimit?: Size;
}

/** Properties of {@link ModelGateway}. `image` and `env` are those of its agent. */
export interface ModelGatewayProps extends PodOptions {
  /**
   * Image of the proxy (Envoy), best by digest.
   *
   * @default - Envoy 1.40.0, distroless
   */
  readonly proxyImage?: string;

  /**
   * Who may send requests: clients with an API key or a token; others are answered with 401. Models get the name of the
   * client (for tokens the claim `sub`) in the header `x-client`. Health and the page `/docs` stay open.
   *
   * @default - everybody whom the network lets through (`clients`)
   */
  readonly authentication?: Authentication;

  /**
   * Who of them may call which model, by the name of the model.
   *
   * @default - everybody whom the authentication lets through may call every model
   */
  readonly access?: { [model: string]: ModelAccess };

  /**
   * How many requests are let through.
   *
   * @default - as many as the models take
   */
  readonly rateLimit?: RateLimit;

  /**
   * Largest number of requests that each replica has in flight for one version of a model; more are refused with 503.
   *
   * @default 1024
   */
  readonly maxConcurrentRequests?: number;

  /**
   * Origins whose web pages may read answers in a browser (CORS), for example `https://app.example.com`; `*` = any.
   *
   * @default - none
   */
  readonly cors?: string[];

  /**
   * TLS of the port for requests. The Service then has port 443.
   *
   * @default - none
   */
  readonly tls?: ServingTls;

  /**
   * Certificates of the authorities that sign the certificates of models with TLS, in PEM. A model's certificate has to name
   * its Service, as in the `url` of the model.
   *
   * @default - none, for models without TLS
   */
  readonly upstreamCa?: MountedFile;

  /**
   * Certificate (`tls.crt`, `tls.key`) that the gateway shows to models which ask for one.
   *
   * @default - none
   */
  readonly upstreamCertificate?: ISecret;

  /**
   * Number of proxies in front of the gateway that add the address of their client to `x-forwarded-for`, for example 1 for
   * an ingress controller. The address that they saw then counts as the client's.
   *
   * @default 0
   */
  readonly trustedProxies?: number;

  /**
   * Whether each request is logged as one JSON object on the standard output of the proxy.
   *
   * @default true
   */
  readonly accessLog?: boolean;

  /**
   * How the gateway is reached.
   *
   * @default ServiceType.CLUSTER_IP
   */
  readonly serviceType?: ServiceType;

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
   * What the proxy of each replica asks for, and at most gets.
   *
   * @default - one core, 512 MiB of memory
   */
  readonly resources?: ProxyResources;

  /**
   * How many replicas may be away at once when nodes are drained.
   *
   * @default DisruptionBudget.maxUnavailable(1)
   */
  readonly disruptionBudget?: DisruptionBudget;

  /**
   * Who may connect to the port for requests.
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
   * Metadata of all objects: labels and annotations are added to each; `name` names them all in place of the name that is
   * made of the construct path; `namespace` replaces the chart's.
   *
   * @default - name and labels made of the construct path
   */
  readonly metadata?: ApiObjectMetadata;
}
