import { GATEWAY_PATHS, GATEWAY_PORTS, HTTP_PATHS, PATHS, ROLES } from '../contract';
import {
  type ContainerInput,
  defaultDrainMillis,
  gracePeriodSeconds,
  type HttpHook,
  type Json,
  type Labels,
  renderEnvironment,
  renderPodTemplate,
  renderTolerations,
  SERVICE_ACCOUNT_TOKEN_MOUNT,
  serviceAccountTokenVolume,
  type Volume,
  type VolumeMount,
} from '../kubernetes';
import { LIVE_PATH } from './envoy';
import type { ModelGatewayProps } from './model-gateway-props';
import type { Settings } from './settings';

/** Name of the container of the proxy. */
export const PROXY = 'envoy';

const ROUTES_LIMIT = '16Mi';

const CONFIG_MOUNT: VolumeMount = { name: 'config', mountPath: PATHS.configDirectory, readOnly: true };
const ROUTES_MOUNT: VolumeMount = { name: 'routes', mountPath: GATEWAY_PATHS.routesDirectory };
const PROXY_MOUNT: VolumeMount = {
  name: 'proxy-config',
  mountPath: GATEWAY_PATHS.bootstrap.replace(/\/[^/]*$/, ''),
  readOnly: true,
};

/** The agent answers when the proxy has no requests left, or its time is over; only then both are told to stop. */
const DRAIN: HttpHook = { path: GATEWAY_PATHS.drain, port: GATEWAY_PORTS.agent };

/** The agent looks at keys while requests wait, and does little otherwise. */
const AGENT_RESOURCES = {
  requests: { cpu: '100m', memory: '256Mi', 'ephemeral-storage': '64Mi' },
  limits: { cpu: '1', memory: '256Mi', 'ephemeral-storage': '128Mi' },
};

/** What is known of a pod at synth alone. */
export interface PodFacts {
  readonly agentConfigMap: string;
  readonly proxyConfigMap: string;
  readonly serviceAccountName: string;
  /** Annotations of the pods. */
  readonly annotations: Labels;
  readonly budgetMillis: number;
  /** Whether the agent reads objects of rollouts. */
  readonly readsRollouts: boolean;
}

/** Pod template of a gateway, before `podPatch`. */
export function renderGatewayPod(props: ModelGatewayProps, settings: Settings, facts: PodFacts): Json {
  const { mounted } = settings;
  return renderPodTemplate({
    labels: { ...settings.labels, ...props.podMetadata?.labels },
    annotations: { ...props.podMetadata?.annotations, ...facts.annotations },
    selector: settings.selector,
    serviceAccountName: facts.serviceAccountName,
    terminationGracePeriodSeconds: gracePeriodSeconds(defaultDrainMillis(facts.budgetMillis)),
    initContainers: [seed(props, settings)],
    containers: [proxy(settings), agent(props, settings, facts)],
    volumes: [
      { name: CONFIG_MOUNT.name, configMap: { name: facts.agentConfigMap } },
      { name: PROXY_MOUNT.name, configMap: { name: facts.proxyConfigMap } },
      { name: ROUTES_MOUNT.name, emptyDir: { sizeLimit: ROUTES_LIMIT } },
      ...mounted.volumes,
      ...(facts.readsRollouts ? [serviceAccountTokenVolume()] : ([] as Volume[])),
    ],
    imagePullSecrets: props.imagePullSecrets?.map(({ name }) => name),
    nodeSelector: props.nodeSelector,
    tolerations: renderTolerations(props.tolerations ?? []),
    priorityClassName: props.priorityClassName,
    runtimeClassName: props.runtimeClassName,
  });
}

function proxy({ proxyImage, imagePullPolicy, proxyResources, mounted }: Settings): ContainerInput {
  const probe = { port: 'metrics', timeoutSeconds: 3 };
  return {
    name: PROXY,
    image: proxyImage,
    imagePullPolicy,
    args: [
      '-c',
      GATEWAY_PATHS.bootstrap,
      // A field that is misspelt in a route would be ignored otherwise, and with it what it says.
      '--reject-unknown-dynamic-fields',
      '--concurrency',
      String(threads(proxyResources.limits.cpu)),
      '--disable-hot-restart',
      '--log-level',
      'warning',
    ],
    ports: [
      { name: 'http', containerPort: GATEWAY_PORTS.requests },
      { name: 'metrics', containerPort: GATEWAY_PORTS.metrics },
    ],
    resources: proxyResources,
    volumeMounts: [PROXY_MOUNT, { ...ROUTES_MOUNT, readOnly: true }, ...mounted.proxyMounts],
    startupProbe: { path: GATEWAY_PATHS.ready, ...probe, periodSeconds: 1, failureThreshold: 60 },
    readinessProbe: { path: GATEWAY_PATHS.ready, ...probe, periodSeconds: 5, failureThreshold: 2 },
    livenessProbe: { path: LIVE_PATH, ...probe, periodSeconds: 10, failureThreshold: 6 },
    preStop: DRAIN,
  };
}

function agent(props: ModelGatewayProps, settings: Settings, { readsRollouts }: PodFacts): ContainerInput {
  const probe = { port: 'agent', timeoutSeconds: 5 };
  return {
    ...runtime(props, settings),
    name: ROLES.agent,
    args: [ROLES.agent, '--config', PATHS.config],
    ports: [{ name: 'agent', containerPort: GATEWAY_PORTS.agent }],
    volumeMounts: [
      CONFIG_MOUNT,
      ROUTES_MOUNT,
      ...settings.mounted.agentMounts,
      ...(readsRollouts ? [SERVICE_ACCOUNT_TOKEN_MOUNT] : []),
    ],
    startupProbe: { path: HTTP_PATHS.ready, ...probe, periodSeconds: 1, failureThreshold: 60 },
    readinessProbe: { path: HTTP_PATHS.ready, ...probe, periodSeconds: 5, failureThreshold: 2 },
    livenessProbe: { path: HTTP_PATHS.live, ...probe, periodSeconds: 10, failureThreshold: 6 },
    preStop: DRAIN,
  };
}

/** Writes the first routes, so that the proxy starts without the agent and without the Kubernetes API. */
function seed(props: ModelGatewayProps, settings: Settings): ContainerInput {
  return {
    ...runtime(props, settings),
    name: 'seed',
    args: [ROLES.agent, '--config', PATHS.config, '--seed'],
    volumeMounts: [CONFIG_MOUNT, ROUTES_MOUNT],
  };
}

function runtime({ env = {} }: ModelGatewayProps, { image, imagePullPolicy }: Settings) {
  return { image, imagePullPolicy, env: renderEnvironment(env), resources: AGENT_RESOURCES };
}

/** The proxy would take the processors of the node for its own. */
function threads(cpu: string | undefined): number {
  const cores = cpu?.endsWith('m') ? Number(cpu.slice(0, -1)) / 1000 : Number(cpu);
  return Math.max(1, Math.floor(cores) || 1);
}
