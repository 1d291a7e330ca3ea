/* Closed loop over gRPC: h2load sends one unary call again and again, several at a time on each connection. */
const { mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { runLoad } = require('./run-load');

const CONNECTIONS = 8;
const CALLS_AT_A_TIME = 4;

/** Connections and calls as text. */
exports.concurrency = `${CONNECTIONS} connections with ${CALLS_AT_A_TIME} calls each`;

/**
 * Calls a method for some seconds. The status of a call is in its trailers, which h2load does not read: whether the
 * server answers this message is asked before.
 *
 * @returns number of answers, and answers a second
 */
exports.grpcLoop = async ({ port, path, frame, seconds }) => {
  const directory = mkdtempSync(join(tmpdir(), 'bench-'));
  const file = join(directory, 'message');
  writeFileSync(file, frame);
  const headers = ['content-type: application/grpc', 'te: trailers'].flatMap((header) => ['-H', header]);
  const load = ['-c', CONNECTIONS, '-m', CALLS_AT_A_TIME, '-t', 1, '-D', seconds, '--warm-up-time', 0].map(String);
  const url = `http://127.0.0.1:${port}${path}`;
  const text = await runLoad(['h2load', ...load, '-d', file, ...headers, url]).finally(() =>
    rmSync(directory, { recursive: true }),
  );
  const [, , done, , failed, errored] =
    /requests: (\d+) total, (\d+) started, (\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored/
      .exec(text)
      .map(Number)
      .slice(1);
  if (failed > 0 || errored > 0 || done === 0) {
    throw new Error(`${failed} calls failed, ${errored} errors, ${done} done`);
  }
  return { requests: done, rate: Number(/finished in .*, ([\d.]+) req\/s/.exec(text)[1]) };
};
