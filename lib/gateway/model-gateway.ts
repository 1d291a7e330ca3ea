import { ApiObject, type ApiObjectMetadata, Lazy } from 'cdk8s';
import { Construct, type IConstruct } from 'constructs';
import {
  applyPodPatch,
  checkGracePeriod,
  defaultDrainMillis,
  isAutoscaled,
  type Json,
  kindOf,
  NetworkPeer,
  objectOf,
  objectsOf,
  progressDeadlineSeconds,
  renderAutoscaler,
  renderDeployment,
  renderDisruptionBudget,
  scannerExceptions,
  type Violation,
  validateConstruct,
} from '../kubernetes';
import type { IServedModel, ModelRouteOptions, OnlineModel } from '../online';
import { clusterName, podsHost, podsServiceName } from './envoy';
import type { ModelGatewayProps } from './model-gateway-props';
import { checkAttachments, checkFiles, checkGateway } from './model-gateway-rules';
import {
  renderAgentRules,
  renderGatewayNetworkPolicy,
  renderGatewayService,
  renderModelPodsService,
  renderProxyPodsService,
  servicePort,
} from './objects';
import { PROXY, renderGatewayPod } from './pod';
import { checksumOf, longestBudgetMillis, renderFiles } from './rendered-gateway';
import { resolveSettings, type Settings } from './settings';
import { Attachments } from './traffic-plan';
import { type ITrafficRouter, TrafficCapability, type TrafficSplit, type TrafficSplitRequest } from './traffic-router';

/** Annotation of the pods that changes with the files that they read when they start. */
const CHECKSUM = 'model-serving/checksum';

/**
 * A gateway in front of models: one address for V1, V2 and gRPC, with authentication, limits, retries, and splits of the
 * traffic between versions. Envoy in a Deployment of its own, configured at synth; nothing has to be installed.
 *
 * Models come with their `gateway`, or with {@link ModelGateway.addModel}, until the synthesis.
 *
 * Wrong declarations fail at synth, all together, each with a rule code (`MS2101`): see docs/rules.md.
 *
 * @see https://www.envoyproxy.io/docs/envoy/v1.40.0/
 */
export class ModelGateway extends Construct implements ITrafficRouter {
  /** Address inside the cluster, without a path: `http://…`, or `https://…` with `tls`. */
  public readonly url: string;

  /** Address for clients of gRPC, inside the cluster: `host:80`, or `host:443` with `tls`. */
  public readonly grpcAddress: string;

  /** What the gateway can do for rollouts: everything. */
  public readonly trafficCapabilities: TrafficCapability[] = [
    TrafficCapability.WEIGHT,
    TrafficCapability.MIRROR,
    TrafficCapability.HEADER,
    TrafficCapability.STICKINESS,
  ];

  /** The pods of the gateway, as network policies know them. */
  public readonly networkPeer: NetworkPeer;

  /** The Deployment; the default child of the construct. */
  public readonly deployment: ApiObject;

  /** The Service: `http` on port 80, or with `tls` `https` on 443, for all protocols. */
  public readonly service: ApiObject;

  /** The headless Service of all pods of the gateway, ready or not. */
  public readonly podsService: ApiObject;

  /** The ConfigMap with the routes and the configuration of the agent. */
  public readonly configMap: ApiObject;

  /** The ConfigMap with the bootstrap of the proxy. */
  public readonly proxyConfigMap: ApiObject;

  /** The network policy: it denies what is not declared. `node.tryRemoveChild('NetworkPolicy')` does without one. */
  public readonly networkPolicy: ApiObject;

  /** The service account, unless one was given. */
  public readonly serviceAccount?: ApiObject;

  /** The disruption budget, unless there is to be none. */
  public readonly podDisruptionBudget?: ApiObject;

  /** The HorizontalPodAutoscaler, when `scaling` asks for one. */
  public readonly autoscaler?: ApiObject;

  private readonly props: ModelGatewayProps;
  private readonly settings: Settings;
  private readonly attachments = new Attachments();

  public constructor(scope: Construct, id: string, props: ModelGatewayProps = {}) {
    super(scope, id);
    const settings = resolveSettings(this, props);
    const { name, namespace, selector } = settings;
    this.props = props;
    this.settings = settings;
    this.networkPeer = NetworkPeer.pods({ labels: { ...selector } });
    const host = `${name}${namespace === undefined ? '' : `.${namespace}.svc`}`;
    this.url = `${settings.downstreamTls === undefined ? 'http' : 'https'}://${host}`;
    this.grpcAddress = `${host}:${servicePort(settings)}`;

    // In the order in which `kubectl apply` creates them: what pods need first.
    if (props.serviceAccount === undefined) {
      this.serviceAccount = this.add('ServiceAccount', 'ServiceAccount', { automountServiceAccountToken: false });
      for (const [key, value] of Object.entries(props.serviceAccountAnnotations ?? {})) {
        this.serviceAccount.metadata.addAnnotation(key, value);
      }
    }
    this.networkPolicy = this.add('NetworkPolicy', 'NetworkPolicy', {
      spec: lazy(() => renderGatewayNetworkPolicy(settings, this.attachments)),
    });
    // Not immutable, and named without their content: which models there are is known when the last construct is made, and
    // names are given before. A checksum in the pod template makes new pods of new content; pods that run do not read it,
    // because both programs read these files when they start.
    this.configMap = this.add('Config', 'ConfigMap', { data: lazy(() => this.files().agent) }, this.configName);
    this.proxyConfigMap = this.add('Proxy', 'ConfigMap', { data: lazy(() => this.files().proxy) }, this.proxyName);
    this.service = this.add('Service', 'Service', { spec: renderGatewayService(settings) });
    this.podsService = this.add('Pods', 'Service', { spec: renderProxyPodsService(settings) }, podsServiceName(name));
    const budget = renderDisruptionBudget(settings.disruptionBudget, selector);
    if (budget !== undefined) {
      this.podDisruptionBudget = this.add('DisruptionBudget', 'PodDisruptionBudget', { spec: budget });
    }
    if (isAutoscaled(settings.scaling)) {
      const spec = renderAutoscaler({ scaling: settings.scaling, loadMillis: 0, target: name, container: PROXY });
      this.autoscaler = this.add('Autoscaler', 'HorizontalPodAutoscaler', { spec });
    }
    this.deployment = this.add('Resource', 'Deployment', { spec: lazy(() => this.renderDeployment()) });
    for (const [key, value] of Object.entries(
      scannerExceptions(this.renderDeployment(), this.objectMetadata.annotations),
    )) {
      this.deployment.metadata.addAnnotation(key, value);
    }

    const found = checkGateway(props, settings);
    validateConstruct(this, () => [...found, ...this.checkAtSynth()]);
  }

