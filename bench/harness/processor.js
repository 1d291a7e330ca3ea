/* Puts programs on a processor: servers on one, the load on the other. */
const { execFileSync } = require('node:child_process');
const { readFileSync } = require('node:fs');
const { cpus } = require('node:os');

exports.SERVER = 1;
exports.LOAD = 0;

/** A command line on one processor. */
exports.pin = (processor, command) => ['taskset', '-c', String(processor), ...command];

/** Puts this program where the load runs, so that it never disturbs a server. */
exports.pinSelf = () => {
  if (cpus().length < 2) {
    throw new Error('The servers and the load need a processor each: this machine has one.');
  }
  execFileSync('taskset', ['-c', '-p', String(exports.LOAD), String(process.pid)], { stdio: 'ignore' });
};

const TICK_MICROS = 10_000;
const IDLE = ['idle', 'iowait'];
const FIELDS = ['user', 'nice', 'system', ...IDLE, 'irq', 'softirq', 'steal'];

/** Time that a processor has worked so far for anyone, the host of a virtual machine included, in microseconds. */
exports.busyMicros = (processor) => {
  const [line] = new RegExp(`^cpu${processor} .*`, 'm').exec(readFileSync('/proc/stat', 'utf8'));
  const ticks = line
    .split(' ')
    .slice(1, 1 + FIELDS.length)
    .map(Number);
  return TICK_MICROS * ticks.reduce((sum, count, index) => (IDLE.includes(FIELDS[index]) ? sum : sum + count), 0);
};
