import { once } from 'node:events';
import { connect as connectHttp2, createServer as createHttp2, type Http2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { findEnvoy } from '../../../runtime/src/local/proxy';
import { eventually } from '../../support/eventually';
import { describeWith } from '../../support/requires';
import { temporaryDirectory } from '../../support/temporary';
import { Backend } from './backend';
import { cluster, http2Cluster, ProxyRun, routes } from './proxy-run';

const OTHER_HOSTS = {
  retry_host_predicate: [
    {
      name: 'envoy.retry_host_predicates.previous_hosts',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate',
      },
    },
  ],
  host_selection_retry_max_attempts: 3,
};

const directory = temporaryDirectory();
const envoy = findEnvoy();

describe('the built-in router', () => obeys(undefined));
describeWith('Envoy', { what: 'Envoy (ENVOY, or envoy on the PATH)', present: envoy !== undefined }, () =>
  obeys(envoy?.file),
);

/** What both do for a gateway, through the same bootstrap and the same routes. */
function obeys(file: string | undefined): void {
  const pods = new Map<string, readonly number[]>();
  let stable: Backend;
  let candidate: Backend;
  let shadow: Backend;
  let grpc: Http2Server;
  let proxy: ProxyRun;

  beforeAll(async () => {
    [stable, candidate, shadow] = await Promise.all(
      ['stable', 'candidate', 'shadow'].map((name) => Backend.start(name)),
    );
    grpc = await startGrpc();
    pods.set('stable-pods.ml.svc:8080', [stable.port]);
    pods.set('candidate-pods.ml.svc:8080', [candidate.port]);
    pods.set('shadow-pods.ml.svc:8080', [shadow.port]);
    pods.set('stable-pods.ml.svc:8081', [(grpc.address() as AddressInfo).port]);
    proxy = await ProxyRun.start(
      directory,
      file,
      [
        cluster('stable', 'stable-pods.ml.svc'),
        cluster('candidate', 'candidate-pods.ml.svc'),
        cluster('shadow', 'shadow-pods.ml.svc'),
        http2Cluster('grpc', 'stable-pods.ml.svc', 8081),
        cluster('changing', 'changing-pods.ml.svc'),
        cluster('nobody', 'nobody-pods.ml.svc'),
        cluster('idle', 'stable-pods.ml.svc'),
        cluster('leaving', 'leaving-pods.ml.svc'),
        cluster('counted', 'stable-pods.ml.svc'),
        cluster('counted-shadow', 'shadow-pods.ml.svc'),
      ],
      pods,
    );
    await proxy.serve(routes([{ match: { prefix: '/' }, route: { cluster: 'stable' } }]));
  });

  afterAll(async () => {
    expect(await proxy.stop()).toBe(0);
    await Promise.all([stable.stop(), candidate.stop(), shadow.stop()]);
    await new Promise((resolve) => grpc.close(resolve));
  });

  afterEach(() => {
    for (const backend of [stable, candidate, shadow]) {
      backend.reset();
    }
  });

  const get = (path: string, headers: Record<string, string> = {}) => fetch(`${proxy.url}${path}`, { headers });
  const nameAt = async (path: string, headers?: Record<string, string>) => (await get(path, headers)).text();
  const repeat = <T>(times: number, ask: (index: number) => Promise<T>) =>
    Promise.all(Array.from({ length: times }, (_, index) => ask(index)));

  describe('requests', () => {
    it('pass as they are, and so do answers', async () => {
      await proxy.serve(routes([{ match: { prefix: '/' }, route: { cluster: 'stable' } }]));
      stable.answer = (_, response, body) => {
        response.writeHead(418, { 'x-answer': ['1', '2'], 'content-type': 'text/x' });
        response.end(`${body}!`);
      };
      const response = await fetch(`${proxy.url}/a/b?c=d%20e`, {
        method: 'POST',
        body: 'x'.repeat(200_000),
        headers: { 'x-q': 'r' },
      });
      expect(response.status).toBe(418);
      expect(response.headers.get('x-answer')).toBe('1, 2');
      expect(await response.text()).toBe(`${'x'.repeat(200_000)}!`);
      const [received] = stable.received;
      expect(received).toMatchObject({ method: 'POST', path: '/a/b?c=d%20e' });
      expect(received?.headers).toMatchObject({ host: proxy.address, 'x-q': 'r', 'x-forwarded-proto': 'http' });
      expect(received?.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    });

    it('find the first route that they match', async () => {
      const to = (name: string) => ({
        direct_response: { status: 200, body: { inline_string: name } },
      });
      await proxy.serve(
        routes([
          { match: { path: '/exact' }, ...to('path') },
          { match: { safe_regex: { regex: '/v1/models/iris(:[^/]*)?' } }, ...to('regex') },
          { match: { path_separated_prefix: '/part' }, ...to('part') },
          { match: { prefix: '/h', headers: [{ name: 'X-Pin', string_match: { exact: 'on' } }] }, ...to('header') },
          { match: { prefix: '/h', headers: [{ name: ':method', string_match: { exact: 'PUT' } }] }, ...to('method') },
          {
            match: { prefix: '/h', headers: [{ name: 'x-none', present_match: true, invert_match: true }] },
            ...to('absent'),
          },
          {
            match: {
              prefix: '/never',
              runtime_fraction: { default_value: { numerator: 0, denominator: 'TEN_THOUSAND' } },
            },
            ...to('never'),
          },
          {
            match: {
              prefix: '/always',
              runtime_fraction: { default_value: { numerator: 10_000, denominator: 'TEN_THOUSAND' } },
            },
            ...to('always'),
          },
          { match: { prefix: '/never' }, ...to('else') },
        ]),
      );
      const error = async (path: string, init: RequestInit = {}) => {
        const response = await fetch(`${proxy.url}${path}`, init);
        return response.status === 200 ? ((await response.json()) as { error: string }).error : response.status;
      };
      expect(await error('/exact?x=1')).toBe('path');
      expect(await error('/v1/models/iris:predict')).toBe('regex');
      expect(await error('/v1/models/irises')).toBe(404);
      expect(await error('/part/x')).toBe('part');
      expect(await error('/parts')).toBe(404);
      expect(await error('/h', { headers: { 'x-pin': 'on' } })).toBe('header');
      expect(await error('/h', { headers: { 'x-none': '' }, method: 'PUT' })).toBe('method');
      expect(await error('/h')).toBe('absent');
      expect(await error('/h', { headers: { 'x-none': '1' } })).toBe(404);
      expect(await error('/never')).toBe('else');
      expect(await error('/always')).toBe('always');
    });

    it('find the routes of their host', async () => {
      const host = (name: string, ...domains: string[]) => ({
        name,
        domains,
        routes: [{ match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: name } } }],
      });
      await proxy.serve(
        routes([], {
          ignore_port_in_host_matching: true,
          virtual_hosts: [host('iris', 'iris.example'), host('any', '*.example'), host('rest', '*')],
        }),
      );
      const at = async (authority: string) => {
        const session = connectHttp2(proxy.url);
        const stream = session.request({ ':path': '/', ':authority': authority });
        const body = JSON.parse((await buffer(stream)).toString()) as { error: string };
        session.close();
        return body.error;
      };
      expect(await at('iris.example')).toBe('iris');
      expect(await at('IRIS.example:8080')).toBe('iris');
      expect(await at('other.example')).toBe('any');
      expect(await at('elsewhere')).toBe('rest');
    });

    it('get and lose headers, on the way there and back', async () => {
      const add = (key: string, value: string, append_action = 'OVERWRITE_IF_EXISTS_OR_ADD') => ({
        header: { key, value },
        append_action,
      });
      await proxy.serve(
        routes([
          {
            match: { prefix: '/' },
            request_headers_to_add: [add('x-added', 'route'), add('x-kept', 'new', 'ADD_IF_ABSENT')],
            request_headers_to_remove: ['x-secret'],
            response_headers_to_remove: ['x-backend'],
            route: {
              weighted_clusters: {
                clusters: [{ name: 'stable', weight: 1, response_headers_to_add: [add('x-model-variant', 'stable')] }],
              },
            },
          },
        ]),
      );
      const response = await get('/', { 'x-secret': '1', 'x-kept': 'old', 'x-added': 'client' });
      expect(response.headers.get('x-model-variant')).toBe('stable');
      expect(response.headers.get('x-backend')).toBeNull();
      expect(stable.received[0]?.headers).toMatchObject({ 'x-added': 'route', 'x-kept': 'old' });
      expect(stable.received[0]?.headers['x-secret']).toBeUndefined();
    });
  });

  describe('requests of clients', () => {
    it('lose headers that are not theirs, before a route is looked for', async () => {
      const headers = [{ name: 'x-shadow', present_match: true }];
      await proxy.serve(
        routes([
          { match: { prefix: '/', headers }, direct_response: { status: 418 } },
          { match: { prefix: '/' }, route: { cluster: 'stable' } },
        ]),
      );
      expect(await nameAt('/', { 'x-shadow': '1', 'x-internal-user': 'me', 'x-other': '2' })).toBe('stable');
      const [received] = stable.received;
      expect(received?.headers).toMatchObject({ 'x-other': '2' });
      expect(received?.headers['x-shadow']).toBeUndefined();
      expect(received?.headers['x-internal-user']).toBeUndefined();
    });

    it('have an id, which the answer tells', async () => {
      await proxy.serve(routes([{ match: { prefix: '/' }, route: { cluster: 'stable' } }]));
      const id = '11111111-2222-3333-4444-555555555555';
      expect((await get('/', { 'x-request-id': id })).headers.get('x-request-id')).toBe(id);
      expect(stable.received[0]?.headers['x-request-id']).toBe(id);
      expect((await get('/')).headers.get('x-request-id')).toBe(stable.received[1]?.headers['x-request-id']);
    });
  });

  describe('shares', () => {
    const split = (weight: number, more: object = {}, name = 'candidate') =>
      routes([
        {
          match: { prefix: '/' },
          route: {
            weighted_clusters: {
              clusters: [
                { name: 'stable', weight: 10_000 - weight },
                { name, weight },
              ],
              ...('hash_policy' in more ? { use_hash_policy: true } : {}),
            },
            ...more,
          },
        },
      ]);

    it('are those of the weights', async () => {
      await proxy.serve(split(2500));
      const names = await repeat(400, () => nameAt('/'));
      // 100 expected; outside of these bounds less than once in a million runs.
      expect(names.filter((name) => name === 'candidate').length).toBeGreaterThan(57);
      expect(names.filter((name) => name === 'candidate').length).toBeLessThan(148);
      await proxy.serve(split(0));
      expect(new Set(await repeat(50, () => nameAt('/')))).toEqual(new Set(['stable']));
      await proxy.serve(split(10_000));
      expect(new Set(await repeat(50, () => nameAt('/')))).toEqual(new Set(['candidate']));
    });

    it('keep users who were in them while they grow', async () => {
      const regex_rewrite = { pattern: { regex: '^.*$' }, substitution: 'rollout/v2/\\0' };
      const hash_policy = [{ header: { header_name: 'x-user', regex_rewrite } }];
      const users = async (weight: number) => {
        await proxy.serve(split(weight, { hash_policy }));
        const names = await repeat(200, (user) => nameAt('/', { 'x-user': `user-${user}` }));
        return new Set(names.flatMap((name, user) => (name === 'candidate' ? [user] : [])));
      };
      const few = await users(1000);
      const again = await users(1000);
      const many = await users(5000);
      expect(again).toEqual(few);
      expect(few.size).toBeGreaterThan(0);
      expect(many.size).toBeGreaterThan(few.size);
      expect([...few].every((user) => many.has(user))).toBe(true);
    });
  });

  describe('mirrors', () => {
    const mirrored = (numerator: number) =>
      routes([
        {
          match: { prefix: '/' },
          route: {
            cluster: 'stable',
            request_mirror_policies: [
              {
                cluster: 'shadow',
                runtime_fraction: { default_value: { numerator, denominator: 'TEN_THOUSAND' } },
                trace_sampled: false,
                disable_shadow_host_suffix_append: true,
                request_headers_mutations: [
                  { append: { header: { key: 'x-shadow', value: '1' }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' } },
                  { remove: 'x-user' },
                ],
              },
            ],
          },
        },
      ]);

    it('get a copy of the request, and nobody waits for their answers', async () => {
      await proxy.serve(mirrored(10_000));
      shadow.answer = () => undefined;
      const response = await fetch(`${proxy.url}/p?q`, { method: 'POST', body: 'body', headers: { 'x-user': 'me' } });
      expect(await response.text()).toBe('stable');
      const copy = await eventually('the copy is there', () => shadow.received[0]);
      expect(copy).toMatchObject({
        method: 'POST',
        path: '/p?q',
        body: 'body',
        headers: { host: proxy.address, 'x-shadow': '1' },
      });
      expect(copy.headers['x-user']).toBeUndefined();
      expect(stable.received[0]?.headers['x-user']).toBe('me');
      expect(stable.received[0]?.headers['x-shadow']).toBeUndefined();
    });

    it('get their share', async () => {
      await proxy.serve(mirrored(5000));
      await repeat(200, () => nameAt('/'));
      await eventually('copies are there', () => shadow.received.length > 60);
      expect(shadow.received.length).toBeLessThan(140);
      await proxy.serve(mirrored(0));
      await repeat(50, () => nameAt('/not-mirrored'));
      expect(shadow.received.filter(({ path }) => path === '/not-mirrored')).toEqual([]);
    });
  });

  describe('pods', () => {
    const changing = (more: object = {}) =>
      routes([
        {
          match: { prefix: '/none' },
          response_headers_to_add: [{ header: { key: 'x-cluster', value: 'nobody' } }],
          route: { cluster: 'nobody' },
        },
        { match: { prefix: '/' }, route: { cluster: 'changing', ...more } },
      ]);

    it('come and go', async () => {
      await proxy.serve(changing());
      const refused = await get('/none');
      expect(refused.status).toBe(503);
      expect(refused.headers.get('x-cluster')).toBe('nobody');
      expect(await refused.json()).toEqual({ error: 'no healthy upstream' });
      pods.set('changing-pods.ml.svc:8080', [candidate.port]);
      await eventually('the pod is found', async () => (await nameAt('/')) === 'candidate');
      pods.set('changing-pods.ml.svc:8080', [shadow.port]);
      await eventually('the other pod is found', async () => (await nameAt('/')) === 'shadow');
    });

    it('that have just gone cost no request', async () => {
      const gone = await Backend.start('gone');
      const { port } = gone;
      await gone.stop();
      pods.set('changing-pods.ml.svc:8080', [port, candidate.port]);
      await proxy.serve(
        changing({
          retry_policy: {
            retry_on: 'connect-failure,refused-stream,reset-before-request',
            num_retries: 2,
            ...OTHER_HOSTS,
          },
        }),
      );
      await eventually('the pod is found', async () => (await nameAt('/')) === 'candidate');
      for (let request = 0; request < 20; request += 1) {
        expect(await nameAt('/')).toBe('candidate');
      }
    });

    it('that are slow are given up', async () => {
      pods.set('changing-pods.ml.svc:8080', [shadow.port]);
      shadow.answer = () => undefined;
      await proxy.serve(changing({ timeout: '0.3s' }));
      await eventually('the request is given up', async () => {
        const response = await get('/');
        return response.status === 504 && ((await response.json()) as { error: string }).error === 'too late';
      });
    });
  });

  describe('routes', () => {
    const fixed = (text: string) =>
      routes([{ match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: text } } }]);
    const text = async () => ((await (await get('/')).json()) as { error: string }).error;

    it('that are refused leave the former ones', async () => {
      await proxy.serve(fixed('good'));
      const rejected = () => proxy.statistic('http.requests.rds.models.update_rejected');
      const before = await rejected();
      proxy.write(routes([{ match: { prefix: '/' }, route: { cluster: 'unknown' } }]));
      await eventually('unknown clusters are refused', async () => (await rejected()) > before);
      const clusters = [{ name: 'stable', weight: 0 }];
      proxy.write(routes([{ match: { prefix: '/' }, route: { weighted_clusters: { clusters } } }]));
      await eventually('weights without a sum are refused', async () => (await rejected()) > before + 1);
      expect(await text()).toBe('good');
      await proxy.serve(fixed('better'));
      expect(await text()).toBe('better');
    });

    it('answer with what was asked, where they say so', async () => {
      const format = '100 %% %REQ(:METHOD):2% %PATH(NQ):9%.';
      const body_format = { text_format_source: { inline_string: format } };
      await proxy.serve(routes([{ match: { prefix: '/' }, direct_response: { status: 404, body_format } }]));
      const { error } = (await (await get('/long"path?key=secret')).json()) as { error: string };
      expect(error).toBe('100 % GE /long%22p.');
    });

    it('that are the same have their first version in the dump, and their last in the statistics', async () => {
      await proxy.serve(fixed('same'));
      const first = await proxy.served();
      const last = proxy.rewrite();
      await eventually(
        'the last version is told',
        async () => (await proxy.text('http.requests.rds.models.version_text')) === last,
      );
      expect(await proxy.served()).toBe(first);
    });
  });

  describe('health', () => {
    it('is told by the proxy itself, and can be taken away', async () => {
      await proxy.serve(routes([{ match: { prefix: '/' }, route: { cluster: 'stable' } }]));
      expect((await get('/ready')).status).toBe(200);
      await fetch(`${proxy.admin}/healthcheck/fail`, { method: 'POST' });
      expect((await get('/ready')).status).toBe(503);
      expect(await nameAt('/')).toBe('stable');
      await fetch(`${proxy.admin}/healthcheck/ok`, { method: 'POST' });
      expect((await get('/ready')).status).toBe(200);
      expect(stable.received.some(({ path }) => path === '/ready')).toBe(false);
    });
  });

  describe('statistics', () => {
    it('count answers and times by cluster', async () => {
      await proxy.serve(
        routes([
          {
            match: { prefix: '/' },
            route: { cluster: 'counted', request_mirror_policies: [{ cluster: 'counted-shadow' }] },
          },
        ]),
      );
      const sample = async (name: string) => (await proxy.samples()).get(name);
      stable.answer = (request, response) => {
        response.statusCode = request.url === '/bad' ? 500 : 200;
        response.end();
      };
      await repeat(4, () => get('/'));
      await repeat(3, () => get('/bad'));
      const counted = (code: number, name: string) =>
        sample(`envoy_cluster_upstream_rq envoy_cluster_name=${name} envoy_response_code=${code}`);
      await eventually('good answers are counted', async () => (await counted(200, 'counted')) === 4);
      await eventually('bad answers are counted', async () => (await counted(500, 'counted')) === 3);
      await eventually('copies are counted apart', async () => (await counted(200, 'counted-shadow')) === 7);
      for (const le of ['1000', '+Inf']) {
        await eventually(
          'times are counted',
          async () => (await sample(`envoy_cluster_upstream_rq_time_bucket envoy_cluster_name=counted le=${le}`)) === 7,
        );
      }
      expect(await proxy.statistic('cluster.counted.upstream_rq_active')).toBe(0);
      expect(await proxy.statistic('cluster.counted.upstream_rq_total')).toBe(7);
    });

    it('are there before the first request, and tell how long the proxy runs', async () => {
      const samples = await proxy.samples();
      expect(samples.get('envoy_cluster_upstream_rq_total envoy_cluster_name=idle')).toBe(0);
      expect(samples.get('envoy_cluster_upstream_rq_active envoy_cluster_name=idle')).toBe(0);
      expect(samples.get('envoy_server_uptime')).toBeGreaterThanOrEqual(0);
    });

    it('tell why there is no answer', async () => {
      const gone = await Backend.start('gone');
      const { port } = gone;
      await gone.stop();
      await proxy.serve(routes([{ match: { prefix: '/' }, route: { cluster: 'leaving' } }]));
      const counted = (name: string) => proxy.statistic(`cluster.leaving.${name}`);
      expect((await get('/')).status).toBe(503);
      expect(await counted('upstream_cx_none_healthy')).toBe(1);
      pods.set('leaving-pods.ml.svc:8080', [port]);
      await eventually('the pod is asked', async () => {
        await get('/');
        return (await counted('upstream_rq_pending_failure_eject')) > 0;
      });
      // Neither has reached a pod.
      expect(await counted('upstream_rq_total')).toBe(0);
      expect(await counted('upstream_rq_503')).toBeGreaterThanOrEqual(2);
    });
  });

  describe('gRPC', () => {
    it('passes, with the headers after the body', async () => {
      await proxy.serve(
        routes([
          { match: { prefix: '/known.', grpc: {} }, route: { cluster: 'grpc' } },
          { match: { prefix: '/' }, direct_response: { status: 404, body: { inline_string: 'no such route' } } },
        ]),
      );
      expect(await call(proxy.url, '/known.Service/Method', 'message')).toEqual({
        status: 200,
        body: 'message',
        'grpc-status': '0',
        backend: 'grpc',
      });
      expect(await call(proxy.url, '/other.Service/Method', 'message')).toMatchObject({
        status: 200,
        'grpc-status': '12',
      });
    });
  });
}

/** A server that sends back what it gets, as gRPC does. */
async function startGrpc(): Promise<Http2Server> {
  const server = createHttp2();
  server.on('stream', async (stream) => {
    const body = await buffer(stream);
    stream.respond(
      { ':status': 200, 'content-type': 'application/grpc', 'x-backend': 'grpc' },
      { waitForTrailers: true },
    );
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

async function call(url: string, path: string, message: string): Promise<Record<string, unknown>> {
  const session = connectHttp2(url);
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  let after: Record<string, unknown> = {};
  stream.on('trailers', (trailers) => {
    after = { 'grpc-status': trailers['grpc-status'] };
  });
  stream.end(message);
  const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
  const closed = once(stream, 'close');
  const body = (await buffer(stream)).toString();
  await closed;
  session.close();
  return {
    status: headers[':status'],
    body,
    'grpc-status': headers['grpc-status'],
    backend: headers['x-backend'],
    ...after,
  };
}
