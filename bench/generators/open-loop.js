/* Open loop over HTTP/1.1: requests at a constant rate, whatever the server does. The program is open-loop.c. */
const { execFileSync } = require('node:child_process');
const { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { CACHE } = require('../harness/cache');
const { postBytes } = require('./connection');
const { runLoad } = require('./run-load');

const SOURCES = ['open-loop.c', 'histogram.h', 'http-answer.h'].map((name) => join(__dirname, name));
const PROGRAM = join(CACHE, 'open-loop');

/** An answer is good within this time of when its request was due. */
exports.GOOD_MILLIS = 100;

/**
 * Sends a body at a rate for some seconds, after a second that is not counted.
 *
 * At most as many requests as there are connections are under way; one that is due while all are is lost, and counted.
 *
 * @returns what open-loop.c prints: numbers of requests by what became of them, and latencies in milliseconds
 */
exports.openLoop = async ({ port, path, body, rate, seconds, connections = 1024 }) => {
  build();
  const directory = mkdtempSync(join(tmpdir(), 'bench-'));
  const file = join(directory, 'request');
  writeFileSync(file, postBytes({ port, path, body }));
  const numbers = [rate.toFixed(1), seconds, connections, 1, 0, exports.GOOD_MILLIS].map(String);
  const text = await runLoad([PROGRAM, String(port), file, ...numbers]).finally(() =>
    rmSync(directory, { recursive: true }),
  );
  return JSON.parse(text);
};

function build() {
  const built = statSync(PROGRAM, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (SOURCES.some((path) => statSync(path).mtimeMs > built)) {
    mkdirSync(CACHE, { recursive: true });
    execFileSync('cc', ['-O2', '-Wall', '-o', PROGRAM, SOURCES[0]], { stdio: 'inherit' });
  }
}
