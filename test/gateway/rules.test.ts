import { Duration, Size } from 'cdk8s';
import {
  Authentication,
  JwtKeys,
  ModelAccess,
  type ModelGatewayProps,
  MountedFile,
  NetworkPeer,
  OnlineModel,
  RateLimit,
  Scaling,
  ServingTls,
  type TrafficSplitRequest,
} from 'cdk8s-model-serving';
import { Secret, ServiceAccount, ServiceType } from 'cdk8s-plus-28';
import { RULES } from '../../lib/kubernetes';
import type { GATEWAY_RULES } from '../../lib/kubernetes/rules/gateway-rules';
import { addSplit, addVersion, newGateway, type TestGateway } from '../support/gateways';
import { codesIn, failureOf, newChart, remoteModel } from '../support/manifests';

const secret = () => Secret.fromSecretName(newChart(), 'secret', 'credentials');
const apiKeys = () => Authentication.apiKeys(secret());
const jwt = () =>
  Authentication.jwt({ issuer: 'https://i', audience: 'a', keys: JwtKeys.url('https://login.example.com/keys') });

/** A gateway with one model. */
function gateway(props: ModelGatewayProps): TestGateway {
  const test = newGateway(props);
  addVersion(test, 'iris');
  return test;
}

function hosts(...list: string[]): TestGateway {
  const test = newGateway();
  test.gateway.addModel(addVersion(test, 'iris'), { hosts: list });
  return test;
}

function versions(...defaults: boolean[]): TestGateway {
  const test = newGateway();
  for (const [index, defaultVersion] of defaults.entries()) {
    test.gateway.addModel(addVersion(test, 'iris', `v${index}`), { defaultVersion });
  }
  return test;
}

function split(request: Partial<TrafficSplitRequest>): TestGateway {
  const test = newGateway();
  addSplit(test, addVersion(test, 'iris', 'v1'), addVersion(test, 'iris', 'v2'), request);
  return test;
}

function splitBetween([stable, candidate]: [string, string][]): TestGateway {
  const test = newGateway();
  addSplit(
    test,
    addVersion(test, ...(stable as [string, string])),
    addVersion(test, ...(candidate as [string, string])),
  );
  return test;
}

function splitTwice(other: string): TestGateway {
  const test = newGateway();
  const first = addVersion(test, 'iris', 'v1');
  addSplit(test, first, addVersion(test, 'iris', 'v2'), { name: 'one' });
  const second = other === 'iris' ? first : addVersion(test, other, 'v1');
  addSplit(test, second, addVersion(test, other, 'v3'), { name: 'two' });
  return test;
}

function tls(props: ModelGatewayProps, clientCa: boolean): TestGateway {
  const test = newGateway(props);
  const ca = clientCa ? MountedFile.fromSecret(secret(), 'ca.crt') : undefined;
  addVersion(test, 'iris', 'v1', { tls: ServingTls.secret(secret(), { clientCa: ca }) });
  return test;
}

const upstreamCa = MountedFile.fromSecret(secret(), 'ca.crt');
const limit =
  (requests: number, millis: number = 1000) =>
  () =>
    gateway({ rateLimit: RateLimit.perClient(requests, Duration.millis(millis)) });
const access = (to: ModelAccess, authentication = apiKeys(), model = 'iris') =>
  gateway({ authentication, access: { [model]: to } });

