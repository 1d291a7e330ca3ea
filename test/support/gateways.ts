import { type Chart, Duration, JsonPatch, Size } from 'cdk8s';
import {
  Authentication,
  DeadMan,
  DisruptionBudget,
  JwtAlgorithm,
  JwtKeys,
  ModelAccess,
  ModelGateway,
  type ModelGatewayProps,
  MountedFile,
  NetworkPeer,
  OnlineModel,
  type OnlineModelProps,
  RateLimit,
  Scaling,
  ServingTls,
  TaintEffect,
  TrafficCapability,
  type TrafficSplitRequest,
} from 'cdk8s-model-serving';
import { ConfigMap, Cpu, EnvValue, ImagePullPolicy, Secret, ServiceType } from 'cdk8s-plus-28';
import { PORTS } from '../../lib/contract';
import { startEnvoy, type TestEnvoy } from './envoy';
import { newChart, remoteModel, SHA256 } from './manifests';
import type { TestPredictor } from './predictor';

const IMAGE = `registry.example.com/team/image@sha256:${SHA256}`;

const secret = () => Secret.fromSecretName(newChart(), 'secret', 'credentials');

/** A gateway in a chart of its own. */
export interface TestGateway {
  readonly chart: Chart;
  readonly gateway: ModelGateway;
}

export function newGateway(props: ModelGatewayProps = {}): TestGateway {
  const chart = newChart();
  return { chart, gateway: new ModelGateway(chart, 'gateway', props) };
}

/** Puts a version of a model behind a gateway. */
export function addVersion(
  { chart, gateway }: TestGateway,
  name: string,
  version: string = 'v1',
  props: Partial<OnlineModelProps> = {},
): OnlineModel {
  return new OnlineModel(chart, `${name}-${version}`, { model: remoteModel({ name, version }), gateway, ...props });
}

/** Splits between two versions. */
export function addSplit(
  { chart, gateway }: TestGateway,
  stable: OnlineModel,
  candidate: OnlineModel,
  request: Partial<TrafficSplitRequest> = {},
) {
  return gateway.addTrafficSplit(chart, {
    name: 'rollout',
    stable,
    candidate,
    needs: [TrafficCapability.WEIGHT],
    deadManAfter: Duration.minutes(1),
    deadMan: DeadMan.REVERT,
    ...request,
  });
}

function withSplit(props: ModelGatewayProps, request: Partial<TrafficSplitRequest> = {}): TestGateway {
  const test = newGateway(props);
  addSplit(test, addVersion(test, 'iris', 'v1'), addVersion(test, 'iris', 'v2'), request);
  return test;
}

function withModels(props: ModelGatewayProps, ...names: string[]): TestGateway {
  const test = newGateway(props);
  for (const name of names) {
    addVersion(test, name);
  }
  return test;
}

const jwt = (keys: JwtKeys, algorithms?: JwtAlgorithm[]) =>
  Authentication.jwt({ issuer: 'https://login.example.com', audience: 'fraud', keys, algorithms });
const KEYS = 'https://login.example.com/.well-known/jwks.json';

