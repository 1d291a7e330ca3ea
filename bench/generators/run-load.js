const { execFile } = require('node:child_process');
const { LOAD, pin } = require('../harness/processor');

const MOST_BYTES = 1024 * 1024;

/** Runs a generator on its processor; resolves with what it prints. */
exports.runLoad = (command) =>
  new Promise((resolve, reject) => {
    const [program, ...args] = pin(LOAD, command);
    execFile(program, args, { encoding: 'utf8', maxBuffer: MOST_BYTES }, (error, stdout, stderr) => {
      if (error === null) {
        resolve(stdout);
      } else {
        reject(new Error(`${command[0]}: ${stderr.trim() || error.message}`));
      }
    });
  });
