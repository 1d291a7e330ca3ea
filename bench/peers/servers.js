/*
 * The servers: how each is started, and where it answers which protocol. LitServe, BentoML and Ray Serve have protocols
 * of their own; they get the body of V1.
 */
const { existsSync, readFileSync } = require('node:fs');
const { join } = require('node:path');
const { CACHE } = require('../harness/cache');
const { freePorts } = require('../harness/ports');
const { writeConfig } = require('../harness/predictor-config');
const { startServer } = require('../harness/server-process');
const { MODEL_INFER } = require('../protocols/grpc');

/** Another build of the predictor may be measured instead, to compare two. */
const COMMAND = process.env.BENCH_PREDICTOR ?? join(__dirname, '../../runtime/bin/model-serving.js');
const V1 = '/v1/models/iris:predict';
const V2 = '/v2/models/iris/infer';
const OWN = '/predict';

/** Most servers: a program that is told its ports and its model. */
const program = (name) => (model, ports) => ({
  args: [join(__dirname, name, 'server.py'), ports.http, ports.grpc, model.path],
});
const nodeProgram = (name) => (model, ports) => ({
  args: [join(__dirname, name, 'server.js'), ports.http, model.path],
});

const SERVERS = {
  predictor: {
    title: 'this predictor',
    paths: { v1: V1, v2: V2, grpc: MODEL_INFER },
    start: (model, ports) => ({
      args: [COMMAND, 'predictor', '--config', writeConfig(model, ports)],
      // As in its image.
      env: { NODE_ENV: 'production', MALLOC_ARENA_MAX: '1', MODEL_SERVING_HOST: '127.0.0.1' },
    }),
  },
  // It answers the same whatever it is asked.
  hello: { title: '`node:http` hello', paths: { v1: V1, v2: V2 }, start: nodeProgram('hello') },
  express: {
    title: 'textbook Express',
    paths: { v1: V1 },
    start: (model, ports) => ({ ...nodeProgram('express')(model, ports), env: { NODE_ENV: 'production' } }),
  },
  fastapi: { title: 'FastAPI by hand', paths: { v1: V1 }, python: true, start: program('fastapi') },
  kserve: {
    title: 'KServe',
    paths: { v1: V1, v2: V2, grpc: MODEL_INFER },
    python: true,
    start: program('kserve'),
  },
  mlserver: {
    title: 'MLServer',
    paths: { v2: V2, grpc: MODEL_INFER },
    python: true,
    start: (model, ports) => ({
      args: [join(CACHE, 'venv-mlserver/bin/mlserver'), 'start', '.'],
      cwd: join(__dirname, 'mlserver'),
      env: {
        MLSERVER_HOST: '127.0.0.1',
        MLSERVER_HTTP_PORT: ports.http,
        MLSERVER_GRPC_PORT: ports.grpc,
        MLSERVER_METRICS_PORT: ports.metrics,
        // No access log, and the model in the process of the server: on one processor that is the fastest.
        MLSERVER_DEBUG: 'false',
        MLSERVER_PARALLEL_WORKERS: '0',
        MLSERVER_MODEL_NAME: 'iris',
        MLSERVER_MODEL_URI: model.path,
        MLSERVER_MODEL_IMPLEMENTATION: 'server.OnnxRuntime',
      },
    }),
  },
  triton: {
    title: 'Triton with a Python callable',
    paths: { v2: V2, grpc: MODEL_INFER },
    python: true,
    // A lock between its processes runs out while they stand still, and it ends. It does nothing while it waits.
    standsStill: false,
    start: program('triton'),
  },
  litserve: { title: 'LitServe', paths: { v1: OWN }, python: true, start: program('litserve') },
  bentoml: {
    title: 'BentoML',
    paths: { v1: OWN },
    python: true,
    start: (model, ports) => ({
      args: [
        join(CACHE, 'venv-bentoml/bin/bentoml'),
        'serve',
        'server:Iris',
        '--host',
        '127.0.0.1',
        '--port',
        ports.http,
      ],
      cwd: join(__dirname, 'bentoml'),
      env: { MODEL: model.path, BENTOML_DO_NOT_TRACK: 'true' },
    }),
  },
  ray: { title: 'Ray Serve', paths: { v1: OWN }, python: true, start: program('ray') },
};

/** Names of all that can be compared with the predictor. */
exports.PEERS = Object.keys(SERVERS).filter((name) => name !== 'predictor');

exports.titleOf = (name) => SERVERS[name].title;

/** Where a server answers a protocol; undefined when it does not. */
exports.pathOf = (name, protocol) => SERVERS[name].paths[protocol];

/** Whether everything that a server needs is installed. */
exports.isSetUp = (name) => !SERVERS[name].python || existsSync(interpreter(name));

/** Its name and version, as its requirements pin them; undefined when it comes from here. */
exports.versionOf = (name) =>
  SERVERS[name].python && readFileSync(join(__dirname, name, 'requirements.txt'), 'utf8').split('\n')[0];

/** Starts a server with a model, which it calls iris. */
exports.start = async (name, model) => {
  const [http, grpc, metrics] = await freePorts(3);
  const ports = { http, grpc, metrics };
  const { args, env, cwd } = SERVERS[name].start(model, ports);
  const { standsStill = true } = SERVERS[name];
  const program = SERVERS[name].python ? interpreter(name) : process.execPath;
  return startServer({
    name,
    command: [program, ...args],
    env: { PYTHONPATH: __dirname, ...env },
    cwd,
    ports,
    standsStill,
  });
};

function interpreter(name) {
  return join(CACHE, `venv-${name}`, 'bin/python');
}