/** Gateways that together use everything that one can have; none of them breaks a rule. */
export const GATEWAYS: { readonly [name: string]: () => TestGateway } = {
  'the simplest one': () => withModels({}, 'iris'),

  'several models': () => withModels({}, 'iris', 'fraud.v2', 'Churn_1'),

  'names as long as they may be': () => {
    const name = `${'long.name-'.repeat(6)}abc`;
    const test = newGateway();
    const versions = Array.from({ length: 8 }, (_, index) =>
      addVersion(test, name, `${'2026-11-22.'.repeat(5)}${index}`),
    );
    test.gateway.addModel(versions[0] as OnlineModel, { defaultVersion: true });
    addVersion(test, `${name.slice(0, -1)}d`);
    return test;
  },

  'models with hosts': () => {
    const test = withModels({}, 'iris');
    test.gateway.addModel(addVersion(test, 'fraud'), { hosts: ['fraud.example.com', '*.fraud.example.com'] });
    test.gateway.addModel(addVersion(test, 'churn'), { hosts: ['fraud.example.com', 'churn'] });
    return test;
  },

  'several versions': () => {
    const test = newGateway();
    addVersion(test, 'iris', 'v1');
    test.gateway.addModel(addVersion(test, 'iris', 'v2'), { defaultVersion: true });
    return test;
  },

  'a rollout': () => withSplit({}),

  'a rollout with everything': () =>
    withSplit(
      {},
      {
        comparisonHost: 'rollout.ml.svc',
        pinHeader: 'X-Canary',
        pinValue: 'yes',
        stickyHeader: 'X-User-Id',
        deadMan: DeadMan.HOLD,
        latencyBudgets: [Duration.millis(75)],
      },
    ),

  'two rollouts, other models, and hosts': () => {
    const test = withModels({}, 'fraud');
    const [a, b] = [addVersion(test, 'iris', 'v1'), addVersion(test, 'iris', 'v2')];
    addSplit(test, a, b, { name: 'iris', comparisonHost: 'iris' });
    test.gateway.addModel(a, { hosts: ['iris.example.com'] });
    addSplit(test, addVersion(test, 'churn', 'v1'), addVersion(test, 'churn', 'v2'), { name: 'churn' });
    return test;
  },

  'API keys': () => withModels({ authentication: Authentication.apiKeys(secret()) }, 'iris', 'fraud'),

  tokens: () => withModels({ authentication: jwt(JwtKeys.url(KEYS), [JwtAlgorithm.ES256]) }, 'iris'),

  'tokens with keys from a file': () =>
    withModels(
      {
        authentication: jwt(
          JwtKeys.file(MountedFile.fromConfigMap(ConfigMap.fromConfigMapName(newChart(), 'jwks', 'jwks'), 'jwks.json')),
        ),
      },
      'iris',
    ),

  'everything in front of models': () =>
    withSplit({
      authentication: Authentication.anyOf([Authentication.apiKeys(secret()), jwt(JwtKeys.url(KEYS))]),
      access: {
        iris: ModelAccess.anyOf([
          ModelAccess.clients(['checkout', 'batch']),
          ModelAccess.claim('groups', ['analysts', 'admins']),
          ModelAccess.scope('predict:iris'),
        ]),
      },
      rateLimit: RateLimit.allOf([
        RateLimit.perClient(200, Duration.seconds(1)),
        RateLimit.perModel(1000, Duration.seconds(1)),
        RateLimit.global(100_000, Duration.minutes(1)),
      ]),
      cors: ['https://app.example.com'],
      trustedProxies: 1,
      maxConcurrentRequests: 64,
    }),

  'limits by address, and any origin': () =>
    withModels({ rateLimit: RateLimit.perClient(10, Duration.millis(100)), cors: ['*'], accessLog: false }, 'iris'),

  'TLS on both sides': () => {
    const test = newGateway({
      tls: ServingTls.secret(secret(), { clientCa: MountedFile.fromSecret(secret(), 'ca.crt') }),
      upstreamCa: MountedFile.fromSecret(secret(), 'ca.crt'),
      upstreamCertificate: secret(),
    });
    const clientCa = MountedFile.fromSecret(secret(), 'ca.crt');
    addVersion(test, 'iris', 'v1', { tls: ServingTls.secret(secret(), { clientCa }) });
    addVersion(test, 'plain', 'v1', { authentication: Authentication.apiKeys(secret()) });
    return test;
  },

  'TLS of clients alone': () => withModels({ tls: ServingTls.secret(secret()) }, 'iris'),

  'a pod with everything': () =>
    withModels(
      {
        image: IMAGE,
        proxyImage: IMAGE,
        imagePullPolicy: ImagePullPolicy.ALWAYS,
        imagePullSecrets: [secret()],
        env: { MODEL_SERVING_LOG_LEVEL: EnvValue.fromValue('debug') },
        serviceAccountAnnotations: { 'example.com/role': 'gateway' },
        nodeSelector: { 'kubernetes.io/arch': 'amd64' },
        tolerations: [{ key: 'team', value: 'a', effect: TaintEffect.NO_SCHEDULE }],
        priorityClassName: 'high',
        runtimeClassName: 'gvisor',
        resources: {
          cpu: Cpu.millis(500),
          cpuLimit: Cpu.units(4),
          memory: Size.mebibytes(256),
          memoryLimit: Size.gibibytes(1),
        },
        scaling: Scaling.onCpu({ minReplicas: 3, maxReplicas: 9 }),
        disruptionBudget: DisruptionBudget.minAvailable(2),
        serviceType: ServiceType.LOAD_BALANCER,
        clients: [NetworkPeer.anywhere()],
        monitors: [NetworkPeer.pods({ namespace: 'monitoring', labels: { app: 'prometheus' } })],
        metadata: { name: 'front', labels: { team: 'a' }, annotations: { owner: 'b' } },
        podMetadata: { labels: { team: 'a' }, annotations: { note: 'c' } },
        podPatch: [JsonPatch.add('/spec/dnsPolicy', 'ClusterFirst')],
      },
      'iris',
    ),
};

/** Where the pods of a model really are: ports of 127.0.0.1. */
export interface ModelServers {
  readonly http: number[];
  readonly grpc?: number[];
}

/**
 * Starts the proxy of a gateway.
 *
 * @param directory root of the pod
 * @param servers servers of the models
 * @param others servers that are no models, by `host:port` of the manifests
 */
export function startGateway(
  { chart }: TestGateway,
  directory: string,
  servers: readonly (readonly [OnlineModel, ModelServers])[],
  others: Readonly<Record<string, number>> = {},
): Promise<TestEnvoy> {
  const known = new Map(
    servers.map(
      ([
        {
          _backend: { name },
        },
        each,
      ]) => [`${name}-pods.ml.svc`, each],
    ),
  );
  return startEnvoy(chart.toJson(), directory, (host, port) => {
    const { http, grpc } = known.get(host) ?? { http: [others[`${host}:${port}`] ?? CLOSED_PORT] };
    return port === PORTS.grpc ? (grpc ?? [CLOSED_PORT]) : http;
  });
}

/** A port that nothing listens on. */
const CLOSED_PORT = 9;

/** The ports of a predictor of this process. */
export function serversOf({ predictor }: TestPredictor): ModelServers {
  return { http: [predictor.addresses.http.port], grpc: [predictor.addresses.grpc.port] };
}
