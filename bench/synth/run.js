/*
 * How long it takes to synthesize 1, 100 and 1000 online models in one chart, and how that compares with the same
 * objects as plain ApiObjects. Each run is a process of its own; the two kinds take turns. The ratio is the median of the
 * ratios turn by turn.
 *
 *   npm run compile:library && npm run bench:synth
 *
 * Ends with 1 when a bar is missed. The bar in seconds counts where plain objects make it: it measures the library, not
 * the machine. RUNS sets the number of turns (default 7).
 */
const { execFileSync } = require('node:child_process');
const { mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

const COUNTS = [1, 100, 1000];
const RUNS = Number(process.env.RUNS ?? 7);
const MOST_TIMES_PLAIN = 1.3;
const MOST_MILLIS = { 1000: 2000 };

const directory = mkdtempSync(join(tmpdir(), 'bench-synth-'));
let missed = false;
try {
  console.log('| models | objects | YAML | online models | plain ApiObjects | ratio |');
  console.log('| ---: | ---: | ---: | ---: | ---: | ---: |');
  for (const count of COUNTS) {
    compare(count);
  }
} finally {
  rmSync(directory, { recursive: true });
}
process.exitCode = missed ? 1 : 0;

function compare(count) {
  const content = join(directory, `${count}.json`);
  program('content', count, content);
  const runs = Array.from({ length: RUNS }, () => ({
    models: JSON.parse(program('models', count)),
    plain: JSON.parse(program('plain', count, content)),
  }));
  const models = median(runs.map((run) => run.models.millis));
  const plain = median(runs.map((run) => run.plain.millis));
  // Of neighbours in time, so that other work of the machine slows both.
  const ratio = median(runs.map((run) => run.models.millis / run.plain.millis));
  const { objects, bytes } = runs[0].models;
  const row = [count, objects, `${(bytes / 1e6).toFixed(1)} MB`, millis(models), millis(plain), ratio.toFixed(2)];
  console.log(`| ${row.join(' | ')} |`);
  // One model takes a few milliseconds: its ratio is noise.
  bar(`${count} models: at most ${MOST_TIMES_PLAIN} times plain objects`, count > 1 && ratio > MOST_TIMES_PLAIN);
  const most = MOST_MILLIS[count] ?? Number.POSITIVE_INFINITY;
  if (plain > most) {
    console.error(`not judged: ${count} models under ${most} ms, because plain ApiObjects take ${millis(plain)} here`);
  } else {
    bar(`${count} models: under ${most} ms`, models > most);
  }
}

function program(...args) {
  return execFileSync(process.execPath, [join(__dirname, 'program.js'), ...args.map(String)], { encoding: 'utf8' });
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

function millis(value) {
  return `${value.toFixed(value < 100 ? 1 : 0)} ms`;
}

function bar(text, isMissed) {
  if (isMissed) {
    missed = true;
    console.error(`missed: ${text}`);
  }
}
