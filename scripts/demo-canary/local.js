const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { readFileSync, watch } = require('node:fs');
const { join } = require('node:path');

const COMMAND = join(__dirname, '../../runtime/bin/model-serving.js');
const READY_MILLIS = 40_000;

/** Starts `model-serving ARGS`. */
function start(args, stdio) {
  return spawn(process.execPath, [COMMAND, ...args], { stdio });
}

/**
 * Runs manifests by `model-serving local`, and resolves when every pod is ready.
 *
 * @returns `url` of the gateway, `api` and `rollout` for `model-serving rollout`, `proxy`: what the log says of the gateways,
 *   and `stop`
 */
async function runLocally(manifests, folder) {
  const file = join(folder, 'status.json');
  const child = start(['local', manifests, '--status-file', file], ['ignore', 'pipe', 'inherit']);
  let log = '';
  child.stdout.on('data', (chunk) => {
    log += chunk;
  });
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    }
  };
  try {
    const { services, apis } = await readiness(child, folder, file);
    const [{ url: api, rollouts }] = apis;
    return {
      url: services.find(({ name, port }) => name.startsWith('gateway') && port === 'http').url,
      api,
      rollout: rollouts[0],
      proxy: /"msg":"(gateways run [^"]*)"/.exec(log)?.[1],
      stop,
    };
  } catch (error) {
    await stop();
    throw new Error(`${error.message}\n${log}`);
  }
}

/** The status, when every pod is ready. */
function readiness(child, folder, file) {
  return new Promise((resolve, reject) => {
    const look = () => {
      const status = readStatus(file);
      if (status?.ready) {
        end(() => resolve(status));
      }
    };
    const fail = (why) => end(() => reject(new Error(why)));
    const onExit = (code) => fail(`model-serving local ended with code ${code}`);
    const watcher = watch(folder, look);
    const timer = setTimeout(() => fail(`not ready within ${READY_MILLIS / 1000} s`), READY_MILLIS);
    const end = (then) => {
      clearTimeout(timer);
      watcher.close();
      child.off('exit', onExit);
      then();
    };
    child.on('exit', onExit);
    look();
  });
}

function readStatus(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') {
      return undefined; // not written yet
    }
    throw error;
  }
}

module.exports = { runLocally, start };
