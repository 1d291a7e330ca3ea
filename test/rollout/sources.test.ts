import type { RolloutConfig } from '../../lib/contract';
import { sourceOf } from '../../runtime/src/rollout/sources';
import { readSamples } from '../../runtime/src/rollout/sources/prometheus-text';
import { EnvoyCounters } from './envoy-counters';
import { rolloutConfig } from './support';

const realFetch = globalThis.fetch;
const { signal } = new AbortController();

afterEach(() => {
  globalThis.fetch = realFetch;
});

const latency = { name: 'slow', type: 'latency', max: 0.1, budgetMillis: 100, alpha: 0.01, minSamples: 1 };
const config = rolloutConfig({ guardrails: [...rolloutConfig().guardrails, latency] });
function serve(answers: Readonly<Record<string, () => string>>): void {
  globalThis.fetch = (async (url: string) => {
    const answer = answers[new URL(url).hostname];
    if (answer === undefined) {
      throw new Error('connect ECONNREFUSED');
    }
    return new Response(answer());
  }) as typeof fetch;
}

function direct(hosts: () => string[], changed: RolloutConfig = config) {
  return sourceOf(changed, async (_, port) => hosts().map((host) => ({ host, port })));
}

describe('the text format of Prometheus', () => {
  it('reads labels with escapes, timestamps and numbers of every form, and leaves out what is none', () => {
    const text = [
      '# HELP a text',
      'a{x="q\\"u\\\\o\\nte",y="1,2"} 1.5 1700000000',
      'a 3e2',
      'a{} 4',
      'a NaN',
      'a +Inf',
      'a{broken 1',
      'b 7',
      'a',
      '',
    ].join('\n');
    expect(readSamples(text, (name) => name === 'a')).toEqual([
      { name: 'a', labels: { x: 'q"u\\o\nte', y: '1,2' }, value: 1.5 },
      { name: 'a', labels: {}, value: 300 },
      { name: 'a', labels: {}, value: 4 },
    ]);
  });
});

describe('the direct source', () => {
  it('counts from the first sight on, exactly, over all proxies and clusters of an arm', async () => {
    const [one, two] = [new EnvoyCounters().answer('iris-v1-http', 200, 1_000_000), new EnvoyCounters()];
    serve({ a: () => one.text, b: () => two.text });
    const source = direct(() => ['a', 'b']);
    expect((await source.read(2, signal)).counts?.stable.answered).toBe(0);
    one
      .answer('iris-v1-http', 200, 90, 9)
      .answer('iris-v1-http', 503, 5)
      .answer('iris-v1-http', 429, 3)
      .answer('iris-v1-http', 404, 2);
    two.answer('iris-v2-http', 200, 10);
    two.answer('iris-v2-shadow-http', 500, 4);
    const { counts } = await source.read(2, signal);
    expect(counts?.stable).toMatchObject({
      started: 100,
      answered: 100,
      errors: 8,
      timed: 100,
      unanswered: 0,
      over: { '100': 9 },
    });
    expect(counts?.candidate).toMatchObject({ answered: 10, errors: 0 });
    expect(counts?.shadow).toMatchObject({ answered: 4, errors: 4 });
  });

  it('counts a series that is new since the first sight from 0', async () => {
    const envoy = new EnvoyCounters();
    serve({ a: () => envoy.text });
    const source = direct(() => ['a']);
    await source.read(1, signal);
    envoy.answer('iris-v2-http', 500, 7);
    expect((await source.read(1, signal)).counts?.candidate).toMatchObject({ answered: 7, errors: 7 });
  });

  it('counts a restarted proxy from 0', async () => {
    let envoy = new EnvoyCounters().answer('iris-v1-http', 200, 500);
    serve({ a: () => envoy.text });
    const source = direct(() => ['a']);
    await source.read(1, signal);
    envoy = new EnvoyCounters().answer('iris-v1-http', 200, 20);
    expect((await source.read(1, signal)).counts?.stable.answered).toBe(20);
  });

  it('takes a proxy that appears as it is, and forgets one that goes', async () => {
    const [old, young] = [new EnvoyCounters(), new EnvoyCounters().answer('iris-v1-http', 200, 999)];
    let hosts = ['a'];
    serve({ a: () => old.text, b: () => young.text });
    const source = direct(() => hosts);
    await source.read(1, signal);
    hosts = ['a', 'b'];
    expect((await source.read(2, signal)).counts?.stable.answered).toBe(0);
    hosts = ['b'];
    young.answer('iris-v1-http', 200, 5);
    expect((await source.read(1, signal)).counts?.stable.answered).toBe(5);
  });

  it('has no counts when one proxy cannot be read, and what that one did meanwhile is not counted later', async () => {
    const [one, two] = [new EnvoyCounters(), new EnvoyCounters()];
    const answers: Record<string, () => string> = { a: () => one.text, b: () => two.text };
    serve(answers);
    const source = direct(() => ['a', 'b']);
    await source.read(2, signal);
    const { b } = answers;
    delete answers.b;
    one.answer('iris-v1-http', 200, 10);
    two.answer('iris-v1-http', 200, 10);
    expect(await source.read(2, signal)).toMatchObject({ missing: 'proxy b:8082: connect ECONNREFUSED' });
    answers.b = b;
    one.answer('iris-v1-http', 200, 3);
    expect((await source.read(2, signal)).counts?.stable.answered).toBe(3);
  });

  it.each([
    ['', 'no counters of'],
    ['envoy_cluster_upstream_rq_total{envoy_cluster_name="iris-v1-http"} NaN', 'no counters of'],
    ['<html>', 'no counters of'],
  ])('takes %j for missing data', async (text, why) => {
    serve({ a: () => text });
    expect((await direct(() => ['a']).read(1, signal)).missing).toContain(why);
  });

  it('says that the histogram has no edge at the budget', async () => {
    const envoy = new EnvoyCounters().answer('iris-v2-http', 200, 1);
    serve({ a: () => envoy.text });
    const other = rolloutConfig({ guardrails: [{ ...latency, budgetMillis: 150 }] });
    expect((await direct(() => ['a'], other).read(1, signal)).missing).toContain('has no edge at 150 ms');
  });

  it('has no counts without proxies', async () => {
    expect((await direct(() => []).read(0, signal)).missing).toBe('there are no proxies');
  });

  it('sees failures of gRPC, whose status is 200 in HTTP', async () => {
    const envoy = new EnvoyCounters();
    serve({ a: () => envoy.text });
    const source = direct(() => ['a']);
    await source.read(1, signal);
    envoy.answer('iris-v2-grpc', 200, 10).add('iris-v2-grpc', { grpc_0: 5, grpc_13: 2, grpc_14: 1, grpc_3: 2 });
    expect((await source.read(1, signal)).counts?.candidate).toMatchObject({ answered: 10, errors: 3, unanswered: 0 });
  });

  it('sees failures of gRPC in mirrored requests, which another filter counts', async () => {
    const envoy = new EnvoyCounters();
    serve({ a: () => envoy.text });
    const source = direct(() => ['a']);
    await source.read(1, signal);
    envoy.answer('iris-v2-shadow-grpc', 200, 10).answer('iris-v2-shadow-grpc', 503, 1);
    envoy.add('iris-v2-shadow-grpc', { admission_control_rq_failure: 4, admission_control_rq_success: 6 });
    expect((await source.read(1, signal)).counts?.shadow).toMatchObject({ answered: 11, errors: 5 });
  });

  it('tells retries, requests under way and abandoned ones apart', async () => {
    const envoy = new EnvoyCounters();
    serve({ a: () => envoy.text });
    const source = direct(() => ['a']);
    await source.read(1, signal);
    // Ten requests: six are answered, one of them at the second attempt and one as there was no host; three are under way; one gave up.
    envoy.answer('iris-v2-http', 200, 5).add('iris-v2-http', {
      'upstream_rq envoy_response_code="503"': 1,
      upstream_cx_none_healthy: 1,
      upstream_rq_total: 5,
      upstream_rq_retry: 1,
      upstream_rq_active: 3,
    });
    expect((await source.read(1, signal)).counts?.candidate).toMatchObject({ started: 10, answered: 6, unanswered: 1 });
  });
});

