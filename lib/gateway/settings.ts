import { dirname } from 'node:path/posix';
import { ServiceType } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { type AuthenticationConfig, DEFAULT_PROXY_IMAGE, RUNTIME_VERSION } from '../contract';
import {
  type ContainerResources,
  type Destination,
  DisruptionBudget,
  memoryLimitOf,
  mountFile,
  mountSecret,
  NetworkPeer,
  type ResourceNeeds,
  renderResources,
  Scaling,
  type Volume,
  type VolumeMount,
} from '../kubernetes';
import { type PodIdentity, renderAuthentication, renderServingTls, resolvePodIdentity } from '../online';
import type { DownstreamTls, UpstreamTls } from './envoy';
import type { ModelGatewayProps } from './model-gateway-props';

const COMPONENT = 'model-gateway';
const DEFAULT_REPLICAS = 2;
const DEFAULT_CONCURRENT_REQUESTS = 1024;
const CERTIFICATE = 'tls.crt';
const PRIVATE_KEY = 'tls.key';

/** What the proxy has on no disk of its node but the routes. */
const NEEDS: ResourceNeeds = { bufferBytes: 0, volumeBytes: 16 * 1024 * 1024 };

/** The properties of a gateway, with every default decided. What depends on its models is decided at synth. */
export interface Settings extends PodIdentity {
  readonly proxyImage: string;
  readonly scaling: Scaling;
  readonly disruptionBudget: DisruptionBudget;
  readonly needs: ResourceNeeds;
  readonly proxyResources: ContainerResources;
  readonly memoryBytes: number;
  readonly serviceType: ServiceType;
  readonly clients: NetworkPeer[];
  readonly monitors: NetworkPeer[];
  readonly maxConcurrentRequests: number;
  readonly trustedProxies: number;
  readonly accessLog: boolean;
  readonly authentication: AuthenticationConfig;
  readonly downstreamTls: DownstreamTls | undefined;
  readonly upstreamTls: UpstreamTls;
  readonly mounted: MountedParts;
}

/** Secrets and ConfigMaps of a declaration in the pod, and servers that it connects to. */
export interface MountedParts {
  readonly volumes: Volume[];
  readonly proxyMounts: VolumeMount[];
  readonly agentMounts: VolumeMount[];
  readonly egress: Destination[];
}

/** Decides everything that a user did not. */
export function resolveSettings(construct: Construct, props: ModelGatewayProps): Settings {
  const resources = props.resources ?? {};
  return {
    ...resolvePodIdentity(construct, props, {
      name: COMPONENT,
      version: RUNTIME_VERSION,
      component: COMPONENT,
      called: [construct.node.id],
    }),
    proxyImage: props.proxyImage ?? DEFAULT_PROXY_IMAGE,
    scaling: props.scaling ?? Scaling.fixed(props.replicas ?? DEFAULT_REPLICAS),
    disruptionBudget: props.disruptionBudget ?? DisruptionBudget.maxUnavailable(1),
    needs: NEEDS,
    proxyResources: renderResources(resources, NEEDS),
    memoryBytes: memoryLimitOf(resources, NEEDS),
    serviceType: props.serviceType ?? ServiceType.CLUSTER_IP,
    clients: props.clients ?? [NetworkPeer.sameNamespace()],
    monitors: props.monitors ?? [NetworkPeer.namespace('monitoring')],
    maxConcurrentRequests: props.maxConcurrentRequests ?? DEFAULT_CONCURRENT_REQUESTS,
    trustedProxies: props.trustedProxies ?? 0,
    accessLog: props.accessLog ?? true,
    ...resolveParts(props),
  };
}

function resolveParts(props: ModelGatewayProps) {
  const authentication = props.authentication && renderAuthentication(props.authentication);
  const tls = props.tls && renderServingTls(props.tls);
  const ca = props.upstreamCa && mountFile('upstream-ca', props.upstreamCa);
  const pair =
    props.upstreamCertificate && mountSecret('upstream-tls', props.upstreamCertificate, [CERTIFICATE, PRIVATE_KEY]);
  const files = [ca, pair].filter((file) => file !== undefined);
  const parts = [authentication, tls].filter((part) => part !== undefined).map(({ additions }) => additions);
  const mounts = [...parts.flatMap((part) => part.mounts ?? []), ...files.map(({ mount }) => mount)];
  const keys = authentication?.config.apiKeys?.path;
  return {
    authentication: authentication?.config ?? {},
    downstreamTls: tls && downstream(tls.config),
    upstreamTls: {
      authorities: ca && { name: 'upstream-ca', directory: ca.directory, authorities: ca.path },
      certificate:
        pair &&
        certificateFiles('upstream-tls', `${pair.directory}/${CERTIFICATE}`, `${pair.directory}/${PRIVATE_KEY}`),
    },
    mounted: {
      volumes: [...parts.flatMap((part) => part.volumes ?? []), ...files.map(({ volume }) => volume)],
      // The hashes of the keys are for the agent alone, everything else for the proxy alone.
      proxyMounts: mounts.filter(({ mountPath }) => mountPath !== keys),
      agentMounts: mounts.filter(({ mountPath }) => mountPath === keys),
      egress: parts.flatMap((part) => part.egress ?? []),
    },
  };
}

function downstream(config: { certificatePath: string; keyPath: string; clientCaPath?: string }): DownstreamTls {
  const { certificatePath, keyPath, clientCaPath } = config;
  return {
    certificate: certificateFiles('tls', certificatePath, keyPath),
    authorities:
      clientCaPath === undefined
        ? undefined
        : { name: 'client-ca', directory: dirname(clientCaPath), authorities: clientCaPath },
  };
}

function certificateFiles(name: string, certificate: string, key: string) {
  return { name, directory: dirname(certificate), certificate, key };
}
