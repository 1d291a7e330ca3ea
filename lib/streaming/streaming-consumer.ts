import { ApiObject } from 'cdk8s';
import { Construct } from 'constructs';
import { CONFIG_FILE, PORTS, ROLES } from '../contract';
import {
  applyPodPatch,
  checkGracePeriod,
  checkMemberName,
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
  renderHeadlessService,
  renderNetworkPolicy,
  renderScaledObject,
  renderStatefulSet,
  scannerExceptions,
  type Violation,
  validateConstruct,
} from '../kubernetes';
import type { Model } from '../model';
import { checkDeclaredOnce, declareModel, objectMetadata } from '../online';
import { lagTrigger } from './lag-trigger';
import { renderStreamConfig } from './stream-config';
import { renderStreamPod } from './stream-pod';
import { resolveStreamSettings, type StreamSettings } from './stream-settings';
import type { StreamingConsumerProps } from './streaming-consumer-props';
import { checkStreamingConsumer } from './streaming-consumer-rules';

/**
 * Reads events from a stream, runs a model over them in micro-batches, and writes its predictions as events: every event has its
 * prediction or is a dead letter, in the order of its key, and is acknowledged only then. What is promised beyond that is
 * {@link Delivery}.
 *
 * The pods are those of a Deployment; with static membership or transactions, which need pods that keep their names, of a
 * StatefulSet.
 *
 * Wrong declarations fail at synth, all together, each with a rule code (`MS2401`): see docs/rules.md.
 */
export class StreamingConsumer extends Construct {
  /** The model. */
  public readonly model: Model;

  /** Name of the objects; with the name of a pod it is the transactional id of {@link Delivery.exactlyOnce}. */
  public readonly name: string;

  /** The Deployment, or the StatefulSet; the default child of the construct. */
  public readonly workload: ApiObject;

  /** The ConfigMap with the configuration. Its name changes with its content. */
  public readonly configMap: ApiObject;

  /** The network policy: it denies what is not declared. `node.tryRemoveChild('NetworkPolicy')` does without one. */
  public readonly networkPolicy: ApiObject;

  /** The headless Service of the StatefulSet. */
  public readonly service?: ApiObject;

  /** The ConfigMap with the model file, when the source is a file. */
  public readonly modelConfigMap?: ApiObject;

  /** The ConfigMap with the file of the fallback model, when there is one and its source is a file. */
  public readonly fallbackConfigMap?: ApiObject;

  /** The service account, unless one was given. */
  public readonly serviceAccount?: ApiObject;

  /** The disruption budget, unless there is to be none. */
  public readonly podDisruptionBudget?: ApiObject;

  /** The HorizontalPodAutoscaler, or the ScaledObject of KEDA, when `scaling` asks for one. */
  public readonly autoscaler?: ApiObject;

  /** How KEDA logs in at the source, when `scaling` is on the lag and there is a login or TLS. */
  public readonly triggerAuthentication?: ApiObject;

