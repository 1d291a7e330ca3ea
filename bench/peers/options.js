/* The command line of the benchmark. */
const { parseArgs } = require('node:util');
const { CASES } = require('../cases');
const { isSetUp, PEERS } = require('./servers');

const HELP = `node bench/peers/run.js [--peers a,b] [--cases a,b] [--rounds N] [--seconds N]

  --peers    which servers to compare with; default: all that are set up. One of:
             ${PEERS.join(', ')}
  --cases    what to measure; default: everything. One of:
             ${Object.keys(CASES).join(', ')}
  --rounds   number of rounds; default: 5
  --seconds  length of a turn in seconds; default: 2`;

/** Reads the command line; throws when it cannot be carried out. */
exports.readOptions = (args) => {
  const names = { type: 'string' };
  const { values } = parseArgs({
    args,
    options: { peers: names, cases: names, rounds: names, seconds: names, help: { type: 'boolean' } },
  });
  if (values.help) {
    return { help: HELP };
  }
  const peers = values.peers === undefined ? PEERS.filter(isSetUp) : list('peers', values.peers, PEERS);
  const missing = peers.filter((name) => !isSetUp(name));
  if (missing.length > 0) {
    throw new Error(`Not set up: run ${missing.map((name) => `bench/peers/${name}/setup.sh`).join(', ')}.`);
  }
  return {
    peers,
    cases: values.cases === undefined ? Object.keys(CASES) : list('cases', values.cases, Object.keys(CASES)),
    rounds: positive('rounds', values.rounds ?? '5'),
    seconds: positive('seconds', values.seconds ?? '2'),
  };
};

function list(option, text, known) {
  const names = text.split(',').filter((name) => name !== '');
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new Error(`--${option}: ${unknown.join(', ')} is not one of ${known.join(', ')}.`);
  }
  return names;
}

function positive(option, text) {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) {
    throw new Error(`--${option} is a whole number from 1.`);
  }
  return value;
}
