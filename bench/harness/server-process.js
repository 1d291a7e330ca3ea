/* A server that is measured: a process of its own, with its children, all on one processor. */
const { spawn } = require('node:child_process');
const { openSync, closeSync, mkdirSync, readFileSync } = require('node:fs');
const { join } = require('node:path');
const { CACHE } = require('./cache');
const { pin, SERVER } = require('./processor');
const { cpuMicros, memoryMb, treeOf } = require('./process-tree');

const STOP_MILLIS = 15_000;
const running = new Set();

/**
 * Starts a server.
 *
 * @param name names its log in bench/.cache/logs
 * @param command its command line
 * @param env variables that it gets besides those of this process
 * @param cwd its folder
 * @param ports its ports: {http, grpc}
 * @param standsStill whether it can be paused
 */
exports.startServer = ({ name, command, env = {}, cwd, ports, standsStill }) => {
  const [program, ...args] = pin(SERVER, command);
  const log = join(mkdirs(join(CACHE, 'logs')), `${name}-${ports.http}.log`);
  const output = openSync(log, 'w');
  const started = performance.now();
  const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', output, output] });
  closeSync(output);
  const exited = new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  const server = {
    name,
    ports,
    started,
    pid: child.pid,
    get hasExited() {
      return child.exitCode !== null || child.signalCode !== null;
    },
    /** The end of what it wrote. */
    log: () => readFileSync(log, 'utf8').slice(-2000),
    cpuMicros: () => cpuMicros(treeOf(child.pid)),
    memoryMb: () => memoryMb(treeOf(child.pid)),
    /** Stands still, so that nothing of it disturbs the turn of another. */
    pause: () => standsStill && signal(treeOf(child.pid), 'SIGSTOP'),
    resume: () => signal(treeOf(child.pid), 'SIGCONT'),
    /** Asks it to end; resolves with how it ended and how long that took. What is left after a while is killed. */
    async stop() {
      const tree = treeOf(child.pid);
      signal(tree, 'SIGCONT');
      const asked = performance.now();
      child.kill('SIGTERM');
      const timer = setTimeout(() => signal(tree, 'SIGKILL'), STOP_MILLIS);
      const end = await exited;
      clearTimeout(timer);
      signal(tree, 'SIGKILL');
      running.delete(server);
      return { ...end, millis: performance.now() - asked };
    },
  };
  running.add(server);
  return server;
};

/** Ends all servers at once, as when the benchmark itself is ended. */
exports.killAll = () => {
  for (const { pid } of running) {
    signal(treeOf(pid), 'SIGKILL');
  }
};

function signal(pids, name) {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch {
      // It has ended already.
    }
  }
}

function mkdirs(path) {
  mkdirSync(path, { recursive: true });
  return path;
}
