/*
 * A constant rate of requests, as a part of what each server answers at most: its saturation, measured right before.
 */
const { GOOD_MILLIS, openLoop } = require('../generators/open-loop');
const { median } = require('../harness/statistics');
const { titleOf } = require('../peers/servers');
const { bar, note, table } = require('./report');
const { startTurns } = require('./turn');

/** Saturation is the best rate of these closed loops: a server that makes batches does better with more. */
const SATURATING_CONNECTIONS = [32, 128];

/**
 * Twice the saturation: what is answered in time all the same, and how fast the rest is refused.
 *
 * @param servers names and protocols of the peers
 */
exports.overload = ({ title, model, servers, bars }) =>
  constantRate({
    title,
    model,
    servers,
    part: 2,
    columns: ['good ÷ saturation', 'refused', 'refused p50 ms', 'never sent', 'failed'],
    row: (runs) => [
      `${(100 * median(runs.map(({ goodput }) => goodput))).toFixed(0)} %`,
      percent(runs, ({ refused }) => refused.count),
      millis(runs, ({ refused }) => refused.p50),
      percent(runs, ({ unsent }) => unsent),
      percent(runs, ({ errors, otherStatus, unanswered }) => errors + otherStatus + unanswered),
    ],
    judge(runs) {
      const goodput = median(runs.map((run) => run.goodput));
      bar(
        `${title}: at least ${100 * bars.goodput} % of saturation within ${GOOD_MILLIS} ms, reached ${(100 * goodput).toFixed(0)} %`,
        goodput >= bars.goodput,
      );
      const refusing = median(runs.map(({ refused }) => refused.p50));
      bar(
        `${title}: refused within ${bars.refusedMillis} ms at the median, reached ${refusing.toFixed(1)} ms`,
        refusing < bars.refusedMillis,
      );
    },
  });

/** Half of the saturation: latencies of a server that is not overloaded. */
exports.halfLoad = ({ title, model, servers, bars }) =>
  constantRate({
    title,
    model,
    servers,
    part: 0.5,
    columns: ['p50 ms', 'p90 ms', 'p99 ms'],
    row: (runs) => ['p50', 'p90', 'p99'].map((name) => millis(runs, ({ answered }) => answered[name])),
    judge(runs) {
      const p99 = median(runs.map(({ answered }) => answered.p99));
      bar(`${title}: p99 under ${bars.p99Millis} ms, reached ${p99.toFixed(1)} ms`, p99 < bars.p99Millis);
    },
  });

function constantRate({ title, model, servers, part, columns, row, judge }) {
  return {
    title,
    async run({ peers, rounds, seconds }) {
      const wanted = [{ name: 'predictor', protocol: 'v1' }, ...servers.filter(({ name }) => peers.includes(name))];
      const { turns, stop } = await startTurns(wanted, model, 1);
      try {
        const results = await takeTurns(turns, part, rounds, seconds);
        table(
          ['server', 'saturation/s', 'sent/s', ...columns],
          results.map(({ turn, runs }) => [turn.title, rate(runs, 'saturation'), rate(runs, 'offered'), ...row(runs)]),
        );
        const own = results.find(({ turn }) => turn.name === 'predictor');
        if (own === undefined) {
          bar(`${title}: ${titleOf('predictor')} takes part`, false);
        } else {
          judge(own.runs);
        }
      } finally {
        await stop();
      }
    },
  };
}

async function takeTurns(turns, part, rounds, seconds) {
  const results = turns.map((turn) => ({ turn, runs: [] }));
  for (let round = 0; round < rounds; round += 1) {
    for (const { turn, runs } of results) {
      try {
        runs.push(await turn.alone(() => offer(turn, part, seconds)));
      } catch (error) {
        note(`${turn.title}, round ${round + 1}: ${error.message}`);
      }
    }
  }
  return results.filter(({ runs }) => runs.length > 0);
}

async function offer(turn, part, seconds) {
  const rates = [];
  for (const connections of SATURATING_CONNECTIONS) {
    rates.push((await turn.load({ seconds, connections })).rate);
  }
  const saturation = Math.max(...rates);
  const offered = saturation * part;
  const { path, body } = turn.target;
  const run = await openLoop({ port: turn.port, path, body, rate: offered, seconds: 2 * seconds });
  return { ...run, saturation, offered, goodput: run.goodRate / saturation };
}

function rate(runs, name) {
  return median(runs.map((run) => run[name])).toFixed(0);
}

function percent(runs, count) {
  return `${(100 * median(runs.map((run) => count(run) / run.due))).toFixed(0)} %`;
}

function millis(runs, value) {
  return median(runs.map(value)).toFixed(1);
}
