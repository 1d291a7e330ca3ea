const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { writeFileSync } = require('node:fs');
const { join, resolve } = require('node:path');
const { rolloutConfig } = require('../../test/rollout/support.ts');

const PROGRAM = resolve(__dirname, '../../runtime/bin/model-serving.js');

/** Nothing listens there. */
const NO_PROMETHEUS = 'http://127.0.0.1:9';

/** Starts the agent of a gateway. */
function startAgent(gateway, api, directory) {
  const { port, adminPort } = gateway.config;
  const config = join(directory, 'agent.json');
  writeFileSync(config, JSON.stringify(gateway.config));
  return start(['agent', '--config', config], { [port]: port, [adminPort]: adminPort }, api);
}

/**
 * Starts a controller whose rollout has one step, of half of the requests, that does not end by itself. It leads at once.
 *
 * @returns its `kill`, which resolves when it has ended
 */
async function startController(api, directory, { isBlind }) {
  const usual = rolloutConfig();
  const config = join(directory, 'rollout.json');
  const changes = {
    stable: { ...usual.stable, version: '1', clusters: ['stable'] },
    candidate: { ...usual.candidate, version: '2', clusters: ['candidate'], shadowClusters: [] },
    metrics: isBlind ? { type: 'prometheus', url: NO_PROMETHEUS, timeoutMillis: 1000 } : usual.metrics,
    steps: [{ type: 'weight', share: 5000, minMillis: 86_400_000 }],
    guardrails: usual.guardrails.map((guardrail) => ({ ...guardrail, minSamples: 100 })),
    missingData: { holdMillis: 86_400_000, action: 'pause' },
    intervalMillis: 100,
  };
  writeFileSync(config, JSON.stringify(rolloutConfig(changes)));
  // Whoever held it was killed: nobody waits until it is over.
  api.server.apply({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'iris' },
    spec: { holderIdentity: '' },
  });
  const child = start(['rollout', '--config', config], { 8080: 0, 8082: 0 }, api);
  return {
    kill: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = once(child, 'exit');
        child.kill('SIGKILL');
        await ended;
      }
    },
  };
}

function start(args, ports, api) {
  const sandbox = JSON.stringify({ root: '/', host: '127.0.0.1', ports, api: api.url });
  return spawn(process.execPath, [PROGRAM, ...args], {
    env: { ...process.env, MODEL_SERVING_SANDBOX: sandbox },
    stdio: 'ignore',
  });
}

module.exports = { startAgent, startController };
