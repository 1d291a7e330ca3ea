/* Load on a server that is being shut down: the process of shutdown-load.js, told from here. */
const { spawn } = require('node:child_process');
const { join } = require('node:path');
const { LOAD, pin } = require('../harness/processor');

const PROGRAM = join(__dirname, 'shutdown-load.js');

/**
 * Starts the load; resolves when it runs.
 *
 * @returns moveTo: sends new connections to another port; stop: ends it, resolves with {answered, failures}
 */
exports.startLoad = ({ port, path, body, connections }) => {
  const [program, ...args] = pin(LOAD, [process.execPath, PROGRAM]);
  const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const next = () => new Promise((resolve) => child.once('message', resolve));
  const started = next();
  child.send({ port, path, body, connections });
  return started.then(() => ({
    moveTo: (other) => child.send({ moveTo: other }),
    stop: () => {
      const result = next();
      child.send({ stop: true });
      return result;
    },
  }));
};
