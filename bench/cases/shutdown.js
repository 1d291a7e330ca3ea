/*
 * SIGTERM under load: 32 connections send without a pause, and from the signal on new connections go to a second
 * server. Failed is what was sent and got no answer with 2xx.
 */
const { setTimeout: delay } = require('node:timers/promises');
const { startLoad } = require('../generators/shutdown');
const { firstAnswer } = require('../harness/first-answer');
const { median } = require('../harness/statistics');
const { start, titleOf } = require('../peers/servers');
const { bar, note, table } = require('./report');
const { targetOf } = require('./target');

const CONNECTIONS = 32;
const TIMES = 20;
const TIMES_OF_PEERS = 3;

/** The second server gets some load before the end. */
const AFTER_MILLIS = 200;

exports.shutdown = ({ title }) => ({
  title,
  async run({ peers }) {
    const rows = [];
    for (const name of ['predictor', ...peers]) {
      const runs = await shutDownAgain(name).catch((error) => {
        note(`${titleOf(name)}: ${error.message}`);
        return [];
      });
      const [failed, unclean] = [runs.map(failures), runs.filter(({ end }) => end.code !== 0)];
      if (runs.length > 0) {
        const most = Math.max(...failed);
        const ends = [...new Set(runs.map(({ end }) => end.code ?? end.signal))].join(', ');
        rows.push([
          titleOf(name),
          runs.length,
          median(failed),
          most,
          ends,
          median(runs.map(({ end }) => end.millis)).toFixed(0),
        ]);
      }
      if (name === 'predictor') {
        const lost = failed.reduce((total, count) => total + count, 0);
        bar(`${title}: 0 failed requests in ${TIMES} times, ${lost} failed`, runs.length === TIMES && lost === 0);
        bar(`${title}: exit 0 each time, not in ${unclean.length}`, runs.length === TIMES && unclean.length === 0);
      }
    }
    table(['server', 'times', 'failed, median', 'failed, most', 'exit', 'ms to exit'], rows);
  },
});

async function shutDownAgain(name) {
  const { model, target } = targetOf(name);
  const other = await start(name, model);
  const runs = [];
  try {
    await firstAnswer(other, target);
    for (let time = 0; time < (name === 'predictor' ? TIMES : TIMES_OF_PEERS); time += 1) {
      runs.push(await shutDown(name, model, target, other.ports.http));
    }
  } finally {
    await other.stop();
  }
  return runs;
}

async function shutDown(name, model, target, otherPort) {
  const server = await start(name, model);
  await firstAnswer(server, target);
  const load = await startLoad({ port: server.ports.http, ...target, connections: CONNECTIONS });
  load.moveTo(otherPort);
  const end = await server.stop();
  await delay(AFTER_MILLIS);
  return { end, ...(await load.stop()) };
}

function failures({ failures: counts }) {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
