/* How many requests a second in a closed loop: the servers take turns, and neighbours in time are compared. */
const { median } = require('../harness/statistics');
const { bar, note, table } = require('./report');
const { startTurns } = require('./turn');

/**
 * A case of throughput.
 *
 * @param ours protocol of the predictor
 * @param others what it is compared with: [{name, protocol, atLeast}]; atLeast is the bar, undefined when there is none
 * @param extra makes further turns that are not servers: {name, title, measure}
 */
exports.throughput = ({ title, model, rows, ours, others, extra = () => [] }) => ({
  title,
  async run({ peers, rounds, seconds }) {
    const compared = others.filter(({ name }) => name === 'predictor' || peers.includes(name));
    const { turns, stop } = await startTurns([{ name: 'predictor', protocol: ours }, ...compared], model, rows);
    try {
      const results = await takeTurns([...turns, ...extra()], rounds, seconds);
      judge(title, results, ours, compared.concat(extra()));
    } finally {
      await stop();
    }
  },
});

async function takeTurns(turns, rounds, seconds) {
  const results = turns.map((turn) => ({ turn, rates: [], micros: [], others: [] }));
  for (let round = 0; round < rounds; round += 1) {
    for (const result of results) {
      const { rate, micros, others } = await result.turn.measure(seconds).catch((error) => {
        note(`${result.turn.title}, round ${round + 1}: ${error.message}`);
        return { rate: Number.NaN, micros: Number.NaN, others: Number.NaN };
      });
      result.rates.push(rate);
      result.micros.push(micros);
      result.others.push(others);
    }
  }
  return results;
}

function judge(title, results, protocol, compared) {
  const find = (name, wanted) =>
    results.find(({ turn }) => turn.name === name && (wanted === undefined || turn.protocol === wanted));
  const own = find('predictor', protocol);
  table(
    ['server', 'requests/s', 'predictor ÷ this', 'CPU µs a request', 'this ÷ predictor'],
    results.map((result) => [
      result.turn.title,
      known(result.rates).toFixed(0),
      times(own && ratio(own.rates, result.rates)),
      known(result.micros).toFixed(1),
      times(own && ratio(result.micros, own.micros)),
    ]),
  );
  const others = known(results.flatMap((result) => result.others));
  note(`Others took ${(100 * others).toFixed(0)} % of the processor of the servers (median of the turns).`);
  for (const { name, protocol: wanted, atLeast } of compared) {
    if (atLeast !== undefined) {
      const other = find(name, wanted);
      const reached = own && other ? ratio(own.rates, other.rates) : Number.NaN;
      bar(`${title}: at least ${atLeast} × ${name}, reached ${reached.toFixed(2)} ×`, reached >= atLeast);
    }
  }
}

/** Median of the ratios round by round: a slow moment of the machine slows neighbours alike. */
function ratio(values, others) {
  return known(values.map((value, round) => value / others[round]));
}

function times(value) {
  return value === undefined ? '–' : `${value.toFixed(2)} ×`;
}

/** Median of the rounds that could be measured. */
function known(values) {
  return median(values.filter((value) => !Number.isNaN(value))) ?? Number.NaN;
}