/** What breaks a rule, and what is close to it and does not. A new rule without both does not compile. */
const CASES: Record<keyof typeof GATEWAY_RULES, { breaks: (() => TestGateway)[]; holds: (() => TestGateway)[] }> = {
  gatewayModels: { breaks: [], holds: [() => gateway({}), () => newGateway()] },
  gatewayNamespace: {
    breaks: [
      () => {
        const test = newGateway();
        addVersion(test, 'iris', 'v1', { metadata: { namespace: 'other' } });
        return test;
      },
    ],
    holds: [
      () => {
        const test = newGateway({ metadata: { namespace: 'other' } });
        addVersion(test, 'iris', 'v1', { metadata: { namespace: 'other' } });
        return test;
      },
    ],
  },
  gatewayHost: {
    breaks: ['', 'Iris.example.com', 'iris.example.com:80', 'https://iris', '*', 'a.*.b', '-a', 'a..b'].map(
      (host) => () => hosts('ok.example.com', host),
    ),
    holds: [() => hosts('iris'), () => hosts('iris.example.com', '*.iris.example.com', '10.0.0.1')],
  },
  defaultVersion: {
    breaks: [() => versions(false, false), () => versions(true, true), () => versions(true, true, false)],
    holds: [() => versions(true, false), () => versions(false, false, true), () => versions(false), () => split({})],
  },
  splitVersions: {
    breaks: [
      () =>
        splitBetween([
          ['iris', 'v1'],
          ['rose', 'v2'],
        ]),
      () => splitTwice('iris'),
    ],
    holds: [
      () =>
        splitBetween([
          ['iris', 'v1'],
          ['iris', 'v2'],
        ]),
      () => splitTwice('rose'),
    ],
  },
  splitHeader: {
    breaks: [
      { pinHeader: 'x-try' },
      { pinHeader: 'x-try', pinValue: '' },
      { pinHeader: 'x try', pinValue: 'a' },
      { pinHeader: 'X-Model-Version', pinValue: 'v2' },
      { pinHeader: 'x-shadow', pinValue: '1' },
      { stickyHeader: 'x-envoy-original-path' },
      { stickyHeader: '' },
      { stickyHeader: ':path' },
    ].map((request) => () => split(request)),
    holds: [() => split({ pinHeader: 'X-Try', pinValue: 'a b', stickyHeader: 'cookie' })],
  },
  rateLimit: {
    breaks: [
      limit(0),
      limit(1.5),
      limit(1_000_001),
      limit(10, 49),
      limit(10, 24 * 3_600_000 + 1),
      () => gateway({ rateLimit: RateLimit.allOf([]) }),
      () =>
        gateway({
          rateLimit: RateLimit.allOf([
            RateLimit.global(1, Duration.seconds(1)),
            RateLimit.global(100, Duration.minutes(1)),
          ]),
        }),
    ],
    holds: [limit(1, 50), limit(1_000_000, 24 * 3_600_000)],
  },
  modelAccess: {
    breaks: [
      () => access(ModelAccess.clients([])),
      () => access(ModelAccess.clients(['a b'])),
      () => access(ModelAccess.anyOf([])),
      () => access(ModelAccess.claim('groups', ['x'])),
      () => access(ModelAccess.scope('predict')),
      () => access(ModelAccess.clients(['a']), jwt()),
      () => access(ModelAccess.claim('', ['x']), jwt()),
      () => access(ModelAccess.claim('groups', []), jwt()),
      () => access(ModelAccess.scope('two words'), jwt()),
      () => access(ModelAccess.clients(['a']), apiKeys(), 'irsi'),
      () => gateway({ access: { iris: ModelAccess.clients(['a']) } }),
    ],
    holds: [
      () => access(ModelAccess.clients(['a', 'team.b'])),
      () => access(ModelAccess.anyOf([ModelAccess.claim('groups', ['x y']), ModelAccess.scope('a:b/c')]), jwt()),
      () =>
        access(
          ModelAccess.anyOf([ModelAccess.clients(['a']), ModelAccess.scope('x')]),
          Authentication.anyOf([apiKeys(), jwt()]),
        ),
    ],
  },
  upstreamTls: {
    breaks: [
      () => tls({}, false),
      () => tls({ upstreamCa }, true),
      () => tls({ upstreamCertificate: secret() }, false),
    ],
    holds: [() => tls({ upstreamCa }, false), () => tls({ upstreamCa, upstreamCertificate: secret() }, true)],
  },
  gatewayService: {
    breaks: [() => gateway({ serviceType: ServiceType.EXTERNAL_NAME })],
    holds: [() => gateway({ serviceType: ServiceType.NODE_PORT })],
  },
  gatewayLimits: {
    breaks: [
      { maxConcurrentRequests: 0 },
      { maxConcurrentRequests: 1.5 },
      { maxConcurrentRequests: 1_000_001 },
      { trustedProxies: -1 },
      { trustedProxies: 11 },
    ].map((props) => () => gateway(props)),
    holds: [() => gateway({ maxConcurrentRequests: 1, trustedProxies: 10 })],
  },
};

