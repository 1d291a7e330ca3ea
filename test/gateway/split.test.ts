import { Agent } from 'node:http';
import { join } from 'node:path';
import { ENVOY, send, type TestEnvoy } from '../support/envoy';
import { eventually } from '../support/eventually';
import { addSplit, addVersion, newGateway, serversOf, startGateway } from '../support/gateways';
import { GrpcClient } from '../support/grpc-client';
import { fixture, startTestPredictor } from '../support/predictor';
import { type ReceivedRequest, type RecordingServer, startRecordingServer } from '../support/recording-server';
import { describeWith } from '../support/requires';
import { temporaryDirectory } from '../support/temporary';

const directory = temporaryDirectory();
const INFER = JSON.stringify({ inputs: [{ name: 'input', datatype: 'FP32', shape: [1, 2], data: [1, 2] }] });
const input = { name: 'input', datatype: 'FP32', shape: [1, 2], contents: { fp32_contents: [1, 2] } };
const predictor = (name: string, version: string) =>
  startTestPredictor([fixture('identity-fp32.onnx', { name, version })]);

const connections = new Agent({ keepAlive: true, maxSockets: 32 });
afterAll(() => connections.destroy());

/** Sends predictions on 32 connections, and returns the variants that answered. */
async function variants(
  envoy: TestEnvoy,
  count: number,
  headersOf: (index: number) => Record<string, string> = () => ({}),
  model: string = 'echo',
): Promise<string[]> {
  const answered: string[] = [];
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < count; index = next++) {
      const { status, headers } = await send(
        envoy.port,
        'POST',
        `/v2/models/${model}/infer`,
        INFER,
        headersOf(index),
        connections,
      );
      answered[index] = status === 200 ? String(headers['x-model-variant']) : `status ${status}`;
    }
  };
  await Promise.all(Array.from({ length: 32 }, worker));
  return answered;
}

const countOf = (list: string[], value: string) => list.filter((each) => each === value).length;

/** Standard deviations that a share may be off: more than one time in 100,000 it is not. */
const DEVIATIONS = 4.5;

