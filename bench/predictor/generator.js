/*
 * The load: one POST again and again over 32 keep-alive connections. wrk where it is installed, which takes least of
 * the machine itself, else autocannon.
 */
const { execFileSync, spawnSync } = require('node:child_process');
const { mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

const CONNECTIONS = 32;
const hasWrk = spawnSync('wrk', ['--version']).error === undefined;

/** Name of the generator. */
exports.name = hasWrk ? 'wrk' : 'autocannon';

/**
 * Sends a body for some seconds.
 *
 * @returns number of answers and answers a second; throws when any is not 2xx
 */
exports.load = ({ url, body, seconds, pin }) => {
  const { requests, rate, failed } = (hasWrk ? wrk : autocannon)(url, body, seconds, pin);
  if (failed > 0 || requests === 0) {
    throw new Error(`${url}: ${failed} of ${requests} answers are not 2xx`);
  }
  return { requests, rate };
};

function wrk(url, body, seconds, pin) {
  const directory = mkdtempSync(join(tmpdir(), 'bench-predictor-'));
  const script = join(directory, 'post.lua');
  writeFileSync(
    script,
    `wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\nwrk.body = [==[${body}]==]\n`,
  );
  const text = run([...pin, 'wrk', '-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '-s', script, url]);
  rmSync(directory, { recursive: true });
  const number = (pattern) => Number(pattern.exec(text)?.[1] ?? 0);
  return {
    requests: number(/(\d+) requests in/),
    rate: number(/Requests\/sec:\s+([\d.]+)/),
    failed: number(/Non-2xx or 3xx responses: (\d+)/),
  };
}

function autocannon(url, body, seconds, pin) {
  const program = [process.execPath, require.resolve('autocannon')];
  const options = [
    '-c',
    String(CONNECTIONS),
    '-d',
    String(seconds),
    '-m',
    'POST',
    '-H',
    'content-type=application/json',
  ];
  const result = JSON.parse(run([...pin, ...program, ...options, '-b', body, '--json', url]));
  return { requests: result.requests.total, rate: result.requests.average, failed: result.non2xx + result.errors };
}

function run([program, ...args]) {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
}
