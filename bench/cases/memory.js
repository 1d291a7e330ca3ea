/* Memory with iris: after the first prediction, and of the predictor after many. */
const { closedLoop } = require('../generators/wrk');
const { firstAnswer } = require('../harness/first-answer');
const { start, titleOf } = require('../peers/servers');
const { bar, note, table } = require('./report');
const { targetOf } = require('./target');

const WARM = 200_000;
const END = 600_000;
const SECONDS_OF_PEERS = 5;

exports.memory = ({ title, bars }) => ({
  title,
  async run({ peers }) {
    const rows = [];
    for (const name of ['predictor', ...peers]) {
      const sizes = await measure(name).catch((error) => {
        note(`${titleOf(name)}: ${error.message}`);
        return undefined;
      });
      if (sizes !== undefined) {
        rows.push([titleOf(name), ...sizes.map((size) => (size === undefined ? '–' : size.toFixed(1)))]);
      }
      if (name === 'predictor') {
        const [, warm = Number.NaN, end = Number.NaN] = sizes ?? [];
        bar(`${title}: under ${bars.mb} MB, reached ${end.toFixed(0)} MB`, end < bars.mb);
        bar(
          `${title}: growth under ${bars.growthMb} MB, reached ${(end - warm).toFixed(1)} MB`,
          end - warm < bars.growthMb,
        );
      }
    }
    table(
      ['server', 'MB at first answer', `MB after ${WARM} requests, or ${SECONDS_OF_PEERS} s`, `MB after ${END}`],
      rows,
    );
  },
});

async function measure(name) {
  const { model, target } = targetOf(name);
  const server = await start(name, model);
  try {
    await firstAnswer(server, target);
    const atFirst = server.memoryMb();
    const load = (seconds) => closedLoop({ port: server.ports.http, ...target, seconds });
    if (name !== 'predictor') {
      await load(SECONDS_OF_PEERS);
      return [atFirst, server.memoryMb(), undefined];
    }
    const sizes = [atFirst];
    let sent = 0;
    for (const count of [WARM, END]) {
      while (sent < count) {
        sent += (await load(2)).requests;
      }
      sizes.push(server.memoryMb());
    }
    return sizes;
  } finally {
    await server.stop();
  }
}
