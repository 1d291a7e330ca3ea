/* ONNX Runtime without a server takes a turn: rows a second in a process of its own, where the servers run. */
const { execFile } = require('node:child_process');
const { join } = require('node:path');
const { promisify } = require('node:util');
const { pin, SERVER } = require('../harness/processor');
const { findModel } = require('../models/models');

const PROGRAM = join(__dirname, '../peers/raw/run.js');

/**
 * The turn.
 *
 * @param rows rows that stand for one request
 * @param atLeast the bar, undefined when there is none
 */
exports.rawTurn = (modelName, rows, atLeast) => {
  const { path, features } = findModel(modelName);
  return {
    name: 'raw',
    title: 'ONNX Runtime in process, no server',
    atLeast,
    async measure(seconds) {
      const [program, ...args] = pin(SERVER, [process.execPath, PROGRAM, path, features, seconds].map(String));
      const { stdout } = await promisify(execFile)(program, args, { encoding: 'utf8' });
      const { rate, micros } = JSON.parse(stdout);
      return { rate: rate / rows, micros: micros * rows, others: Number.NaN };
    },
  };
};
