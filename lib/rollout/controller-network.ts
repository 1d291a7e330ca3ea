import { JsonPatch } from 'cdk8s';
import { GATEWAY_PORTS, PORTS, ROLLOUT_PORTS } from '../contract';
import {
  API_SERVER,
  at,
  type Destination,
  type Json,
  type Labels,
  type NetworkPeer,
  objectsOf,
  renderNetworkPolicy,
  webServer,
} from '../kubernetes';
import type { OnlineModel } from '../online';
import type { CanaryRolloutProps } from './canary-rollout-props';
import { outcomesOf } from './declared-outcomes';
import type { Settings } from './rollout-settings';

/**
 * `spec` of the network policy of a controller.
 *
 * @param egress what its notifications connect to
 */
export function renderControllerNetwork(props: CanaryRolloutProps, settings: Settings, egress: Destination[]): Json {
  const { stable, candidate, gateway } = props;
  const { metrics, compares, reports } = settings;
  const asked = [metrics._url, ...outcomesOf(props.guardrails).map(({ prometheus }) => prometheus?.url)];
  const policy = renderNetworkPolicy({
    selector: settings.selector,
    ingress: [
      { peers: compares ? [gateway.networkPeer] : [], ports: [ROLLOUT_PORTS.http] },
      { peers: reports ? settings.outcomeReporters : [], ports: [ROLLOUT_PORTS.outcomes] },
      { peers: settings.monitors, ports: [ROLLOUT_PORTS.metrics] },
    ],
    egress: [
      ...[stable, candidate].map(
        ({ _backend: { selector } }): Destination => ({
          kind: 'pods',
          labels: selector,
          port: PORTS.http,
        }),
      ),
      ...API_SERVER,
      ...asked.flatMap((url) => (url === undefined ? [] : [webServer(url)])),
      ...egress,
    ],
  });
  return { ...policy, egress: [...objectsOf(policy.egress), toProxies(gateway.networkPeer)] };
}

function toProxies({ _peer: peer }: NetworkPeer): Json {
  const ports = [GATEWAY_PORTS.metrics, GATEWAY_PORTS.agent].map((port) => ({ port, protocol: 'TCP' }));
  return { to: peer && [peer], ports };
}

/**
 * Lets a controller in where the network policy of a version does not: behind a gateway only the gateway may connect. The policy
 * is patched, and not another one added, because one that is alone would shut everybody else out.
 */
export function admitController({ networkPolicy }: OnlineModel, selector: Labels): void {
  const isOpen = objectsOf(at(networkPolicy.toJson(), 'spec', 'ingress')).some(
    ({ from, ports }) =>
      objectsOf(ports).some(({ port }) => port === PORTS.http) &&
      (from === undefined || objectsOf(from).some(isOwnNamespace)),
  );
  if (!isOpen) {
    const peer = { podSelector: { matchLabels: { ...selector } } };
    networkPolicy.addJsonPatch(
      JsonPatch.add('/spec/ingress/-', { from: [peer], ports: [{ port: PORTS.http, protocol: 'TCP' }] }),
    );
  }
}

function isOwnNamespace(peer: Json): boolean {
  return JSON.stringify(peer) === JSON.stringify({ podSelector: {} });
}
