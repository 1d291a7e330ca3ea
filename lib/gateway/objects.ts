import { ServiceType } from 'cdk8s-plus-28';
import { GATEWAY_PORTS, PORTS, ROLLOUT_PORTS } from '../contract';
import {
  API_SERVER,
  type Destination,
  type Json,
  LABEL_KEYS,
  type Labels,
  NetworkPeer,
  renderNetworkPolicy,
} from '../kubernetes';
import type { ModelBackend } from '../online';
import type { Settings } from './settings';
import type { Attachments } from './traffic-plan';

const HTTP_PORT = 80;
const HTTPS_PORT = 443;

/** Port of the Service for requests of all protocols. */
export function servicePort({ downstreamTls }: Settings): number {
  return downstreamTls === undefined ? HTTP_PORT : HTTPS_PORT;
}

/** `spec` of the Service that clients use. */
export function renderGatewayService(settings: Settings): Json {
  const { selector, serviceType, downstreamTls } = settings;
  return {
    type: serviceType === ServiceType.CLUSTER_IP ? undefined : serviceType,
    // Otherwise another node may pass the request on, and the address of the client is lost.
    externalTrafficPolicy: serviceType === ServiceType.LOAD_BALANCER ? 'Local' : undefined,
    selector: { ...selector },
    ports: [
      { name: downstreamTls === undefined ? 'http' : 'https', port: servicePort(settings), targetPort: 'http' },
      ...(serviceType === ServiceType.CLUSTER_IP
        ? [{ name: 'metrics', port: GATEWAY_PORTS.metrics, targetPort: 'metrics' }]
        : []),
    ],
  };
}

/** `spec` of the headless Service by which controllers find every proxy, also one that is not ready. */
export function renderProxyPodsService({ selector }: Settings): Json {
  return {
    clusterIP: 'None',
    publishNotReadyAddresses: true,
    selector: { ...selector },
    ports: [
      { name: 'metrics', port: GATEWAY_PORTS.metrics, targetPort: 'metrics' },
      { name: 'agent', port: GATEWAY_PORTS.agent, targetPort: 'agent' },
    ],
  };
}

/** `spec` of the headless Service by which the proxies find the ready pods of a model. */
export function renderModelPodsService({ selector }: ModelBackend): Json {
  return {
    clusterIP: 'None',
    selector: { ...selector },
    ports: (['http', 'grpc'] as const).map((name) => ({ name, port: PORTS[name], targetPort: name })),
  };
}

/** `spec` of the network policy, for what is behind the gateway now. */
export function renderGatewayNetworkPolicy(settings: Settings, { versions, splits }: Attachments): Json {
  const controllers = splits.map(({ request }): Labels => ({ [LABEL_KEYS.instance]: request.name }));
  const comparing = splits.filter(({ request }) => request.comparisonHost !== undefined);
  return renderNetworkPolicy({
    selector: settings.selector,
    ingress: [
      { peers: settings.clients, ports: [GATEWAY_PORTS.requests] },
      { peers: settings.monitors, ports: [GATEWAY_PORTS.metrics] },
      {
        peers: controllers.map((labels) => NetworkPeer.pods({ labels: { ...labels } })),
        ports: [GATEWAY_PORTS.metrics, GATEWAY_PORTS.agent],
      },
    ],
    egress: [
      ...versions.flatMap(({ model: { _backend: backend } }) =>
        [PORTS.http, PORTS.grpc].map((port): Destination => ({ kind: 'pods', labels: backend.selector, port })),
      ),
      ...comparing.map(
        ({ request }): Destination => ({
          kind: 'pods',
          labels: { [LABEL_KEYS.instance]: request.name },
          port: ROLLOUT_PORTS.http,
        }),
      ),
      ...settings.mounted.egress,
      ...(splits.length === 0 ? [] : API_SERVER),
    ],
  });
}

/** `rules` of the Role of the agents: they watch the rollouts, each by its name. */
export function renderAgentRules({ splits }: Attachments): Json[] {
  return [
    {
      apiGroups: [''],
      resources: ['configmaps'],
      resourceNames: splits.map(({ request }) => request.name),
      verbs: ['get', 'list', 'watch'],
    },
  ];
}
