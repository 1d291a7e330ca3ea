/* Closed loop over HTTP/1.1: wrk sends one POST again and again over keep-alive connections. */
const { mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { runLoad } = require('./run-load');

/**
 * Sends a body for some seconds.
 *
 * @returns number of answers, and answers a second; throws when any is not 2xx
 */
exports.closedLoop = async ({ port, path, body, connections = 32, seconds }) => {
  const directory = mkdtempSync(join(tmpdir(), 'bench-'));
  const script = join(directory, 'post.lua');
  writeFileSync(
    script,
    `wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\nwrk.body = [==[${body}]==]\n`,
  );
  const url = `http://127.0.0.1:${port}${path}`;
  const options = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', '-s', script, url];
  const text = await runLoad(['wrk', ...options]).finally(() => rmSync(directory, { recursive: true }));
  const requests = Number(/(\d+) requests in/.exec(text)?.[1] ?? 0);
  const failed = /Non-2xx or 3xx responses: \d+|Socket errors: .*/.exec(text)?.[0];
  if (failed !== undefined || requests === 0) {
    throw new Error(failed ?? 'no answers');
  }
  return { requests, rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)[1]) };
};
