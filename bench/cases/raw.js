/* ONNX Runtime without a server takes a turn: rows a second in a process of its own, where the servers run. */
const { execFile } = require('node:child_process');
const { join } = require('node:path');
const { promisify } = require('node:util');
const { pin, SERVER } = require('../harness/processor');
const { findModel } = require('../models/models');

const BATCH_SIZES = [1, 8, 32];
const PROGRAM = join(__dirname, '../peers/raw/run.js');

/**
 * The turn of a process that runs one request after the other, each in a run of its own.
 *
 * @param rows rows that stand for one request
 * @param atLeast the bar, undefined when there is none
 */
exports.rawTurn = (modelName, rows, atLeast) => turn(modelName, rows, [rows], { name: 'raw', atLeast });

/** The turn of a process that has all rows at hand, and runs as many at a time as are fastest: what batching can win. */
exports.rawBatchTurn = (modelName, rows) => turn(modelName, rows, BATCH_SIZES, { name: 'raw-batch' });

function turn(modelName, rows, sizes, { name, atLeast }) {
  const { path, features } = findModel(modelName);
  return {
    name,
    title: `ONNX Runtime in process, no server, ${sizes.length === 1 ? 'a run for each request' : 'at its best batch size'}`,
    atLeast,
    async measure(seconds) {
      const command = [process.execPath, PROGRAM, path, features, seconds, sizes.join(',')];
      const [program, ...args] = pin(SERVER, command.map(String));
      const { stdout } = await promisify(execFile)(program, args, { encoding: 'utf8' });
      const { rate, micros } = JSON.parse(stdout);
      return { rate: rate / rows, micros: micros * rows, others: Number.NaN };
    },
  };
}
