import { ApiObject, Duration } from 'cdk8s';
import { Construct } from 'constructs';
import { CONFIG_FILE, type NotificationConfig, ROLLOUT_OUTCOMES_PATH, ROLLOUT_PORTS } from '../contract';
import { DeadMan, type TrafficSplit } from '../gateway';
import {
  applyPodPatch,
  contentName,
  type Json,
  kindOf,
  scannerExceptions,
  type Violation,
  validateConstruct,
} from '../kubernetes';
import { mergeAdditions, type OnlineModel, objectMetadata } from '../online';
import type { CanaryRolloutProps } from './canary-rollout-props';
import { checkCandidate } from './candidate-rules';
import { controllerBinding, controllerRules } from './controller-access';
import { admitController, renderControllerNetwork } from './controller-network';
import {
  controllerAnnotations,
  renderControllerDeployment,
  renderControllerPod,
  renderControllerService,
} from './controller-pod';
import { checkRolloutOnce, declareRollout } from './declared-rollouts';
import { renderNotification } from './notifications';
import { renderRolloutConfig } from './rollout-config';
import { checkRollout } from './rollout-rules';
import { resolveSettings, type Settings } from './rollout-settings';
import { forecastSteps, isTraffic, type StepForecast } from './step-forecast';
import { checkPins, isAble, NO_SPLIT, trafficNeeds } from './traffic-needs';

/**
 * Replaces one version of a model by another, step by step: each step gives the candidate more to do, a controller judges it by
 * guardrails with statistical tests, and promotes it or turns back.
 *
 * The pods of both versions stay as they are, from the first step to the end of the rollout and beyond: only shares in the
 * gateway change. Live shares are never part of the manifests, so to apply them again changes nothing.
 *
 * Wrong declarations fail at synth, all together, each with a rule code (`MS2201`): see docs/rules.md.
 */
export class CanaryRollout extends Construct {
  /** Name of the rollout: of its ConfigMap, its Lease and all its other objects. `model-serving rollout status <name>`. */
  public readonly name: string;

  /** The version that is served. */
  public readonly stable: OnlineModel;

  /** The version that may replace it. */
  public readonly candidate: OnlineModel;

  /**
   * How long each step takes until each guardrail can decide, with the traffic of `expectedRps`; empty without it.
   */
  public readonly forecasts: StepForecast[];

  /** The Deployment of the controller; the default child of the construct. */
  public readonly deployment: ApiObject;

  /**
   * The ConfigMap with the live state: shares, decisions, verbs of people. The manifest has no data, so nobody who applies it
   * changes a share.
   */
  public readonly state: ApiObject;

  /** The Lease by which one controller leads. */
  public readonly lease: ApiObject;

  /** The ConfigMap with the configuration of the controller. Its name changes with its content. */
  public readonly configMap: ApiObject;

  /** What the controller may do in the Kubernetes API. */
  public readonly role: ApiObject;

  /** Who may do it. */
  public readonly roleBinding: ApiObject;

  /** The network policy of the controller. `node.tryRemoveChild('NetworkPolicy')` does without one. */
  public readonly networkPolicy: ApiObject;

  /** The Service that gets requests to compare and reports of outcomes, when there are such. */
  public readonly service?: ApiObject;

  /** Address to which applications report outcomes inside the cluster, when a metric is reported. */
  public readonly outcomesUrl?: string;

  /** The service account, unless one was given. */
  public readonly serviceAccount?: ApiObject;

