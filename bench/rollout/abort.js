/**
 * How long after an abort the candidate still gets requests: the way from the agent to the proxy, and with it the requests
 * that were on their way.
 *
 *   ENVOY=/path/to/envoy node bench/rollout/abort.js [--tries 50]
 *
 * One agent (the compiled runtime) with a real Envoy of two threads, 32 connections that send one request after the other,
 * half of them to the candidate. Times are milliseconds from the moment before the abort is sent to the last request that
 * arrives at the candidate.
 */

const { spawn } = require('node:child_process');
const { mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const { Agent, request } = require('node:http');
const { tmpdir } = require('node:os');
const { join, resolve } = require('node:path');
const { setTimeout: wait } = require('node:timers/promises');
const { parseArgs } = require('node:util');

require('tsx/cjs');
const { makeGateway } = require('../../test/gateway-agent/gateway.ts');
const { startFaultyApi } = require('../../test/support/api-faults.ts');

const CONNECTIONS = 32;

/** Long enough for a request that was sent before the abort. */
const QUIET_MILLIS = 500;

const { values } = parseArgs({ options: { tries: { type: 'string', default: '50' } } });
const tries = Number(values.tries);

async function main() {
  const directory = mkdtempSync(join(tmpdir(), 'bench-rollout-'));
  const gateway = await makeGateway();
  const api = await startFaultyApi();
  let lastCandidate = 0;
  gateway.hold = (cluster) => {
    if (cluster === 'candidate') {
      lastCandidate = performance.now();
    }
  };
  const agent = startAgent(gateway, api, directory);
  const load = new Load(gateway.url);
  try {
    await gateway.startProxy();
    await until(async () => (await gateway.status()).serving !== undefined);
    load.start();
    const push = () => fetch(`${gateway.agentUrl}/rollouts/iris/abort`, { method: 'POST', body: '{}' });
    const annotate = (revision) =>
      api.server.apply({
        kind: 'ConfigMap',
        metadata: { name: 'iris', annotations: { 'model-serving/abort': `bench ${revision}` } },
      });
    const rows = [];
    let revision = 0;
    for (const [name, abort, latencyMillis] of [
      ['pushed', push, 0],
      ['pushed, API server at 2 s', push, 2000],
      ['annotated', annotate, 0],
    ]) {
      const times = [];
      for (let index = 0; index < tries; index += 1) {
        revision += 1;
        api.latencyMillis = 0;
        put(api, revision);
        await until(async () => {
          const { rollouts, serving, written } = await gateway.status();
          return serving === written && rollouts.iris?.candidateWeight === 5000;
        });
        await wait(20);
        api.latencyMillis = latencyMillis;
        const started = performance.now();
        await abort(revision);
        await wait(QUIET_MILLIS);
        times.push(Math.max(0, lastCandidate - started));
      }
      rows.push({ name, ...summary(times) });
    }
    console.table(rows);
    console.log(`${load.answers} requests in all, ${load.failures} failed`);
  } finally {
    await load.stop();
    agent.kill('SIGTERM');
    await new Promise((done) => agent.once('exit', done));
    await gateway.close();
    await api.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Requests one after the other on every connection. */
class Load {
  answers = 0;
  failures = 0;
  running = true;
  clients = [];

  constructor(url) {
    this.url = url;
    this.agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  }

  start() {
    this.clients = Array.from({ length: CONNECTIONS }, async () => {
      while (this.running) {
        const isGood = await this.one();
        this.answers += 1;
        this.failures += isGood ? 0 : 1;
      }
    });
  }

  async stop() {
    this.running = false;
    await Promise.all(this.clients);
    this.agent.destroy();
  }

  one() {
    return new Promise((done) => {
      const sent = request(this.url, { agent: this.agent }, (response) => {
        response.resume();
        response.on('end', () => done(response.statusCode === 200));
      });
      sent.on('error', () => done(false));
      sent.end();
    });
  }
}

function startAgent(gateway, api, directory) {
  const { port, adminPort } = gateway.config;
  const config = join(directory, 'config.json');
  writeFileSync(config, JSON.stringify(gateway.config));
  const ports = { [port]: port, [adminPort]: adminPort };
  const sandbox = JSON.stringify({ root: '/', host: '127.0.0.1', ports, api: api.url });
  const program = resolve(__dirname, '../../runtime/bin/model-serving.js');
  return spawn(process.execPath, [program, 'agent', '--config', config], {
    env: { ...process.env, MODEL_SERVING_SANDBOX: sandbox },
    stdio: 'ignore',
  });
}

function put(api, revision) {
  const shares = { candidateWeight: 5000, mirror: 0, comparison: 0, pinned: false };
  const split = JSON.stringify({ revision, stable: '1', candidate: '2', ...shares });
  const data = { 'split.json': split, heartbeat: String(revision) };
  api.server.apply({
    kind: 'ConfigMap',
    metadata: { name: 'iris', annotations: { 'model-serving/abort': null } },
    data,
  });
}

async function until(ask) {
  while (!(await ask().catch(() => false))) {
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
