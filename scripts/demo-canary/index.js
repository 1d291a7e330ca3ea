/**
 * A rollout as a person sees it, twice: a good version is promoted under load, a bad one is turned back by itself. Real
 * manifests, run by `model-serving local`. Ends with 0 when both happened.
 */

const { execFileSync } = require('node:child_process');
const { once } = require('node:events');
const { mkdirSync, mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { styleText } = require('node:util');
const { firstAnswer, startLoad } = require('./load');
const { start } = require('../local-run');
const { runCanary } = require('./local');

const STARTED = performance.now();
const MOST_MILLIS = 85_000;
const NAMESPACE = 'ml-serving';

/** Ends what is under way, so that nothing is left behind. */
const stopping = new AbortController();

const title = (text) => console.log(`\n${styleText('bold', text)}`);
const seconds = () => `${((performance.now() - STARTED) / 1000).toFixed(0)} s`;

/** Synthesizes the rollout from one version to another. @returns directory of the manifests */
function synthesize(folder, stable, candidate) {
  const manifests = join(folder, 'dist');
  mkdirSync(manifests);
  execFileSync(process.execPath, [require.resolve('./app')], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, STABLE: stable, CANDIDATE: candidate, CDK8S_OUTDIR: manifests },
  });
  return manifests;
}

/** Shows the rollout while it goes on, until it has ended. */
async function follow({ api, rollout }) {
  const child = start(
    ['rollout', 'status', rollout, '--namespace', NAMESPACE, '--server', api, '--watch', '--wait'],
    ['ignore', 'inherit', 'inherit'],
  );
  const end = () => child.kill('SIGTERM');
  stopping.signal.addEventListener('abort', end, { once: true });
  await once(child, 'exit');
  stopping.signal.removeEventListener('abort', end);
  stopping.signal.throwIfAborted();
}

/** What the rollout left behind: its status, and its decisions. */
async function recordOf({ api, rollout }) {
  const response = await fetch(`${api}/api/v1/namespaces/${NAMESPACE}/configmaps/${rollout}`);
  const { data } = await response.json();
  const decisions = data['decisions.jsonl'].trim().split('\n');
  return { status: JSON.parse(data['status.json']), decisions: decisions.map((line) => JSON.parse(line)) };
}

/** A rollout from its manifests to its end, under load. */
async function rollOut(stable, candidate) {
  const folder = mkdtempSync(join(tmpdir(), 'model-serving-demo-canary-'));
  let local;
  let load;
  try {
    stopping.signal.throwIfAborted();
    const manifests = synthesize(folder, stable, candidate);
    local = await runCanary(manifests, folder);
    await firstAnswer(local.url, stopping.signal);
    console.log(`  the gateway answers after ${seconds()}; ${local.proxy}; the load begins`);
    load = startLoad(local.url);
    await follow(local);
    const record = await recordOf(local);
    return { ...record, ...(await load.stop()) };
  } finally {
    await load?.stop();
    await local?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function tell({ answers, failed }) {
  const counts = Object.entries(answers).map(([version, count]) => `${count} answers of ${version}`);
  console.log(`\n  What clients saw: ${counts.join(', ')}, ${failed} failed requests.`);
}

function tellEvidence({ decisions }, kind) {
  const decision = decisions.findLast((each) => each.kind === kind);
  console.log(`\n  ${decision?.message ?? `There is no decision ${kind}.`}`);
  for (const [name, { outcome, reason, p, alpha }] of Object.entries(decision?.evidence ?? {})) {
    const numbers = p === undefined ? '' : ` (p ${p.toPrecision(2)}, alpha ${alpha})`;
    console.log(`    ${name}: ${outcome}: ${reason}${numbers}`);
  }
}

function expectPhase({ status }, phase) {
  if (status.phase !== phase) {
    throw new Error(`the rollout is ${status.phase} (${status.reason}), and was to be ${phase}`);
  }
}

async function main() {
  title('1. v1 is served, v2 is good: shadow, 10 %, 50 %, promotion');
  const good = await rollOut('v1', 'v2');
  tell(good);
  tellEvidence(good, 'promoting');
  expectPhase(good, 'Promoted');

  title('2. v2 is served, v3 is broken: it calls every virginica a versicolor, fast and without an error');
  const bad = await rollOut('v2', 'v3');
  tell(bad);
  tellEvidence(bad, 'aborting');
  expectPhase(bad, 'RolledBack');
  if (bad.answers.v3 !== undefined) {
    throw new Error(`${bad.answers.v3} clients got an answer of v3`);
  }
  title(`v2 was promoted, v3 was turned back, in ${seconds()}. examples/iris-canary is the same with real times.`);
}

const stop = (why) => stopping.abort(new Error(why));
const timer = setTimeout(() => stop(`not done within ${MOST_MILLIS / 1000} s`), MOST_MILLIS);
process.once('SIGINT', () => stop('interrupted'));

main()
  .catch((error) => {
    console.error(`\ndemo failed: ${error.message}`);
    process.exitCode = 1;
  })
  .finally(() => clearTimeout(timer));