describe.each(Object.entries(CASES))('%s', (name, { breaks, holds }) => {
  const { code } = RULES[name as keyof typeof RULES];
  if (breaks.length > 0) {
    test.each(breaks.map((declare, index) => ({ declare, index })))('fails: case $index', ({ declare }) => {
      expect(new Set(codesIn(failureOf(declare().chart)))).toEqual(new Set([code]));
    });
  }

  test.each(holds.map((declare, index) => ({ declare, index })))('passes: case $index', ({ declare }) => {
    expect(failureOf(declare().chart)).toBe('');
  });
});

test('a gateway without models is a warning, which names it', () => {
  const { chart, gateway: alone } = newGateway();
  expect(failureOf(chart)).toBe('');
  expect(alone.node.metadata.map(({ data }) => data)).toEqual([expect.stringMatching(/^MS2101 /)]);
});

test('too many hosts for a ConfigMap are told', () => {
  const list = Array.from({ length: 300 }, (_, index) => `host-${index}.example.com`);
  expect(codesIn(failureOf(hosts(...list).chart))).toEqual([RULES.configMapSize.code]);
});

test('too many models for a ConfigMap are told, and how many fit', () => {
  const test = newGateway();
  for (let index = 0; index < 90; index += 1) {
    addVersion(test, `model-${index}`);
  }
  const message = failureOf(test.chart);
  expect(codesIn(message)).toEqual([RULES.configMapSize.code]);
  expect(message).toMatch(/of these 90 versions about 7\d fit/);
});

/** Rules of other rooms that a gateway holds as well. */
const SHARED: [keyof typeof RULES, ModelGatewayProps][] = [
  ['replicas', { replicas: 0 }],
  ['oneReplicaOwner', { replicas: 2, scaling: Scaling.fixed(2) }],
  ['positiveAmount', { resources: { memory: Size.mebibytes(0), memoryLimit: Size.mebibytes(256) } }],
  ['imageForm', { proxyImage: 'no image' }],
  ['imageLatest', { proxyImage: 'envoyproxy/envoy:latest' }],
  ['imageForm', { image: 'no image' }],
  ['objectName', { metadata: { name: 'Gateway' } }],
  ['ownedLabel', { metadata: { labels: { 'app.kubernetes.io/name': 'x' } } }],
  ['podMetadata', { podMetadata: { name: 'x' } }],
  ['networkPeer', { clients: [NetworkPeer.cidr('10.0.0.0')] }],
  ['corsOrigin', { cors: ['https://app.example.com/'] }],
  ['authenticationWays', { authentication: Authentication.anyOf([]) }],
  ['mountedKey', { tls: ServingTls.secret(Secret.fromSecretName(newChart(), 's', 'No Name')) }],
  ['mountedKey', { upstreamCa: MountedFile.fromSecret(secret(), '..') }],
  [
    'serviceAccount',
    {
      serviceAccount: ServiceAccount.fromServiceAccountName(newChart(), 'a', 'shared'),
      serviceAccountAnnotations: { a: 'b' },
    },
  ],
];

test.each(SHARED)('%s: %j', (name, props) => {
  expect(codesIn(failureOf(gateway(props).chart))).toContain(RULES[name].code);
});

test('violations of a gateway and of its models are told together', () => {
  const test = newGateway({ replicas: 0 });
  new OnlineModel(test.chart, 'model', { model: remoteModel({ version: 'no good' }), gateway: test.gateway });
  expect(new Set(codesIn(failureOf(test.chart)))).toEqual(new Set([RULES.replicas.code, RULES.modelVersion.code]));
});
