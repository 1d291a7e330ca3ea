import { createHash } from 'node:crypto';
import {
  CONFIG_FILE,
  GATEWAY_AGENT_SCHEMA,
  GATEWAY_PATHS,
  GATEWAY_PORTS,
  type GatewayAgentConfig,
  SERVER_DEFAULTS,
} from '../contract';
import { defaultDrainMillis, ENDPOINT_REMOVAL_SECONDS, type Json, millisOf } from '../kubernetes';
import {
  asksAccess,
  type ProxySettings,
  type RouteSettings,
  renderBaseRoutes,
  renderBootstrap,
  renderSecret,
  secretFile,
} from './envoy';
import type { ModelGatewayProps } from './model-gateway-props';
import type { Settings } from './settings';
import type { Attachments, ModelTraffic } from './traffic-plan';

const ENDPOINT_REMOVAL_MILLIS = ENDPOINT_REMOVAL_SECONDS * 1000;

const BASE_ROUTES_FILE = fileName(GATEWAY_PATHS.baseRoutes);
const BOOTSTRAP_FILE = fileName(GATEWAY_PATHS.bootstrap);

/** Files of a gateway's pods, by name, as they are at synth. */
export interface GatewayFiles {
  /** Beside the configuration of the agent. */
  readonly agent: { readonly [file: string]: string };
  /** Beside the bootstrap of the proxy. */
  readonly proxy: { readonly [file: string]: string };
}

/** Renders all files for what is behind the gateway now. */
export function renderFiles(props: ModelGatewayProps, settings: Settings, attachments: Attachments): GatewayFiles {
  const models = attachments.plan();
  const { response, rollouts } = renderBaseRoutes(models, routeSettings(props, settings));
  const config: GatewayAgentConfig = {
    schema: GATEWAY_AGENT_SCHEMA,
    gateway: settings.name,
    baseRoutesPath: GATEWAY_PATHS.baseRoutes,
    routesPath: GATEWAY_PATHS.routes,
    adminPort: GATEWAY_PORTS.admin,
    port: GATEWAY_PORTS.agent,
    apiKeysPath: settings.authentication.apiKeys?.path,
    endpointRemovalMillis: ENDPOINT_REMOVAL_MILLIS,
    drainMillis: ENDPOINT_REMOVAL_MILLIS + Math.ceil(defaultDrainMillis(longestBudgetMillis(attachments))),
    rollouts,
  };
  const { downstreamTls, upstreamTls } = settings;
  const secrets = [
    downstreamTls?.certificate,
    downstreamTls?.authorities,
    upstreamTls.authorities,
    upstreamTls.certificate,
  ];
  return {
    agent: { [CONFIG_FILE]: text(config), [BASE_ROUTES_FILE]: text(response) },
    proxy: {
      [BOOTSTRAP_FILE]: text(renderBootstrap(models, proxySettings(props, settings, models))),
      ...Object.fromEntries(
        secrets.flatMap((files) => (files === undefined ? [] : [[secretFile(files), text(renderSecret(files))]])),
      ),
    },
  };
}

/** A text that changes with any of the files. */
export function checksumOf(files: GatewayFiles): string {
  return createHash('sha256').update(JSON.stringify(files)).digest('hex');
}

/** Longest latency budget of all models, in milliseconds. */
export function longestBudgetMillis(attachments: Attachments): number {
  const budgets = attachments.versions.map(({ model }) => model._backend.budgetMillis);
  return budgets.length === 0 ? SERVER_DEFAULTS.requestTimeoutMillis : Math.max(...budgets);
}

function routeSettings({ access = {}, rateLimit, cors = [] }: ModelGatewayProps, settings: Settings): RouteSettings {
  const { apiKeys, jwt } = settings.authentication;
  return {
    apiKeys: apiKeys !== undefined,
    jwt: jwt !== undefined,
    asksAccess: asksAccess({ access, jwt }),
    countsRequests: rateLimit !== undefined,
    origins: cors,
  };
}

function proxySettings(props: ModelGatewayProps, settings: Settings, models: ModelTraffic[]): ProxySettings {
  const { apiKeys, jwt } = settings.authentication;
  const budgets = models.flatMap(({ versions }) => versions.map(({ backend }) => backend.budgetMillis));
  const guarded = models.flatMap(({ split }) => (split?.request.latencyBudgets ?? []).map(millisOf));
  return {
    gateway: settings.name,
    http: {
      authentication: { apiKeys: apiKeys !== undefined, jwt },
      access: props.access ?? {},
      rateLimit: props.rateLimit,
      models: models.map(({ name }) => name),
      cors: (props.cors ?? []).length > 0,
      trustedProxies: settings.trustedProxies,
      accessLog: settings.accessLog,
      budgetMillis: Math.max(0, ...budgets),
    },
    clusters: { maxConcurrentRequests: settings.maxConcurrentRequests, tls: settings.upstreamTls },
    tls: settings.downstreamTls,
    latencyEdges: [...budgets, ...guarded],
    memoryBytes: settings.memoryBytes,
  };
}

function fileName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Without indentation: a ConfigMap is small. */
function text(content: object | Json): string {
  return `${JSON.stringify(content)}\n`;
}