describeWith('a split between two predictors', ENVOY, () => {
  let envoy: TestEnvoy;
  let names: { v1: string; v2: string };
  beforeAll(async () => {
    const test = newGateway();
    const [v1, v2] = [addVersion(test, 'echo', 'v1'), addVersion(test, 'echo', 'v2')];
    const [w1, w2] = [addVersion(test, 'other', 'v1'), addVersion(test, 'other', 'v2')];
    const sticky = { stickyHeader: 'X-User-Id' };
    const split = addSplit(test, v1, v2, { name: 'echo-rollout', pinHeader: 'X-Try', pinValue: 'new', ...sticky });
    addSplit(test, w1, w2, { name: 'other-rollout', ...sticky });
    names = { v1: split.stableClusters[0] as string, v2: split.candidateClusters[0] as string };
    const servers = await Promise.all([
      predictor('echo', 'v1'),
      predictor('echo', 'v2'),
      predictor('other', 'v1'),
      predictor('other', 'v2'),
    ]);
    const models = [v1, v2, w1, w2].map((model, index) => [model, serversOf(servers[index] as never)] as const);
    envoy = await startGateway(test, join(directory, 'split'), models);
  });

  test('at first everything goes to the stable version, also with the header of the rollout', async () => {
    const answers = await variants(
      envoy,
      100,
      (index): Record<string, string> => (index % 2 === 0 ? {} : { 'x-try': 'new' }),
    );
    expect(countOf(answers, 'stable')).toBe(100);
  });

  test.each([100, 1000, 5000])(
    'a share of %i hundredths of a percent is kept, and counted by the clusters',
    async (share) => {
      await envoy.setSplit({ candidate: share });
      const count = 3000;
      const rq = 'envoy_cluster_upstream_rq_xx';
      const before = [await envoy.metric(rq, `"${names.v1}"`), await envoy.metric(rq, `"${names.v2}"`)] as const;
      const answers = await variants(envoy, count);
      const candidates = countOf(answers, 'candidate');
      expect(candidates + countOf(answers, 'stable')).toBe(count);
      const p = share / 10_000;
      expect(Math.abs(candidates - count * p)).toBeLessThan(DEVIATIONS * Math.sqrt(count * p * (1 - p)));
      const counted = [await envoy.metric(rq, `"${names.v1}"`), await envoy.metric(rq, `"${names.v2}"`)] as const;
      expect([counted[0] - before[0], counted[1] - before[1]]).toEqual([count - candidates, candidates]);
    },
  );

  test('with the whole share both protocols reach the candidate; what is no prediction stays', async () => {
    await envoy.setSplit({ candidate: 10_000 });
    const client = new GrpcClient(`127.0.0.1:${envoy.port}`);
    try {
      expect(countOf(await variants(envoy, 50), 'candidate')).toBe(50);
      const v1 = await envoy.send('POST', '/v1/models/echo:predict', '{"instances": [[1, 2]]}');
      expect(v1.headers['x-model-version']).toBe('v2');
      const named = { 'x-model-name': 'echo' };
      expect((await client.infer('echo', [input], {}, named)).message?.model_version).toBe('v2');
      expect((await envoy.send('GET', '/v2/models/echo')).headers['x-model-version']).toBe('v1');
    } finally {
      client.close();
    }
  });

  test('a version that is named gets the request whatever the shares are, and is counted apart', async () => {
    await envoy.setSplit({ candidate: 5000 });
    const before = await envoy.metric('envoy_cluster_upstream_rq_xx', `"${names.v2}"`);
    for (let index = 0; index < 20; index += 1) {
      const answer = await envoy.send('POST', '/v2/models/echo/versions/v2/infer', INFER);
      expect(answer.headers).toMatchObject({ 'x-model-version': 'v2', 'x-model-variant': 'candidate' });
    }
    expect(await envoy.metric('envoy_cluster_upstream_rq_xx', `"${names.v2}"`)).toBe(before);
    expect(await envoy.metric('envoy_cluster_upstream_rq_xx', names.v2.replace(/http$/, 'pin-http'))).toBe(20);
  });

  test('the header leads to the candidate while the rollout says so', async () => {
    await envoy.setSplit({ pinned: true });
    const answers = await variants(
      envoy,
      60,
      (index) => [{ 'x-try': 'new' }, { 'x-try': 'old' }, {}][index % 3] as never,
    );
    expect(answers.filter((_, index) => index % 3 === 0)).toEqual(Array(20).fill('candidate'));
    expect(countOf(answers, 'stable')).toBe(40);
    await envoy.setSplit({});
    expect(countOf(await variants(envoy, 20, () => ({ 'x-try': 'new' })), 'stable')).toBe(20);
  });

  test('a user keeps the version while the share grows, and two rollouts choose different users', async () => {
    const count = 1000;
    const user = (index: number) => ({ 'x-user-id': `user-${index}` });
    const early = await (async () => {
      await envoy.setSplit({ candidate: 1000 });
      return variants(envoy, count, user);
    })();
    expect(await variants(envoy, count, user)).toEqual(early);
    await envoy.setSplit({ candidate: 5000 });
    const late = await variants(envoy, count, user);
    const lost = early.filter((variant, index) => variant === 'candidate' && late[index] !== 'candidate');
    expect(lost).toEqual([]);
    expect(Math.abs(countOf(early, 'candidate') - 100)).toBeLessThan(DEVIATIONS * Math.sqrt(count * 0.1 * 0.9));
    expect(Math.abs(countOf(late, 'candidate') - 500)).toBeLessThan(DEVIATIONS * Math.sqrt(count * 0.25));

    const [rollout] = envoy.agent.rollouts.filter(({ name }: { name: string }) => name === 'other-rollout');
    await envoy.setRoutes((routes) => {
      for (const pointer of [...rollout.stableWeights, ...rollout.candidateWeights]) {
        setAt(routes, pointer, 5000);
      }
    });
    const other = await variants(envoy, count, user, 'other');
    const both = late.filter((variant, index) => variant === 'candidate' && other[index] === 'candidate').length;
    // Independent: a quarter of the users are in both.
    expect(Math.abs(both - count / 4)).toBeLessThan(DEVIATIONS * Math.sqrt(count * 0.25 * 0.75));
  });

  test.each([
    ['no JSON', () => 'not json'],
    ['no routes', () => '{"version_info": "x", "resources": []}'],
    ['weights that are all 0', (text: string) => text.replace(/"weight":\d+/g, '"weight":0')],
    ['an unknown cluster', (text: string) => text.replace(/"cluster":"[^"]*"/, '"cluster":"nowhere"')],
    ['an unknown field', (text: string) => text.replace('"virtual_hosts"', '"misspelt":1,"virtual_hosts"')],
  ])('a file with %s leaves the last good routes', async (_name, spoil) => {
    await envoy.setSplit({ candidate: 10_000 });
    const refused = async () => {
      const stats = await envoy.admin('/stats?filter=rds.models.update_(rejected|failure|empty|attempt)');
      return [...stats.matchAll(/: (\d+)/g)].reduce((sum, [, value]) => sum + Number(value), 0);
    };
    const before = await refused();
    envoy.writeRoutes(spoil(JSON.stringify({ ...envoy.baseRoutes, version_info: 'spoilt' })));
    await eventually('the file is read', async () => (await refused()) > before);
    expect(countOf(await variants(envoy, 50), 'candidate')).toBe(50);
    await envoy.setSplit({});
    expect(countOf(await variants(envoy, 50), 'stable')).toBe(50);
  });

  test('routes that change under load lose no request', async () => {
    let changes = 0;
    let running = true;
    const changing = (async () => {
      while (running) {
        await envoy.setSplit({ candidate: changes % 2 === 0 ? 5000 : 0 });
        changes += 1;
      }
    })();
    const answers = await variants(envoy, 5000);
    running = false;
    await changing;
    expect(countOf(answers, 'stable') + countOf(answers, 'candidate')).toBe(5000);
    expect(countOf(answers, 'candidate')).toBeGreaterThan(0);
    expect(changes).toBeGreaterThan(5);
  });
});

describeWith('mirrored requests', ENVOY, () => {
  let envoy: TestEnvoy;
  let shadow: RecordingServer;
  let controller: RecordingServer;
  beforeAll(async () => {
    const test = newGateway();
    const [v1, v2] = [addVersion(test, 'echo', 'v1'), addVersion(test, 'echo', 'v2')];
    addSplit(test, v1, v2, { comparisonHost: 'rollout.ml.svc' });
    // The candidate never answers what is mirrored to it: nobody waits for that.
    shadow = await startRecordingServer(({ headers }, response) => {
      if (headers['x-shadow'] === undefined) {
        response.end('{}');
      }
    });
    controller = await startRecordingServer((_, response) => response.writeHead(202).end());
    envoy = await startGateway(
      test,
      join(directory, 'mirror'),
      [
        [v1, serversOf(await predictor('echo', 'v1'))],
        [v2, { http: [shadow.port] }],
      ],
      { 'rollout.ml.svc:8080': controller.port },
    );
  });

  test('are a share of the requests, as they were sent, and marked; each mirror has its own share', async () => {
    await envoy.setSplit({ mirror: 3000, comparison: 1000 });
    const count = 1000;
    const sent = new Map<string, string>();
    for (let index = 0; index < count; index += 50) {
      await Promise.all(
        Array.from({ length: 50 }, async (_, offset) => {
          const id = `request-${index + offset}`;
          const body = JSON.stringify({ ...JSON.parse(INFER), id });
          sent.set(id, body);
          const { status, headers } = await envoy.send('POST', '/v2/models/echo/infer?a=b', body, {
            'x-request-id': id,
          });
          expect([status, headers['x-model-variant']]).toEqual([200, 'stable']);
        }),
      );
    }
    for (const [{ received }, share, cluster] of [
      [shadow, 0.3, '-shadow-http"'],
      [controller, 0.1, '"rollout-compare"'],
    ] as const) {
      const tolerance = DEVIATIONS * Math.sqrt(count * share * (1 - share));
      // What is on its way is counted when it is sent.
      const arrived = async () => (await envoy.metric('envoy_cluster_upstream_rq_total', cluster)) === received.length;
      await eventually('the mirrored requests arrive', arrived);
      expect(Math.abs(received.length - count * share)).toBeLessThan(tolerance);
      for (const { path, headers, body } of received) {
        expect(path).toBe('/v2/models/echo/infer?a=b');
        expect(headers['x-shadow']).toBe('1');
        expect(body).toBe(sent.get(String(headers['x-request-id'])));
      }
    }
  });

  test('are predictions alone', async () => {
    await envoy.setSplit({ mirror: 10_000, comparison: 10_000 });
    const named = (id: string) => ({ 'x-request-id': id });
    await envoy.send('GET', '/v2/models/echo', undefined, named('aside-1'));
    await envoy.send('POST', '/v2/models/echo/versions/v1/infer', INFER, named('aside-2'));
    await envoy.send('POST', '/v2/models/echo/infer', INFER, named('prediction'));
    for (const { received } of [shadow, controller]) {
      const ids = () => received.map(({ headers }) => String(headers['x-request-id']));
      await eventually('the prediction is mirrored', () => ids().includes('prediction'));
      expect(ids().filter((id) => id.startsWith('aside'))).toEqual([]);
    }
  });

  test('headers of the gateway that a client sends do not pass', async () => {
    await envoy.setSplit({ candidate: 10_000 });
    await envoy.send('POST', '/v2/models/echo/infer', INFER, {
      'x-shadow': '1',
      'x-model-variant': 'candidate',
      'x-client': 'admin',
      'x-envoy-upstream-rq-timeout-ms': '1',
      'X-Envoy-Retry-On': '5xx',
      'X-Envoy-Of-A-Later-Version': '1',
      'x-own': 'kept',
    });
    const { headers } = shadow.received.at(-1) as ReceivedRequest;
    expect(headers['x-own']).toBe('kept');
    expect(Object.keys(headers).filter((name) => /^x-(shadow|model|client|envoy)/.test(name))).toEqual([]);
  });
});

function setAt(document: unknown, pointer: string, value: number): void {
  const keys = pointer.slice(1).split('/');
  const last = keys.pop() as string;
  // biome-ignore lint/suspicious/noExplicitAny: routes of any form
  const parent = keys.reduce<any>((inner, key) => inner[key], document);
  parent[last] = value;
}
