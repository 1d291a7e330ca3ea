import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type RunningAgent, startAgent } from '../../runtime/src/gateway';
import { KubernetesApi } from '../../runtime/src/kubernetes-api';
import { createLogger } from '../../runtime/src/telemetry';
import { ENVOY } from '../support/envoy';
import { eventually } from '../support/eventually';
import { mountSecret } from '../support/mounted-secret';
import { describeWith } from '../support/requires';
import { temporaryDirectory } from '../support/temporary';
import { type Gateway, makeGateway } from './gateway';

const directory = temporaryDirectory();
const sha256 = (key: string) => `${createHash('sha256').update(key).digest('hex')}\n`;

let gateway: Gateway;
let agent: RunningAgent;

async function start(apiKeysPath?: string): Promise<void> {
  gateway = await makeGateway({ apiKeysPath });
  agent = await startAgent(gateway.config, {
    logger: createLogger({ level: 'silent' }),
    api: KubernetesApi.at('http://127.0.0.1:1'),
  });
}

beforeAll(() => {
  process.env.MODEL_SERVING_HOST = '127.0.0.1';
});
afterAll(() => {
  delete process.env.MODEL_SERVING_HOST;
});
afterEach(async () => {
  await agent.close();
  await gateway.close();
});

const get = (path: string, headers: Record<string, string> = {}) => fetch(gateway.agentUrl + path, { headers });

describe('the port of an agent', () => {
  it('answers health, metrics and errors', async () => {
    await start();
    expect((await get('/v2/health/live')).status).toBe(200);
    expect((await get('/v2/health/ready')).status).toBe(200);
    const metrics = await (await get('/metrics')).text();
    for (const line of [
      'model_serving_gateway_routes_written_total 0',
      'model_serving_gateway_routes_rejected_total 0',
      'model_serving_gateway_routes_applied 0',
      'model_serving_gateway_candidate_ratio{rollout="iris"} 0',
      'model_serving_gateway_split_source{rollout="iris",source="manifest"} 1',
      'model_serving_gateway_split_source{rollout="iris",source="abort"} 0',
      'model_serving_gateway_watch_connected{rollout="iris"} 0',
      'process_resident_memory_bytes',
    ]) {
      expect(metrics).toContain(line);
    }
    expect(metrics).toMatch(/model_serving_gateway_heartbeat_age_seconds\{rollout="iris"\} \d/);
    expect(metrics).not.toContain('authorizations');
    const unknown = await get('/none');
    expect([unknown.status, await unknown.json()]).toEqual([404, { error: 'The status of the agent is at /status.' }]);
    // Without API keys nobody is let in by mistake.
    expect((await get('/authorize/v2')).status).toBe(404);
    const post = await fetch(`${gateway.agentUrl}/status`, { method: 'POST' });
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  it('says of a drain that there is no proxy to drain', async () => {
    await start();
    expect((await get('/drain')).status).toBe(200);
  });

  it('knows API keys, those as well that are mounted later', async () => {
    const keys = mountSecret(join(directory, 'keys'), { ada: sha256('key-of-ada') });
    await start(keys.path);
    const allowed = await get('/authorize/v2/models/iris/infer?a=b', { 'x-api-key': 'key-of-ada' });
    expect([allowed.status, allowed.headers.get('x-client')]).toEqual([200, 'ada']);
    expect((await get('/authorize/', { authorization: 'Bearer key-of-ada' })).headers.get('x-client')).toBe('ada');
    const missing = await get('/authorize/');
    expect([missing.status, missing.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="model-serving"']);
    expect(await missing.json()).toEqual({
      error: "Credentials are missing; send an API key in the header 'x-api-key'.",
    });
    const invalid = await get('/authorize/', { 'x-api-key': 'guessed' });
    expect([invalid.status, await invalid.json()]).toEqual([401, { error: 'The API key is not known.' }]);
    keys.write({ bob: sha256('key-of-bob') });
    await eventually('the new key counts', async () => (await get('/authorize/', { 'x-api-key': 'key-of-bob' })).ok);
    expect((await get('/authorize/', { 'x-api-key': 'key-of-ada' })).status).toBe(401);
    expect(await (await get('/metrics')).text()).toMatch(
      /model_serving_gateway_authorizations_total\{result="allowed"\} 3/,
    );
  });
});

it('API keys that cannot be used stop the start', async () => {
  await start();
  await expect(
    startAgent(
      { ...gateway.config, apiKeysPath: join(directory, 'none') },
      { logger: createLogger({ level: 'silent' }) },
    ),
  ).rejects.toMatchObject({
    exitCode: 43,
    problems: [expect.objectContaining({ path: 'apiKeysPath', rule: 'exists' })],
  });
});

describeWith('API keys at the proxy', ENVOY, () => {
  it('the proxy asks the agent, and tells the model who it is', async () => {
    const keys = mountSecret(join(directory, 'proxied'), { ada: sha256('key-of-ada') });
    await start(keys.path);
    await gateway.startProxy();
    const answer = await fetch(`${gateway.url}/v2/x`, {
      method: 'POST',
      body: '{}',
      headers: { 'x-api-key': 'key-of-ada' },
    });
    expect(await answer.json()).toEqual({ cluster: 'stable', client: 'ada' });
    const refused = await fetch(gateway.url, { headers: { 'x-client': 'ada' } });
    expect([refused.status, await refused.json()]).toEqual([401, { error: expect.stringContaining('missing') }]);
    expect(gateway.counts.stable).toBe(1);
  });
});