  public constructor(scope: Construct, id: string, props: CanaryRolloutProps) {
    super(scope, id);
    const settings = resolveSettings(this, props);
    const { name, namespace, selector } = settings;
    const metadata = objectMetadata(props, settings);
    const add = (child: string, kind: string, content: Json, objectName: string = name) =>
      new ApiObject(this, child, { ...kindOf(kind), metadata: { ...metadata, name: objectName }, ...content });

    this.name = name;
    this.outcomesUrl = settings.reports
      ? `http://${hostOf(settings)}:${ROLLOUT_PORTS.outcomes}${ROLLOUT_OUTCOMES_PATH}`
      : undefined;
    this.stable = props.stable;
    this.candidate = props.candidate;
    this.forecasts = isTraffic(props.expectedRps)
      ? forecastSteps(props.steps, props.guardrails, props.expectedRps)
      : [];

    const isFirst = declareRollout(this, props.gateway, props.stable.model.name);
    const split = isFirst ? this.splitTraffic(props, settings) : NO_SPLIT;
    const rendered = (props.notifications ?? []).map(renderNotification);
    const additions = mergeAdditions(rendered.map((each) => each.additions));
    const notifications: NotificationConfig[] = rendered.map(({ config }) => config);
    const config = renderRolloutConfig({ props, settings, split, notifications });

    // In the order in which `kubectl apply` creates them: what the controller needs first.
    if (props.serviceAccount === undefined) {
      this.serviceAccount = add('ServiceAccount', 'ServiceAccount', { automountServiceAccountToken: false });
      for (const [key, value] of Object.entries(props.serviceAccountAnnotations ?? {})) {
        this.serviceAccount.metadata.addAnnotation(key, value);
      }
    }
    const serviceAccountName = props.serviceAccount?.name ?? name;
    this.role = add('Role', 'Role', { rules: controllerRules(name) });
    this.roleBinding = add('RoleBinding', 'RoleBinding', controllerBinding(name, serviceAccountName, namespace));
    this.networkPolicy = add('NetworkPolicy', 'NetworkPolicy', {
      spec: renderControllerNetwork(props, settings, additions.egress),
    });
    this.state = add('State', 'ConfigMap', {});
    this.lease = add('Lease', 'Lease', {});
    const configMapName = contentName(name, 'config', config);
    this.configMap = add('Config', 'ConfigMap', { immutable: true, data: { [CONFIG_FILE]: config } }, configMapName);
    if (settings.compares || settings.reports) {
      this.service = add('Service', 'Service', { spec: renderControllerService(settings) });
    }

    const pod = renderControllerPod(props, settings, { serviceAccountName, configMapName }, additions);
    const { template, violations } = applyPodPatch(pod, props.podPatch ?? []);
    const spec = renderControllerDeployment(settings, template);
    this.deployment = add('Resource', 'Deployment', { spec });
    for (const [key, value] of Object.entries(scannerExceptions(spec, controllerAnnotations(metadata.annotations)))) {
      this.deployment.metadata.addAnnotation(key, value);
    }

    admitController(props.stable, selector);
    admitController(props.candidate, selector);
    const found = [...checkRollout(props, settings, config), ...checkPins(props.steps, split), ...violations];
    validateConstruct(this, () => [...found, ...this.checkVersions(props)]);
  }

  /** Asks the router, unless it is known that it cannot: the synthesis fails for that, and tells of everything else as well. */
  private splitTraffic(props: CanaryRolloutProps, settings: Settings): TrafficSplit {
    const { gateway, stable, candidate, steps, guardrails, deadMan = DeadMan.REVERT, stickiness } = props;
    const needs = trafficNeeds(props);
    if (!isAble(gateway, needs) || stable.model.name !== candidate.model.name || stable === candidate) {
      return NO_SPLIT;
    }
    const pin = steps.find(({ _step: { type } }) => type === 'header')?._step;
    return gateway.addTrafficSplit(this, {
      name: settings.name,
      stable,
      candidate,
      needs,
      deadManAfter: Duration.millis(Math.ceil(settings.deadManMillis)),
      deadMan,
      comparisonHost: settings.compares ? hostOf(settings) : undefined,
      pinHeader: pin?.header,
      pinValue: pin?.value,
      stickyHeader: stickiness?._header,
      latencyBudgets: guardrails.flatMap(({ _guardrail: { budget } }) => (budget === undefined ? [] : [budget])),
    });
  }

  /** What can still change until the synthesis: patches of the versions, and other rollouts. */
  private checkVersions({ gateway, stable, candidate }: CanaryRolloutProps): Violation[] {
    return [...checkCandidate(stable, candidate), ...checkRolloutOnce(this, gateway, stable.model.name)];
  }
}

function hostOf({ name, namespace }: Settings): string {
  return namespace === undefined ? name : `${name}.${namespace}.svc`;
}
