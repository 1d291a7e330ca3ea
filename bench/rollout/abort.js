/**
 * How long after an abort the candidate still gets requests, with everything that a rollout has: the compiled agent and the
 * compiled controller as processes, a real Envoy of two threads, and an API server. 32 connections send one request after the
 * other, half of them to the candidate.
 *
 *   ENVOY=/path/to/envoy node bench/rollout/abort.js [--tries 50] [--only PATTERN]
 *
 * Times are milliseconds until the last request that arrives at the candidate, from the moment before the abort: before the
 * annotation is stored, before the request to the agent is sent, or before the candidate begins to fail every request. `--only`
 * is a pattern of their names.
 */

const { mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { setTimeout: wait } = require('node:timers/promises');
const { parseArgs } = require('node:util');

require('tsx/cjs');
const { makeGateway } = require('../../test/gateway-agent/gateway.ts');
const { startFaultyApi } = require('../../test/support/api-faults.ts');
const { Load } = require('./load');
const { startAgent, startController } = require('./processes');

/** Long enough for a request that was sent before the abort, beyond what the API server is late. */
const QUIET_MILLIS = 400;
const SLOW_MILLIS = 2000;

const { values } = parseArgs({
  options: { tries: { type: 'string', default: '50' }, only: { type: 'string', default: '' } },
});
const tries = Number(values.tries);

/** What aborts: a person by annotation, somebody at the agent, or the controller, which sees the candidate fail. */
const ANNOTATION = ({ api, attempt }) => annotate(api, { 'model-serving/abort': `bench ${attempt}` });
const PUSH = ({ gateway }) => fetch(`${gateway.agentUrl}/rollouts/iris/abort`, { method: 'POST', body: '{}' });
const GUARDRAIL = ({ faults }) => {
  faults.failing = true;
};

const ROWS = [
  { name: 'annotation', abort: ANNOTATION },
  { name: 'annotation, Prometheus is down', abort: ANNOTATION, isBlind: true },
  { name: 'annotation, the controller was killed just before', abort: ANNOTATION, isKilled: true },
  { name: 'annotation, API server 2 s late', abort: ANNOTATION, latencyMillis: SLOW_MILLIS },
  { name: 'pushed to the agent', abort: PUSH },
  { name: 'pushed to the agent, API server 2 s late', abort: PUSH, latencyMillis: SLOW_MILLIS },
  { name: 'guardrail', abort: GUARDRAIL },
  { name: 'guardrail, API server 2 s late', abort: GUARDRAIL, latencyMillis: SLOW_MILLIS },
];

async function main() {
  const directory = mkdtempSync(join(tmpdir(), 'bench-rollout-'));
  const gateway = await makeGateway();
  const ports = { 8083: gateway.config.port, 8082: gateway.config.adminPort };
  const api = await startFaultyApi('default', (host, port) => [
    { host: '127.0.0.1', port: host.startsWith('gateway') ? ports[port] : port },
  ]);
  for (const [apiVersion, kind] of [
    ['v1', 'ConfigMap'],
    ['coordination.k8s.io/v1', 'Lease'],
  ]) {
    api.server.apply({ apiVersion, kind, metadata: { name: 'iris' } });
  }
  const faults = { failing: false };
  let lastCandidate = 0;
  gateway.hold = (cluster) => {
    if (cluster === 'candidate') {
      lastCandidate = performance.now();
    }
  };
  gateway.fails = (cluster) => cluster === 'candidate' && faults.failing;
  const agent = startAgent(gateway, api, directory);
  const load = new Load(gateway.url);
  const rows = [];
  let controller;
  let attempt = 0;
  try {
    await gateway.startProxy();
    await until('the agent', async () => (await gateway.status()).serving !== undefined);
    load.start();
    for (const { name, abort, isBlind = false, isKilled = false, latencyMillis = 0 } of ROWS) {
      if (!new RegExp(values.only).test(name)) {
        continue;
      }
      await controller?.kill();
      controller = await startController(api, directory, { isBlind });
      const times = [];
      for (let index = 0; index < tries; index += 1) {
        attempt += 1;
        await begin(gateway, api);
        await wait(20);
        api.latencyMillis = latencyMillis;
        if (isKilled) {
          await controller.kill();
        }
        const started = performance.now();
        await abort({ api, gateway, faults, attempt });
        await until('the abort', async () => (await gateway.status()).rollouts.iris?.candidateWeight === 0);
        await wait(QUIET_MILLIS);
        times.push(Math.max(0, lastCandidate - started));
        faults.failing = false;
        api.latencyMillis = 0;
        if (isKilled) {
          controller = await startController(api, directory, { isBlind });
        }
      }
      rows.push({ name, ...summary(times) });
      process.stderr.write(`${JSON.stringify(rows.at(-1))}\n`);
    }
    console.table(rows);
    console.log(
      `${load.answers} requests in all; ${load.failures} failed, all of them those that the candidate failed`,
    );
  } finally {
    await load.stop();
    await controller?.kill();
    agent.kill('SIGTERM');
    await new Promise((done) => agent.once('exit', done));
    await gateway.close();
    await api.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Brings the candidate to half of the requests, after a rollback by a new attempt. */
async function begin(gateway, api) {
  let asked = 0;
  await until('half of the requests for the candidate', async () => {
    const { phase } = JSON.parse(api.server.get('ConfigMap', 'iris')?.data?.['status.json'] ?? '{}');
    if (phase === 'RolledBack') {
      annotate(api, { 'model-serving/retry': `bench ${++asked}`, 'model-serving/abort': null });
    }
    const { rollouts, serving, written } = await gateway.status();
    return phase === 'Progressing' && serving === written && rollouts.iris?.candidateWeight === 5000;
  });
}

function annotate(api, annotations) {
  api.server.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'iris', annotations } });
}

async function until(what, ask) {
  const end = performance.now() + 60_000;
  while (!(await ask().catch(() => false))) {
    if (performance.now() > end) {
      throw new Error(`did not happen: ${what}`);
    }
    await wait(5);
  }
}

function summary(times) {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share) => Number(sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)].toFixed(1));
  return { tries: times.length, p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
