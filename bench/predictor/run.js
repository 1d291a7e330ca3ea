/*
 * How fast the predictor answers one row, against the least that Node.js can do and what a tutorial shows: a fixed
 * answer by node:http, and Express with one awaited run for each request. The servers take turns, each for a few
 * seconds, and medians are compared.
 *
 *   npm run compile:runtime && npm run bench:predictor
 *
 * Ends with 1 when a bar is missed. ROUNDS and SECONDS set the number and the length of the turns (default 7 and 2).
 */
const { join } = require('node:path');
const { load, name: generator } = require('./generator');
const { pin, startPeer, startPredictor } = require('./servers');

const ROUNDS = Number(process.env.ROUNDS ?? 7);
const SECONDS = Number(process.env.SECONDS ?? 2);
const STARTS = 7;
const LEAST_OF_HELLO = 0.55;
const LEAST_OF_EXPRESS = 1.4;
const MOST_START_MILLIS = 500;

const ROOT = join(__dirname, '../..');
const MODELS = {
  'random forest (examples/iris)': { path: join(ROOT, 'examples/iris/models/iris-v1.onnx'), input: 'features' },
  'perceptron 4-16-3 (test/fixtures)': { path: join(ROOT, 'test/fixtures/models/mlp.onnx'), input: 'input' },
};
const ROW = [5.1, 3.5, 1.4, 0.2];
const V1 = { path: '/v1/models/iris:predict', body: JSON.stringify({ instances: [ROW] }) };
const v2 = (name) => ({
  path: '/v2/models/iris/infer',
  body: JSON.stringify({ inputs: [{ name, datatype: 'FP32', shape: [1, 4], data: ROW }] }),
});

let missed = false;

async function main() {
  console.log(`Node.js ${process.version}, ${generator}, 32 connections, ${ROUNDS} rounds of ${SECONDS} s, medians\n`);
  for (const [title, model] of Object.entries(MODELS)) {
    await compare(title, model);
  }
  await starts();
  process.exitCode = missed ? 1 : 0;
}

async function compare(title, { path, input }) {
  const [predictor, hello, express] = [
    await startPredictor(path),
    await startPeer('hello', path),
    await startPeer('express', path),
  ];
  const turns = [
    { name: 'node:http hello', server: hello, ...V1 },
    { name: 'predictor, V1', server: predictor, ...V1 },
    { name: 'predictor, V2', server: predictor, ...v2(input) },
    { name: 'textbook Express', server: express, ...V1 },
  ].map((turn) => ({ ...turn, rates: [], micros: [] }));
  try {
    for (const turn of turns) {
      await turn.server.firstAnswer(turn.path, turn.body);
      measure(turn, 1);
    }
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const turn of turns) {
        const { rate, micros } = measure(turn, SECONDS);
        turn.rates.push(rate);
        turn.micros.push(micros);
      }
    }
  } finally {
    await Promise.all([predictor, hello, express].map((server) => server.stop()));
  }
  report(title, turns);
}

function measure({ server, path, body }, seconds) {
  const before = server.cpuMicros();
  const { requests, rate } = load({ url: server.url(path), body, seconds, pin: pin(0) });
  return { rate, micros: (server.cpuMicros() - before) / requests };
}

function report(title, turns) {
  const [hello, , , express] = turns;
  console.log(`${title}\n`);
  console.log('| server | requests/s | CPU µs a request | of hello | of textbook Express |');
  console.log('| --- | ---: | ---: | ---: | ---: |');
  for (const turn of turns) {
    const [ofHello, ofExpress] = [ratio(turn, hello), ratio(turn, express)];
    const micros = median(turn.micros);
    const row = [turn.name, median(turn.rates).toFixed(0), Number.isNaN(micros) ? '–' : micros.toFixed(1)];
    console.log(`| ${[...row, `${ofHello.toFixed(2)} ×`, `${ofExpress.toFixed(2)} ×`].join(' | ')} |`);
  }
  console.log();
  for (const turn of turns.filter(({ name }) => name.startsWith('predictor'))) {
    bar(`${turn.name}: at least ${LEAST_OF_HELLO} of hello`, ratio(turn, hello) >= LEAST_OF_HELLO);
    bar(`${turn.name}: at least ${LEAST_OF_EXPRESS} of textbook Express`, ratio(turn, express) >= LEAST_OF_EXPRESS);
  }
}

/** Median of the ratios round by round: a slow moment of the machine slows neighbours alike. */
function ratio(turn, other) {
  return median(turn.rates.map((rate, round) => rate / other.rates[round]));
}

async function starts() {
  const [{ path }] = Object.values(MODELS);
  const times = [];
  for (let run = 0; run <= STARTS; run += 1) {
    const server = await startPredictor(path);
    times.push(await server.firstAnswer(V1.path, V1.body));
    await server.stop();
  }
  // The first start fills the compile cache, as the build of an image does.
  const millis = median(times.slice(1));
  console.log(
    `start of the process to the first 200: ${millis.toFixed(0)} ms (first of all: ${times[0].toFixed(0)} ms)`,
  );
  bar(`start to first 200: under ${MOST_START_MILLIS} ms`, millis < MOST_START_MILLIS);
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

function bar(what, holds) {
  if (!holds) {
    missed = true;
    console.log(`MISSED: ${what}`);
  }
}

void main();
