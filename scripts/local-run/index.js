const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { readFileSync, watch } = require('node:fs');
const { join } = require('node:path');

const COMMAND = join(__dirname, '../../runtime/bin/model-serving.js');
const READY_MILLIS = 60_000;

/** Starts `model-serving ARGS`. */
function start(args, stdio) {
  return spawn(process.execPath, [COMMAND, ...args], { stdio });
}

/**
 * Runs manifests by `model-serving local`, and resolves when every pod is ready.
 *
 * @param manifests directory of the manifests
 * @param folder directory for the status file
 * @returns `status` as the status file has it, `log`: what was printed so far, and `stop`
 */
async function runManifests(manifests, folder) {
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
    const status = await readiness(child, folder, file);
    return { status, log, stop };
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

module.exports = { runManifests, start };
