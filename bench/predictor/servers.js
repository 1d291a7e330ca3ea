/* Starts the servers that are compared, each a process of its own, pinned to the same processor. */
const { spawn, spawnSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const { mkdtempSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const { request } = require('node:http');
const { createServer } = require('node:net');
const { availableParallelism, tmpdir } = require('node:os');
const { join } = require('node:path');

const COMMAND = join(__dirname, '../../runtime/bin/model-serving.js');
const canPin = availableParallelism() > 1 && spawnSync('taskset', ['--version']).error === undefined;

/** Puts a program on one processor; empty where that is not possible. */
exports.pin = (processor) => (canPin ? ['taskset', '-c', String(processor)] : []);

/** The predictor of this repository, as a pod starts it, with one model. */
exports.startPredictor = async (model) => {
  const [httpPort, grpcPort, metricsPort] = [await freePort(), await freePort(), await freePort()];
  const directory = mkdtempSync(join(tmpdir(), 'bench-predictor-'));
  const file = join(directory, 'config.json');
  const sha256 = createHash('sha256').update(readFileSync(model)).digest('hex');
  const server = { httpPort, grpcPort, metricsPort, maxBodyBytes: 1024 * 1024, requestTimeoutMillis: 30_000 };
  const entry = { name: 'iris', version: 'v1', format: 'onnx', path: model, sha256, warmUp: { runs: 10 } };
  const config = { schema: 'model-serving/v1', models: [entry], server: { ...server, drainTimeoutMillis: 30_000 } };
  writeFileSync(file, JSON.stringify(config));
  return start([COMMAND, 'predictor', '--config', file], httpPort, () => rmSync(directory, { recursive: true }));
};

/** A peer: `peers/<name>.js`, with one model. */
exports.startPeer = async (name, model) => {
  const port = await freePort();
  return start([join(__dirname, 'peers', `${name}.js`), String(port), model], port);
};

function start(args, port, cleanUp = () => undefined) {
  const [program, ...rest] = [...exports.pin(1), process.execPath, ...args];
  const started = performance.now();
  const child = spawn(program, rest, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, MODEL_SERVING_HOST: '127.0.0.1', NODE_ENV: 'production' },
  });
  return {
    url: (path) => `http://127.0.0.1:${port}${path}`,
    /** Processor time so far in microseconds; undefined where the system does not tell. */
    cpuMicros: () => cpuMicros(child.pid),
    /** Resolves with the milliseconds from the start of the process to its first answer with 200. */
    firstAnswer: (path, body) => firstAnswer(port, path, body, started),
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve(cleanUp()));
        child.kill('SIGTERM');
      }),
  };
}

async function firstAnswer(port, path, body, started) {
  while (performance.now() - started < 30_000) {
    if ((await post(port, path, body)) === 200) {
      return performance.now() - started;
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  throw new Error(`no answer at port ${port}`);
}

function post(port, path, body) {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/json', 'content-length': body.length };
    const sent = request({ host: '127.0.0.1', port, path, method: 'POST', headers, agent: false }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode));
    });
    sent.on('error', () => resolve(undefined));
    sent.end(body);
  });
}

function cpuMicros(pid) {
  try {
    // Fields 14 and 15 of /proc/PID/stat, in hundredths of a second; the name before them may hold spaces.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10_000;
  } catch {
    return undefined;
  }
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
