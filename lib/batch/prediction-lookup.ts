import { ApiObject } from 'cdk8s';
import { Construct } from 'constructs';
import { CONFIG_FILE, PORTS, ROLES } from '../contract';
import {
  applyPodPatch,
  checkGracePeriod,
  contentName,
  isAutoscaled,
  type Json,
  kindOf,
  objectOf,
  objectsOf,
  progressDeadlineSeconds,
  renderAutoscaler,
  renderDeployment,
  renderDisruptionBudget,
  renderNetworkPolicy,
  renderService,
  scannerExceptions,
  validateConstruct,
} from '../kubernetes';
import {
  backendOf,
  checkDeclaredOnce,
  declareModel,
  type IServedModel,
  type ModelBackend,
  objectMetadata,
  servingIngress,
} from '../online';
import { renderLookupConfig } from './lookup-config';
import { renderLookupPod } from './lookup-pod';
import { type LookupSettings, READY_MILLIS, resolveLookupSettings } from './lookup-settings';
import type { PredictionLookupProps } from './prediction-lookup-props';
import { checkPredictionLookup } from './prediction-lookup-rules';

/**
 * Answers from the predictions that a batch job wrote to Redis, over the same V1 and V2 as a model that is served online: a
 * request sends the key of a row and gets the columns of its prediction, in a millisecond or two. While a run is written, and
 * when one fails, the last complete one is answered from.
 *
 * Wrong declarations fail at synth, all together, each with a rule code (`MS2341`): see docs/rules.md.
 */
export class PredictionLookup extends Construct implements IServedModel {
  /** Name under which requests ask. */
  public readonly modelName: string;

  /** Version under which requests ask. */
  public readonly modelVersion: string;

  /** Address of the REST API inside the cluster, without a path: `http://…`, or `https://…` with `tls`. */
  public readonly url: string;

  /** Address of the gRPC API inside the cluster, as clients of gRPC take it: `host:8081`. */
  public readonly grpcAddress: string;

  /** The Deployment; the default child of the construct. */
  public readonly deployment: ApiObject;

  /** The Service: `http` on port 80 (with `tls`, `https` on 443), `grpc` on 8081, `metrics` on 8082. */
  public readonly service: ApiObject;

  /** The ConfigMap with the configuration. Its name changes with its content. */
  public readonly configMap: ApiObject;

  /** The network policy: it denies what is not declared. `node.tryRemoveChild('NetworkPolicy')` does without one. */
  public readonly networkPolicy: ApiObject;

  /** The service account, unless one was given. */
  public readonly serviceAccount?: ApiObject;

  /** The disruption budget, unless there is to be none. */
  public readonly podDisruptionBudget?: ApiObject;

  /** The HorizontalPodAutoscaler, when `scaling` asks for one. */
  public readonly autoscaler?: ApiObject;

  /**
   * What constructs in front of the lookup know of it.
   *
   * @internal
   */
  public readonly _backend: ModelBackend;

  public constructor(scope: Construct, id: string, props: PredictionLookupProps) {
    super(scope, id);
    const settings = resolveLookupSettings(this, props);
    const { name, namespace, selector, modelName, modelVersion } = settings;
    const metadata = objectMetadata(props, settings);
    const add = (child: string, kind: string, content: Json, objectName: string = name) =>
      new ApiObject(this, child, { ...kindOf(kind), metadata: { ...metadata, name: objectName }, ...content });

    this.modelName = modelName;
    this.modelVersion = modelVersion;
    const host = `${name}${namespace === undefined ? '' : `.${namespace}.svc`}`;
    const encrypted = settings.server.tls !== undefined;
    this.url = `${encrypted ? 'https' : 'http'}://${host}`;
    this.grpcAddress = `${host}:${PORTS.grpc}`;
    this._backend = backendOf(host, settings, settings.server);

    // In the order in which `kubectl apply` creates them: what pods need first.
    if (props.serviceAccount === undefined) {
      this.serviceAccount = add('ServiceAccount', 'ServiceAccount', { automountServiceAccountToken: false });
      for (const [key, value] of Object.entries(props.serviceAccountAnnotations ?? {})) {
        this.serviceAccount.metadata.addAnnotation(key, value);
      }
    }
    this.networkPolicy = add('NetworkPolicy', 'NetworkPolicy', { spec: networkPolicyOf(settings) });
    const config = renderLookupConfig(props, settings);
    const configMapName = contentName(name, 'config', config);
    this.configMap = add('Config', 'ConfigMap', { immutable: true, data: { [CONFIG_FILE]: config } }, configMapName);
    this.service = add('Service', 'Service', { spec: renderService(selector, encrypted) });
    const budget = renderDisruptionBudget(settings.disruptionBudget, selector);
    if (budget !== undefined) {
      this.podDisruptionBudget = add('DisruptionBudget', 'PodDisruptionBudget', { spec: budget });
    }
    if (isAutoscaled(settings.scaling)) {
      const { scaling } = settings;
      const spec = renderAutoscaler({ scaling, loadMillis: 0, target: name, container: ROLES.lookup });
      this.autoscaler = add('Autoscaler', 'HorizontalPodAutoscaler', { spec });
    }

    const serviceAccountName = props.serviceAccount?.name ?? name;
    const rendered = renderLookupPod(props, settings, { serviceAccountName, configMapName });
    const { template, violations } = applyPodPatch(rendered, props.podPatch ?? []);
    const spec = deploymentOf(settings, template);
    this.deployment = add('Resource', 'Deployment', { spec });
    for (const [key, value] of Object.entries(scannerExceptions(spec, metadata.annotations))) {
      this.deployment.metadata.addAnnotation(key, value);
    }

    const pod = objectOf(template.spec);
    const [container = {}] = objectsOf(pod.containers);
    const declared = { model: { name: modelName, version: modelVersion }, namespace, name };
    declareModel(this, declared);
    const found = [
      ...checkPredictionLookup(props, settings, config),
      ...violations,
      ...checkGracePeriod(pod, container, settings.drainMillis),
    ];
    validateConstruct(this, () => [...found, ...checkDeclaredOnce(this, declared)]);
    props.gateway?.addModel(this);
  }
}

function networkPolicyOf(settings: LookupSettings): Json {
  const { selector, additions } = settings;
  return renderNetworkPolicy({
    selector,
    ingress: servingIngress(settings),
    egress: additions.egress,
  });
}

function deploymentOf({ scaling, selector }: LookupSettings, template: Json): Json {
  return renderDeployment({
    selector,
    template,
    replicas: isAutoscaled(scaling) ? undefined : scaling.minReplicas,
    progressDeadlineSeconds: progressDeadlineSeconds(READY_MILLIS, 0),
  });
}