describe('the source that asks Prometheus', () => {
  const prometheus = rolloutConfig({
    metrics: { type: 'prometheus', url: 'http://prometheus:9090/', timeoutMillis: 1000 },
  });
  const envoys = { a: new EnvoyCounters(), b: new EnvoyCounters() };
  let age = 5;
  let instances: string[] = [];
  const queries: string[] = [];

  function answer(body: (query: string) => object): void {
    globalThis.fetch = (async (url: string, init: RequestInit) => {
      expect(url).toBe('http://prometheus:9090/api/v1/query');
      const query = String((init.body as URLSearchParams).get('query'));
      queries.push(query);
      return new Response(JSON.stringify(body(query)));
    }) as typeof fetch;
  }

  const vector = (result: object[]) => ({ status: 'success', data: { resultType: 'vector', result } });
  const series = () =>
    vector(
      instances.flatMap((instance) => {
        const samples = readSamples(envoys[instance as 'a' | 'b'].text, () => true);
        return [
          { metric: { instance, model_serving_age: '1' }, value: [0, String(age)] },
          ...samples.map(({ name, labels, value }) => ({
            metric: { __name__: name, instance, ...labels },
            value: [0, String(value)],
          })),
        ];
      }),
    );

  beforeEach(() => {
    instances = ['a', 'b'];
    age = 5;
    answer(series);
  });

  it('takes the differences of raw counters itself, and says how old they are', async () => {
    const source = sourceOf(prometheus, async () => []);
    await source.read(2, signal);
    envoys.a.answer('iris-v1-http', 200, 30);
    envoys.b.answer('iris-v2-http', 500, 3);
    expect(await source.read(2, signal)).toMatchObject({
      counts: { stable: { answered: 30 }, candidate: { answered: 3, errors: 3 } },
      ageMillis: 5000,
    });
    expect(queries[0]).toContain('envoy_cluster_name=~"iris-v1-http|iris-v1-grpc|iris-v2-http');
    expect(queries[0]).not.toContain('increase');
    // Counters and their age of one moment: two queries could see two scrapes.
    expect(queries).toHaveLength(2);
  });

  it.each([
    ['no series', () => vector([]), 'series of 0 proxies'],
    ['an error', () => ({ status: 'error', error: 'bad' }), 'not a vector'],
    [
      'NaN alone',
      () => vector([{ metric: { __name__: 'x', instance: 'a' }, value: [0, 'NaN'] }]),
      'series of 0 proxies',
    ],
  ])('takes %s for missing data', async (_, body, why) => {
    answer(body);
    expect((await sourceOf(prometheus, async () => []).read(2, signal)).missing).toContain(why);
  });

  it('takes fewer proxies than there are, and old values, for missing data', async () => {
    instances = ['a'];
    expect((await sourceOf(prometheus, async () => []).read(2, signal)).missing).toContain('series of 1 proxies, of 2');
    instances = ['a', 'b'];
    age = 300;
    expect((await sourceOf(prometheus, async () => []).read(2, signal)).missing).toContain('300 s old');
  });
});