  public constructor(scope: Construct, id: string, props: StreamingConsumerProps) {
    super(scope, id);
    const settings = resolveStreamSettings(this, props);
    const { name, namespace, selector, models, isNamed } = settings;
    const metadata = objectMetadata(props, settings);
    const add = (child: string, kind: string, content: Json, objectName: string = name) =>
      new ApiObject(this, child, { ...kindOf(kind), metadata: { ...metadata, name: objectName }, ...content });

    this.model = props.model;
    this.name = name;

    // In the order in which `kubectl apply` creates them: what pods need first.
    if (props.serviceAccount === undefined) {
      this.serviceAccount = add('ServiceAccount', 'ServiceAccount', { automountServiceAccountToken: false });
      for (const [key, value] of Object.entries(props.serviceAccountAnnotations ?? {})) {
        this.serviceAccount.metadata.addAnnotation(key, value);
      }
    }
    this.networkPolicy = add('NetworkPolicy', 'NetworkPolicy', { spec: networkPolicyOf(settings) });
    const config = renderStreamConfig(props, settings);
    const configMapName = contentName(name, 'config', config);
    this.configMap = add('Config', 'ConfigMap', { immutable: true, data: { [CONFIG_FILE]: config } }, configMapName);
    const [carried, carriedFallback] = models.configMaps;
    const addFile = (child: string, file: typeof carried) =>
      file && add(child, 'ConfigMap', { immutable: true, binaryData: file.binaryData }, file.name);
    this.modelConfigMap = addFile('Model', carried);
    this.fallbackConfigMap = addFile('Fallback', carriedFallback);
    if (isNamed) {
      this.service = add('Service', 'Service', { spec: renderHeadlessService(selector) });
    }
    const budget = renderDisruptionBudget(settings.disruptionBudget, selector);
    if (budget !== undefined) {
      this.podDisruptionBudget = add('DisruptionBudget', 'PodDisruptionBudget', { spec: budget });
    }
    const { scaling, loadMillis } = settings;
    const targetKind = isNamed ? 'StatefulSet' : 'Deployment';
    const scaled = { scaling, loadMillis, target: name, targetKind } as const;
    if (scaling._targetLag !== undefined) {
      const { authentication, ...trigger } = lagTrigger(props.source, scaling._targetLag);
      this.triggerAuthentication =
        authentication && add('TriggerAuthentication', 'TriggerAuthentication', { spec: authentication });
      const authenticationRef = authentication && { name };
      const spec = renderScaledObject({ ...scaled, triggers: [{ ...trigger, authenticationRef }] });
      this.autoscaler = add('Autoscaler', 'ScaledObject', { spec });
    } else if (isAutoscaled(scaling)) {
      const spec = renderAutoscaler({ ...scaled, container: ROLES.stream });
      this.autoscaler = add('Autoscaler', 'HorizontalPodAutoscaler', { spec });
    }

    const serviceAccountName = props.serviceAccount?.name ?? name;
    const rendered = renderStreamPod(props, settings, { serviceAccountName, configMapName });
    const { template, violations } = applyPodPatch(rendered, props.podPatch ?? []);
    const spec = workloadOf(settings, template);
    this.workload = add('Resource', targetKind, { spec });
    for (const [key, value] of Object.entries(scannerExceptions(spec, metadata.annotations))) {
      this.workload.metadata.addAnnotation(key, value);
    }

    const declared = { namespace, name };
    declareModel(this, declared);
    const found = [...checkStreamingConsumer(props, settings, config), ...violations, ...checkPod(template, settings)];
    validateConstruct(this, () => [...found, ...checkDeclaredOnce(this, declared)]);
  }
}

function networkPolicyOf({ selector, monitors, models, additions }: StreamSettings): Json {
  return renderNetworkPolicy({
    selector,
    ingress: [{ peers: monitors, ports: [PORTS.metrics] }],
    egress: [...models.egress, ...additions.egress],
  });
}

function workloadOf(settings: StreamSettings, template: Json): Json {
  const { scaling, selector, name, isNamed, loadMillis, downloadMillis } = settings;
  const replicas = isAutoscaled(scaling) ? undefined : scaling.minReplicas;
  return isNamed
    ? renderStatefulSet({ selector, template, replicas, serviceName: name })
    : renderDeployment({
        selector,
        template,
        replicas,
        progressDeadlineSeconds: progressDeadlineSeconds(loadMillis, downloadMillis),
      });
}

/** Checks the pods as they will be, patches included. */
function checkPod(template: Json, { loadMillis, drainMillis, isNamed }: StreamSettings): Violation[] {
  const pod = objectOf(template.spec);
  const containers = objectsOf(pod.containers);
  const consumer = containers.find(({ name }) => name === ROLES.stream) ?? objectOf(containers[0]);
  return [
    ...checkStartupProbe(consumer.startupProbe, loadMillis),
    ...checkGracePeriod(pod, consumer, drainMillis),
    ...(isNamed ? checkMemberName('StatefulSet', consumer) : []),
  ];
}
