import { ApiObject } from 'cdk8s';
import { Construct } from 'constructs';
import { CONFIG_FILE, PORTS, ROLES } from '../contract';
import {
  applyPodPatch,
  checkGracePeriod,
  checkStartupProbe,
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
  type Violation,
  validateConstruct,
} from '../kubernetes';
import type { Model } from '../model';
import { checkDeclaredOnce, declareModel } from './declared-models';
import { backendOf, type ModelBackend } from './model-backend';
import type { IServedModel } from './model-gateway';
import type { OnlineModelProps } from './online-model-props';
import { checkOnlineModel } from './online-model-rules';
import { renderPredictorPod, servingIngress } from './pod';
import { objectMetadata } from './pod-identity';
import { renderServingConfig } from './serving-config';
import { resolveSettings, type Settings } from './settings';

/**
 * Serves one version of a model online: V1 and V2 REST, V2 gRPC and metrics, on a Deployment of its own behind a
 * Service of its own.
 *
 * Wrong declarations fail at synth, all together, each with a rule code (`MS1001`): see docs/rules.md.
 *
 * What no property can say: `ApiObject.of(model).addJsonPatch(…)` changes the Deployment, the same works for every
 * object below, and `podPatch` changes the pods.
 */
export class OnlineModel extends Construct implements IServedModel {
  /** The model that is served. */
  public readonly model: Model;

  /** Name of the model, as requests call it. */
  public readonly modelName: string;

  /** Version of the model, as requests call it. */
  public readonly modelVersion: string;

  /** Address of the REST API inside the cluster, without a path: `http://…`, or `https://…` with `tls`. */
  public readonly url: string;

  /** Address of the gRPC API inside the cluster, as clients of gRPC take it: `host:8081`. */
  public readonly grpcAddress: string;

  /** The Deployment; the default child of the construct. */
  public readonly deployment: ApiObject;

  /** The Service: `http` on port 80 (with `tls`, `https` on 443), `grpc` on 8081, `metrics` on 8082. */
  public readonly service: ApiObject;

  /** The ConfigMap with the configuration of the predictor. Its name changes with its content. */
  public readonly configMap: ApiObject;

  /** The network policy: it denies what is not declared. `node.tryRemoveChild('NetworkPolicy')` does without one. */
  public readonly networkPolicy: ApiObject;

  /** The ConfigMap with the model file, when the source is a file. */
  public readonly modelConfigMap?: ApiObject;

  /** The ConfigMap with the file of the fallback model, when there is one and its source is a file. */
  public readonly fallbackConfigMap?: ApiObject;

  /** The service account, unless one was given. */
  public readonly serviceAccount?: ApiObject;

  /** The disruption budget, unless there is to be none. */
  public readonly podDisruptionBudget?: ApiObject;

  /** The HorizontalPodAutoscaler, when `scaling` asks for one. */
  public readonly autoscaler?: ApiObject;

  /**
   * What constructs in front of the model know of it.
   *
   * @internal
   */
  public readonly _backend: ModelBackend;

