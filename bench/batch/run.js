/*
 * How the table engine of batch jobs does next to the loops that people write in Python, with the same model and the same table.
 * Prints a table and ends with 1 when a bar is missed.
 *
 *   bench/batch/setup.sh
 *   node bench/batch/run.js                      # 3 rounds
 *   node bench/batch/run.js --rounds 5 --cases parquet,memory
 *   node bench/batch/run.js --cases ray          # beside Ray Data, which RAY=1 bench/batch/setup.sh installs
 */
const { execFileSync } = require('node:child_process');
const { existsSync, mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { parseArgs } = require('node:util');
const { buildSync } = require('esbuild');
const { median } = require('../harness/statistics');

const CACHE = join(__dirname, '../.cache');
const MODEL = join(CACHE, 'batch/mlp.onnx');
const PYTHON = join(CACHE, 'venv-batch/bin/python');
const SCORE = join(CACHE, 'batch/score.js');

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    cases: { type: 'string', default: 'parquet,csv,json-lines,memory' },
  },
});

/** Ratios of rates: ours to the peer's; undefined = no bar. */
const BARS = {
  parquet: { table: '2000000.parquet', peers: { pyarrow: 1.7, duckdb: 1 } },
  ray: { table: '2000000.parquet', peers: { ray: undefined } },
  csv: { table: '2000000.csv', peers: { read: 1 / 1.2, copy: undefined } },
  'json-lines': { table: '2000000.jsonl', peers: { read: 1 / 1.2, copy: undefined } },
};
const MEMORY_TABLES = ['200000.parquet', '2000000.parquet', '20000000.parquet'];
const MEMORY_MB = 300;

let missed = 0;

function main() {
  buildSync({
    entryPoints: [join(__dirname, 'score.ts')],
    outfile: SCORE,
    bundle: true,
    platform: 'node',
    target: 'node22',
    packages: 'external',
    logLevel: 'warning',
  });
  for (const name of values.cases.split(',')) {
    if (name === 'memory') {
      memory();
    } else {
      rates(name, BARS[name]);
    }
  }
  process.exitCode = missed > 0 ? 1 : 0;
}

function rates(name, { table, peers }) {
  const path = join(CACHE, 'batch', table);
  const runs = { ours: [] };
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const who of ['ours', ...Object.keys(peers)]) {
      runs[who] = [...(runs[who] ?? []), who === 'ours' ? ours(path) : peer(who, path)];
    }
  }
  for (const [who, results] of Object.entries(runs)) {
    const [rate, cpu, mb] = [
      ({ rows, seconds }) => rows / seconds / 1e6,
      (run) => run.cpuSeconds,
      (run) => run.peakMb,
    ].map((value) => median(results.map(value)));
    console.log(
      `${name.padEnd(10)} ${who.padEnd(8)} ${rate.toFixed(2)} M rows/s, ${cpu.toFixed(2)} s of processors, ${mb.toFixed(0)} MB`,
    );
  }
  for (const [who, bar] of Object.entries(peers)) {
    const ratio = median(runs.ours.map((run, round) => runs[who][round].seconds / run.seconds));
    const text = `${name}: ${ratio.toFixed(2)} x ${who}`;
    if (bar === undefined) {
      console.log(text);
    } else {
      judge(text, ratio >= bar, `>= ${bar.toFixed(2)}`);
    }
  }
}

function memory() {
  for (const table of MEMORY_TABLES) {
    const path = join(CACHE, 'batch', table);
    if (!existsSync(path)) {
      console.log(`memory: no ${table}, make it with LARGE=1 bench/batch/setup.sh`);
      continue;
    }
    const { peakMb } = ours(path);
    judge(`memory: ${table} ${peakMb.toFixed(0)} MB`, peakMb < MEMORY_MB, `< ${MEMORY_MB}`);
  }
}

function judge(text, reached, bar) {
  missed += reached ? 0 : 1;
  console.log(`${text}, ${reached ? 'reached' : 'MISSED'} (${bar})`);
}

function ours(path) {
  return inDirectory((directory) => [process.execPath, [SCORE, MODEL, path, directory]]);
}

function peer(name, path) {
  return inDirectory((directory) => [
    PYTHON,
    [join(__dirname, 'peers.py'), name, MODEL, path, join(directory, 'out.parquet')],
  ]);
}

/** Runs a command with a directory for what it writes; its answer is the last line. */
function inDirectory(command) {
  const directory = mkdtempSync(join(tmpdir(), 'bench-batch-'));
  try {
    const [program, args] = command(directory);
    const env = { ...process.env, ...(program === process.execPath ? { MALLOC_ARENA_MAX: '1' } : {}) }; // as in the image
    const output = execFileSync(program, args, { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'inherit'] });
    return JSON.parse(output.trim().split('\n').at(-1));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

main();
