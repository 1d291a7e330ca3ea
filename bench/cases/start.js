/* From the start of the process to its first prediction. */
const { firstAnswer } = require('../harness/first-answer');
const { median } = require('../harness/statistics');
const { start, titleOf } = require('../peers/servers');
const { bar, note, table } = require('./report');
const { targetOf } = require('./target');

const STARTS = 7;
const STARTS_OF_PEERS = 3;

exports.startTime = ({ title, bars }) => ({
  title,
  async run({ peers }) {
    const rows = [];
    for (const name of ['predictor', ...peers.filter((peer) => peer !== 'hello')]) {
      const times = await startAgain(name).catch((error) => {
        note(`${titleOf(name)}: ${error.message}`);
        return [];
      });
      const millis = median(times) ?? Number.NaN;
      rows.push([titleOf(name), millis.toFixed(0)]);
      if (name === 'predictor') {
        bar(`${title}: under ${bars.millis} ms, reached ${millis.toFixed(0)} ms`, millis < bars.millis);
      }
    }
    table(['server', 'start to first 200, ms'], rows);
  },
});

async function startAgain(name) {
  const times = [];
  // The first start fills the compile cache, which a container that restarts in its pod finds again.
  const runs = 1 + (name === 'predictor' ? STARTS : STARTS_OF_PEERS);
  for (let run = 0; run < runs; run += 1) {
    const { model, target } = targetOf(name);
    const server = await start(name, model);
    try {
      times.push(await firstAnswer(server, target));
    } finally {
      await server.stop();
    }
  }
  return times.slice(1);
}