  /**
   * Puts a model behind the gateway. `OnlineModel` and `PredictionLookup` do so with their own `gateway`; a second time adds to the options.
   *
   * @param model model in the namespace of the gateway
   * @param options how requests find it
   */
  public addModel(model: IServedModel, options: ModelRouteOptions = {}): void {
    if (this.attachments.add(model, options)) {
      const { _backend: backend } = model;
      const name = podsServiceName(backend.name);
      this.add(`Pods-${backend.name}`, 'Service', { spec: renderModelPodsService(backend) }, name);
    }
  }

  /**
   * Prepares a split for a rollout: at first everything goes to the stable version. Both versions are put behind the gateway.
   *
   * @param rollout construct that asks, for messages
   * @param request versions and needs
   */
  public addTrafficSplit(rollout: IConstruct, request: TrafficSplitRequest): TrafficSplit {
    const { stable, candidate } = request;
    this.addModel(stable);
    this.addModel(candidate);
    if (this.attachments.splits.length === 0) {
      this.addAgentAccess();
    }
    this.attachments.addSplit({ rollout, request });
    const clusters = ({ _backend: { name } }: OnlineModel, purpose: 'share' | 'shadow' | 'pin') =>
      (['http', 'grpc'] as const).map((protocol) => clusterName(name, protocol, purpose));
    return {
      stableClusters: clusters(stable, 'share'),
      candidateClusters: clusters(candidate, 'share'),
      shadowClusters: clusters(candidate, 'shadow'),
      pinClusters: clusters(candidate, 'pin'),
      stablePodsHost: podsHost(stable._backend),
      candidatePodsHost: podsHost(candidate._backend),
      proxyPodsHost: podsHost(this.settings),
    };
  }

  private get configName(): string {
    return `${this.settings.name}-config`;
  }

  private get proxyName(): string {
    return `${this.settings.name}-proxy`;
  }

  private get serviceAccountName(): string {
    return this.props.serviceAccount?.name ?? this.settings.name;
  }

  /** What the metadata of all objects have in common. */
  private get objectMetadata(): ApiObjectMetadata {
    const { metadata } = this.props;
    const { labels, namespace } = this.settings;
    return { ...metadata, namespace, labels: { ...labels, ...metadata?.labels } };
  }

  private add(child: string, kind: string, content: Json, name: string = this.settings.name): ApiObject {
    return new ApiObject(this, child, { ...kindOf(kind), metadata: { ...this.objectMetadata, name }, ...content });
  }

  /** Without a rollout nothing reads the Kubernetes API, and nothing may. */
  private addAgentAccess(): void {
    const { name, namespace } = this.settings;
    this.add('Role', 'Role', { rules: lazy(() => renderAgentRules(this.attachments)) });
    this.add('RoleBinding', 'RoleBinding', {
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name: this.serviceAccountName, namespace }],
    });
  }

  private files() {
    return renderFiles(this.props, this.settings, this.attachments);
  }

  private renderPod(): { template: Json; violations: Violation[] } {
    const template = renderGatewayPod(this.props, this.settings, {
      agentConfigMap: this.configName,
      proxyConfigMap: this.proxyName,
      serviceAccountName: this.serviceAccountName,
      annotations: { [CHECKSUM]: checksumOf(this.files()) },
      budgetMillis: longestBudgetMillis(this.attachments),
      readsRollouts: this.attachments.splits.length > 0,
    });
    return applyPodPatch(template, this.props.podPatch ?? []);
  }

  private renderDeployment(): Json {
    const { scaling, selector } = this.settings;
    return renderDeployment({
      selector,
      template: this.renderPod().template,
      replicas: isAutoscaled(scaling) ? undefined : scaling.minReplicas,
      progressDeadlineSeconds: progressDeadlineSeconds(0, 0),
    });
  }

  private checkAtSynth(): Violation[] {
    const { template, violations } = this.renderPod();
    const pod = objectOf(template.spec);
    const proxy = objectsOf(pod.containers).find(({ name }) => name === PROXY) ?? {};
    const drainMillis = defaultDrainMillis(longestBudgetMillis(this.attachments));
    return [
      ...checkAttachments(this.props, this.settings, this.attachments),
      ...checkFiles(this.files(), this.attachments.versions.length),
      ...violations,
      ...checkGracePeriod(pod, proxy, drainMillis),
    ];
  }
}

function lazy(produce: () => unknown): unknown {
  return Lazy.any({ produce });
}
