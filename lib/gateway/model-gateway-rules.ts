import { ServiceType } from 'cdk8s-plus-28';
import {
  checkConfigMapSize,
  checkEnvironment,
  checkImage,
  checkMountedFile,
  checkObjectNames,
  checkPodMetadata,
  checkReplicas,
  checkResources,
  checkScheduling,
  checkSecret,
  checkServiceAccount,
  configMapBytes,
  MAX_CONFIG_MAP_BYTES,
  quote,
  RULES,
  type Violation,
  violation,
} from '../kubernetes';
import { checkAuthentication, checkOrigins, checkServingTls } from '../online';
import { HEADERS } from './envoy';
import { checkModelAccess } from './model-access';
import type { ModelGatewayProps } from './model-gateway-props';
import { checkRateLimit } from './rate-limit';
import type { GatewayFiles } from './rendered-gateway';
import type { Settings } from './settings';
import type { AttachedVersion, Attachments } from './traffic-plan';

const LARGEST_CONCURRENCY = 1_000_000;
const MOST_PROXIES = 10;

const HOST = /^(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;
const HEADER = /^[a-z0-9-]{1,128}$/i;
const OWN_HEADERS: string[] = [...Object.values(HEADERS), 'host', 'x-request-id', 'content-type'];

/** Checks everything that a gateway is declared with, except the pod and the models. */
export function checkGateway(props: ModelGatewayProps, settings: Settings): Violation[] {
  const { authentication, access = {}, rateLimit, cors, tls, upstreamCa, upstreamCertificate } = props;
  return [
    ...checkObjectNames(settings.name, settings.namespace, props.metadata),
    ...checkImage('The runtime image', settings.image),
    ...checkImage('proxyImage', settings.proxyImage),
    ...checkResources(props.resources ?? {}, settings.needs),
    ...checkReplicas(props, settings),
    ...checkPodMetadata(props.podMetadata),
    ...checkEnvironment(props.env ?? {}),
    ...checkScheduling(props),
    ...checkServiceAccount(props.serviceAccount, props.serviceAccountAnnotations),
    ...[...settings.clients, ...settings.monitors].flatMap(({ _violations }) => _violations),
    ...(authentication === undefined ? [] : checkAuthentication(authentication)),
    ...Object.entries(access).flatMap(([model, each]) => checkModelAccess(model, each, knownClients(settings))),
    ...(rateLimit === undefined ? [] : checkRateLimit(rateLimit)),
    ...(cors === undefined ? [] : checkOrigins(cors)),
    ...(tls === undefined ? [] : checkServingTls(tls)),
    ...(upstreamCa === undefined ? [] : checkMountedFile('upstreamCa', upstreamCa)),
    ...(upstreamCertificate === undefined ? [] : checkSecret('upstreamCertificate', upstreamCertificate)),
    ...checkLimits(settings),
    ...checkServiceType(settings),
  ];
}

/** Checks what is behind a gateway, as it is at synth. */
export function checkAttachments(props: ModelGatewayProps, settings: Settings, attachments: Attachments): Violation[] {
  const { versions } = attachments;
  return [
    ...(versions.length > 0
      ? []
      : [violation(RULES.gatewayModels, 'The gateway has no model.', 'Write new OnlineModel(…, { gateway, … }).')]),
    ...versions.flatMap((version) => checkVersion(version, settings)),
    ...checkDefaultVersions(attachments),
    ...checkSplits(attachments),
    ...checkAccessNames(props, attachments),
  ];
}

/**
 * Checks that the files fit into ConfigMaps.
 *
 * @param versions how many versions of models are behind the gateway
 */
export function checkFiles({ agent, proxy }: GatewayFiles, versions: number): Violation[] {
  const check = (what: string, bytes: number) => {
    const fitting = Math.max(1, Math.floor((versions * MAX_CONFIG_MAP_BYTES) / bytes));
    const fix = `Put some of the models behind a second gateway: of these ${versions} versions about ${fitting} fit. Or give them fewer hosts.`;
    return checkConfigMapSize(what, bytes, fix);
  };
  return [
    ...check('The routes of the gateway', configMapBytes(agent)),
    ...check('The configuration of the proxy', configMapBytes(proxy)),
  ];
}

function knownClients({ authentication: { apiKeys, jwt } }: Settings) {
  return { apiKeys: apiKeys !== undefined, jwt: jwt !== undefined };
}

function checkLimits({ maxConcurrentRequests, trustedProxies }: Settings): Violation[] {
  const found: Violation[] = [];
  if (!isWithin(maxConcurrentRequests, 1, LARGEST_CONCURRENCY)) {
    found.push(
      violation(
        RULES.gatewayLimits,
        `maxConcurrentRequests is ${quote(maxConcurrentRequests)}.`,
        'Write a whole number such as 1024.',
      ),
    );
  }
  if (!isWithin(trustedProxies, 0, MOST_PROXIES)) {
    found.push(
      violation(
        RULES.gatewayLimits,
        `trustedProxies is ${quote(trustedProxies)}.`,
        'Write how many proxies are in front of the gateway, for example 1.',
      ),
    );
  }
  return found;
}

function isWithin(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}

function checkServiceType({ serviceType }: Settings): Violation[] {
  return serviceType !== ServiceType.EXTERNAL_NAME
    ? []
    : [
        violation(
          RULES.gatewayService,
          `serviceType is ${quote(serviceType)}.`,
          'Leave it out, or write ServiceType.LOAD_BALANCER.',
        ),
      ];
}

function checkVersion({ model, hosts }: AttachedVersion, settings: Settings): Violation[] {
  const { namespace, encrypted, clientCertificates } = model._backend;
  const { authorities, certificate } = settings.upstreamTls;
  const path = quote(model.node.path);
  const found = hosts
    .filter((host) => host.length > 253 || !HOST.test(host))
    .map((host) =>
      violation(RULES.gatewayHost, `The model ${path} has the host ${quote(host)}.`, "Write 'models.example.com'."),
    );
  if (namespace !== settings.namespace) {
    found.push(
      violation(
        RULES.gatewayNamespace,
        `The model ${path} is in the namespace ${quote(namespace)}, and the gateway in ${quote(settings.namespace)}.`,
        'Put both into one chart, or a gateway into each namespace.',
      ),
    );
  }
  const lacking = [
    ...(encrypted && authorities === undefined ? ['upstreamCa'] : []),
    ...(clientCertificates && certificate === undefined ? ['upstreamCertificate'] : []),
  ];
  if (lacking.length > 0) {
    found.push(
      violation(
        RULES.upstreamTls,
        `The model ${path} has TLS, and the gateway no ${lacking.join(' and no ')}.`,
        "Write upstreamCa: MountedFile.fromSecret(secret, 'ca.crt'), or leave tls to the gateway.",
      ),
    );
  }
  return found;
}

function checkDefaultVersions(attachments: Attachments): Violation[] {
  return attachments.plan().flatMap(({ name, versions, split }) => {
    const chosen = attachments.versions.filter(
      ({ model, defaultVersion }) => model.modelName === name && defaultVersion,
    ).length;
    return versions.length < 2 || split !== undefined || chosen === 1
      ? []
      : [
          violation(
            RULES.defaultVersion,
            `The model ${quote(name)} has the versions ${versions.map(({ version }) => quote(version)).join(', ')}, and defaultVersion for ${chosen}.`,
            'Write gateway.addModel(model, { defaultVersion: true }) for one of them, or declare a CanaryRollout.',
          ),
        ];
  });
}

function checkSplits({ splits }: Attachments): Violation[] {
  return splits.flatMap(({ rollout, request: { stable, candidate, ...headers } }) => {
    const path = quote(rollout.node.path);
    const same = splits.filter(({ request }) => request.stable.model.name === stable.model.name).length;
    const isPair = stable.model.name === candidate.model.name && stable.model.version !== candidate.model.version;
    const found: Violation[] = [];
    if (!isPair || same > 1) {
      found.push(
        violation(
          RULES.splitVersions,
          `${path} splits between ${quote(stable.model.name)} ${quote(stable.model.version)} and ${quote(candidate.model.name)} ${quote(candidate.model.version)}; there ${same > 1 ? `are ${same} splits` : 'is one split'} of the model.`,
          'Split between two versions of one model, in one rollout.',
        ),
      );
    }
    const { pinHeader, pinValue = '', stickyHeader } = headers;
    const names = [pinHeader, stickyHeader].filter((name) => name !== undefined);
    if (!names.every(isFreeHeader) || (pinHeader !== undefined && pinValue === '')) {
      found.push(
        violation(
          RULES.splitHeader,
          `${path} splits by the header ${names.map(quote).join(' and ')}${pinHeader === undefined ? '' : `, with the value ${quote(pinValue)}`}.`,
          "Write names such as 'x-user-id', and a value such as 'internal'.",
        ),
      );
    }
    return found;
  });
}

function isFreeHeader(name: string): boolean {
  const lower = name.toLowerCase();
  return HEADER.test(name) && !OWN_HEADERS.includes(lower) && !lower.startsWith('x-envoy-');
}

function checkAccessNames({ access = {} }: ModelGatewayProps, { versions }: Attachments): Violation[] {
  const names = new Set(versions.map(({ model }) => model.modelName));
  return Object.keys(access)
    .filter((name) => !names.has(name))
    .map((name) =>
      violation(
        RULES.modelAccess,
        `access names ${quote(name)}, and the models of the gateway are ${[...names].map(quote).join(', ') || 'none'}.`,
        'Write the name of a model of this gateway.',
      ),
    );
}
