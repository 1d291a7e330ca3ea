import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type AgentStatus, GATEWAY_PATHS, GATEWAY_PORTS, PATHS } from '../../lib/contract';
import { loadGatewayAgentConfig } from '../../runtime/src/config';
import { seedRoutes, startAgent } from '../../runtime/src/gateway';
import { KubernetesApi } from '../../runtime/src/kubernetes-api';
import { createLogger } from '../../runtime/src/telemetry';
import { startFaultyApi } from '../support/api-faults';
import { ENVOY, gatewayFiles } from '../support/envoy';
import { eventually } from '../support/eventually';
import { freePort } from '../support/free-port';
import { addSplit, addVersion, GATEWAYS, newGateway, serversOf, startGateway } from '../support/gateways';
import type { Manifest } from '../support/manifests';
import { fixture, startTestPredictor } from '../support/predictor';
import { describeWith } from '../support/requires';
import { temporaryDirectory } from '../support/temporary';

const directory = temporaryDirectory();
const cases = Object.entries(GATEWAYS).map(([name, declare]) => ({ name, declare }));

const { env } = process;
afterEach(() => {
  process.env = env;
});

/** Puts the files of the agent's container below a directory, which then stands for the root of this process. */
function mount(objects: Manifest[], root: string, ports: Record<number, number> = {}): void {
  const { agent, routes } = gatewayFiles(objects);
  for (const [path, text] of [
    [PATHS.config, agent],
    [GATEWAY_PATHS.baseRoutes, routes],
  ] as const) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  mkdirSync(join(root, GATEWAY_PATHS.routesDirectory), { recursive: true });
  process.env = { ...env, MODEL_SERVING_SANDBOX: JSON.stringify({ root, host: '127.0.0.1', ports }) };
}

test.each(cases)('$name: the agent takes what the library writes, and seeds the routes', ({ name, declare }) => {
  const objects = declare().chart.toJson();
  const root = join(directory, name.replace(/\W+/g, '-'));
  mount(objects, root);
  seedRoutes(loadGatewayAgentConfig(PATHS.config));
});

describeWith('the proxy of a gateway', ENVOY, () => {
  it('follows the splits of its rollout', async () => {
    const gateway = newGateway();
    const [v1, v2] = [addVersion(gateway, 'echo', 'v1'), addVersion(gateway, 'echo', 'v2')];
    addSplit(gateway, v1, v2, { name: 'echo-rollout' });
    const predictor = (version: string) =>
      startTestPredictor([fixture('identity-fp32.onnx', { name: 'echo', version })]);
    const [first, second] = [await predictor('v1'), await predictor('v2')];
    const root = join(directory, 'proxied');
    const envoy = await startGateway(gateway, root, [
      [v1, serversOf(first)],
      [v2, serversOf(second)],
    ]);
    const port = await freePort();
    mount(gateway.chart.toJson(), root, { [GATEWAY_PORTS.agent]: port, [GATEWAY_PORTS.admin]: envoy.adminPort });
    const api = await startFaultyApi();
    const agent = await startAgent(loadGatewayAgentConfig(PATHS.config), {
      logger: createLogger({ level: 'silent' }),
      api: KubernetesApi.at(api.url),
    });
    try {
      const shares = { candidateWeight: 10_000, mirror: 0, comparison: 0, pinned: false };
      const split = JSON.stringify({ revision: 1, stable: 'v1', candidate: 'v2', ...shares });
      const data = { 'split.json': split, heartbeat: '1' };
      api.server.apply({ kind: 'ConfigMap', metadata: { name: 'echo-rollout' }, data });
      await eventually('the split is served', async () => {
        const status = (await (await fetch(`http://127.0.0.1:${port}/status`)).json()) as AgentStatus;
        expect(status.serving).toBe(status.written);
        expect(status.rollouts['echo-rollout']).toEqual({ revision: 1, candidateWeight: 10_000, source: 'split' });
        return true;
      });
      const answer = await envoy.send('POST', '/v1/models/echo:predict', '{"instances": [[1, 2]]}');
      expect(answer.headers['x-model-version']).toBe('v2');
    } finally {
      await agent.close();
      await api.close();
    }
  });
});
