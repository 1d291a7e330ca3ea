/**
 * The main job, as a person sees it: synthesize the iris example, run its manifests on this machine, send real rows,
 * and hold the answers against what Python's onnxruntime said for them.
 */

const { execFileSync } = require('node:child_process');
const { mkdtempSync, readFileSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { styleText } = require('node:util');
const { parseAllDocuments } = require('yaml');
const { runManifests } = require('./local-run');

const ROOT = join(__dirname, '..');
const TOLERANCE = 1e-6;
const STARTED = performance.now();

const title = (text) => console.log(`\n${styleText('bold', text)}`);
const seconds = () => `${((performance.now() - STARTED) / 1000).toFixed(1)} s`;

function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => String(row[column]).length)));
  for (const row of rows) {
    console.log(`  ${row.map((cell, column) => String(cell).padEnd(widths[column])).join('  ')}`.trimEnd());
  }
}

function synthesize() {
  title('1. examples/iris/main.ts becomes Kubernetes manifests (cdk8s synth)');
  execFileSync('cdk8s', ['synth', '--check-upgrade=false'], { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] });
  const objects = parseAllDocuments(readFileSync(join(ROOT, 'dist/iris.k8s.yaml'), 'utf8')).map((document) =>
    document.toJS(),
  );
  table(objects.map(({ kind, metadata }) => [kind, metadata.name]));
}

async function send(url, body) {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) {
    throw new Error(`${url} answered ${response.status}: ${text}`);
  }
  return JSON.parse(text);
}

/** One flower of each species, and one on which the two versions differ most. */
function flowers({ instances, predictions }) {
  const difference = instances.map((_, row) => {
    const [v1, v2] = ['v1', 'v2'].map((version) => predictions[version].probabilities[row]);
    return Math.max(...v1.map((probability, index) => Math.abs(probability - v2[index])));
  });
  return [0, 50, 100, difference.indexOf(Math.max(...difference))];
}

async function predict(urls) {
  title(`3. Predictions over V1 and V2, beside Python's onnxruntime (first answer after ${await firstAnswer(urls)})`);
  const expected = JSON.parse(readFileSync(join(ROOT, 'examples/iris/predictions.json'), 'utf8'));
  const rows = flowers(expected);
  const instances = rows.map((row) => expected.instances[row]);
  const lines = [['version', 'sepal, petal (cm)', 'species', 'probability', "Python's", 'equal']];
  let largest = 0;
  for (const [version, url] of Object.entries(urls)) {
    const { probabilities: python } = expected.predictions[version];
    const v1 = await send(`${url}/v1/models/iris-classifier:predict`, { instances });
    const v2 = await send(`${url}/v2/models/iris-classifier/infer`, {
      inputs: [{ name: 'features', shape: [rows.length, 4], datatype: 'FP32', data: instances }],
    });
    const flat = v2.outputs.find(({ name }) => name === 'probabilities').data;
    rows.forEach((row, index) => {
      const { label, probabilities } = v1.predictions[index];
      const difference = Math.max(
        ...python[row].flatMap((value, species) => [
          Math.abs(value - probabilities[species]),
          Math.abs(value - flat[index * python[row].length + species]),
        ]),
      );
      largest = Math.max(largest, difference);
      lines.push([
        version,
        instances[index].map((value) => value.toFixed(1)).join(' '),
        expected.classes[label],
        probabilities[label].toFixed(5),
        python[row][label].toFixed(5),
        difference <= TOLERANCE ? 'yes' : `off by ${difference}`,
      ]);
    });
  }
  table(lines);
  if (largest > TOLERANCE) {
    throw new Error(`a prediction differs from Python's by ${largest}, more than ${TOLERANCE}`);
  }
}

async function firstAnswer(urls) {
  await send(`${Object.values(urls)[0]}/v1/models/iris-classifier:predict`, { instances: [[5.1, 3.5, 1.4, 0.2]] });
  return seconds();
}

async function metrics(url) {
  title('4. What Prometheus sees of one replica of v1');
  const text = await (await fetch(`${url}/metrics`)).text();
  const wanted = /^model_serving_(requests_total\{.*code="2xx"|batch_rows_(sum|count)|model_ready|model_load_seconds)/;
  for (const line of text.split('\n').filter((candidate) => wanted.test(candidate))) {
    console.log(`  ${line}`);
  }
}

function howToGoOn() {
  title('5. How to go on');
  table([
    ['npx model-serving local dist/ --open', 'keep it running, with a table of addresses'],
    ['kubectl create namespace ml-serving', ''],
    ['kubectl apply -f dist/', 'the same manifests, on a cluster'],
    ['docs/tutorial.md', 'train, declare, synthesize, run, predict, apply: your own model'],
  ]);
}

async function main() {
  const folder = mkdtempSync(join(tmpdir(), 'model-serving-demo-'));
  let local;
  try {
    synthesize();
    title('2. The same manifests run on this machine (model-serving local dist/)');
    local = await runManifests(join(ROOT, 'dist'), folder);
    const { services } = local.status;
    table([
      ['service', 'port', 'address', 'ready pods'],
      ...services.map(({ name, port, address, readyPods, pods }) => [name, port, address, `${readyPods} of ${pods}`]),
    ]);
    const url = (version, port) =>
      services.find((service) => service.name.startsWith(`iris-classifier-${version}-`) && service.port === port).url;
    await predict({ v1: url('v1', 'http'), v2: url('v2', 'http') });
    await metrics(url('v1', 'metrics'));
    howToGoOn();
  } finally {
    await local?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

main().catch((error) => {
  console.error(`\ndemo failed: ${error.message}`);
  process.exitCode = 1;
});