  public constructor(scope: Construct, id: string, props: OnlineModelProps) {
    super(scope, id);
    const settings = resolveSettings(this, props);
    const { name, selector, models, parts } = settings;
    const metadata = objectMetadata(props, settings);
    const add = (child: string, kind: string, content: Json, objectName: string = name) =>
      new ApiObject(this, child, { ...kindOf(kind), metadata: { ...metadata, name: objectName }, ...content });

    this.model = props.model;
    this.modelName = props.model.name;
    this.modelVersion = props.model.version;
    const host = `${name}${settings.namespace === undefined ? '' : `.${settings.namespace}.svc`}`;
    const encrypted = parts.server.tls !== undefined;
    this.url = `${encrypted ? 'https' : 'http'}://${host}`;
    this.grpcAddress = `${host}:${PORTS.grpc}`;
    this._backend = backendOf(host, settings, parts.server);

    // In the order in which `kubectl apply` creates them: what pods need first. The Deployment comes last for another
    // reason too: in reports of cdk8s the last object of a name stands for all of that name.
    if (props.serviceAccount === undefined) {
      this.serviceAccount = add('ServiceAccount', 'ServiceAccount', { automountServiceAccountToken: false });
      for (const [key, value] of Object.entries(props.serviceAccountAnnotations ?? {})) {
        this.serviceAccount.metadata.addAnnotation(key, value);
      }
    }
    this.networkPolicy = add('NetworkPolicy', 'NetworkPolicy', { spec: networkPolicyOf(settings) });
    const config = configOf(props, settings);
    const configMapName = contentName(name, 'config', config);
    this.configMap = add('Config', 'ConfigMap', { immutable: true, data: { [CONFIG_FILE]: config } }, configMapName);
    const [carried, carriedFallback] = models.configMaps.map((configMap) => {
      const content = { immutable: true, binaryData: configMap?.binaryData };
      return configMap && { content, name: configMap.name };
    });
    this.modelConfigMap = carried && add('Model', 'ConfigMap', carried.content, carried.name);
    this.fallbackConfigMap =
      carriedFallback && add('Fallback', 'ConfigMap', carriedFallback.content, carriedFallback.name);
    this.service = add('Service', 'Service', { spec: renderService(selector, encrypted) });

    const budget = renderDisruptionBudget(settings.disruptionBudget, selector);
    if (budget !== undefined) {
      this.podDisruptionBudget = add('DisruptionBudget', 'PodDisruptionBudget', { spec: budget });
    }
    if (isAutoscaled(settings.scaling)) {
      const { scaling, loadMillis } = settings;
      const spec = renderAutoscaler({ scaling, loadMillis, target: name, container: ROLES.predictor });
      this.autoscaler = add('Autoscaler', 'HorizontalPodAutoscaler', { spec });
    }

    const serviceAccountName = props.serviceAccount?.name ?? name;
    const rendered = renderPredictorPod(props, settings, { serviceAccountName, configMapName });
    const { template, violations } = applyPodPatch(rendered, settings.podPatch);
    const spec = deploymentOf(settings, template);
    this.deployment = add('Resource', 'Deployment', { spec });
    for (const [key, value] of Object.entries(scannerExceptions(spec, metadata.annotations))) {
      this.deployment.metadata.addAnnotation(key, value);
    }

    const declared = { model: props.model, namespace: settings.namespace, name };
    declareModel(this, declared);
    const found = [...checkOnlineModel(props, settings, config), ...violations, ...checkPod(template, settings)];
    validateConstruct(this, () => [...found, ...checkDeclaredOnce(this, declared)]);
    props.gateway?.addModel(this);
  }
}

function configOf({ latencyBudget }: OnlineModelProps, settings: Settings): string {
  return renderServingConfig({
    models: settings.models.models,
    warmUp: settings.warmUp,
    parts: settings.parts,
    latencyBudgetMillis: latencyBudget === undefined ? undefined : Math.ceil(settings.budgetMillis),
    maxBodyBytes: settings.maxBodyBytes,
    drainTimeoutMillis: Math.ceil(settings.drainMillis),
  });
}

function networkPolicyOf(settings: Settings): Json {
  const { selector, models, parts } = settings;
  return renderNetworkPolicy({
    selector,
    ingress: servingIngress(settings),
    egress: [...models.egress, ...parts.additions.egress],
  });
}

function deploymentOf(settings: Settings, template: Json): Json {
  const { scaling, selector, loadMillis, downloadMillis } = settings;
  return renderDeployment({
    selector,
    template,
    replicas: isAutoscaled(scaling) ? undefined : scaling.minReplicas,
    progressDeadlineSeconds: progressDeadlineSeconds(loadMillis, downloadMillis),
  });
}

/** Checks the pods as they will be, patches included. */
function checkPod(template: Json, { loadMillis, drainMillis }: Settings): Violation[] {
  const pod = objectOf(template.spec);
  const containers = objectsOf(pod.containers);
  const predictor = containers.find(({ name }) => name === ROLES.predictor) ?? objectOf(containers[0]);
  return [...checkStartupProbe(predictor.startupProbe, loadMillis), ...checkGracePeriod(pod, predictor, drainMillis)];
}
