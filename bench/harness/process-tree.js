/* A process with its children, as Linux tells it in /proc. */
const { readdirSync, readFileSync } = require('node:fs');

const TICK_MICROS = 10_000;

/** Identifiers of a process and everything that it started. */
exports.treeOf = (root) => {
  const parents = new Map();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const fields = statOf(Number(pid));
    if (fields !== undefined) {
      parents.set(Number(pid), Number(fields[1]));
    }
  }
  const found = new Set(parents.has(root) ? [root] : []);
  for (const pid of found) {
    for (const [child, parent] of parents) {
      if (parent === pid) {
        found.add(child);
      }
    }
  }
  return [...found];
};

/** Processor time of these processes so far, in microseconds. */
exports.cpuMicros = (pids) => sum(pids.map((pid) => statOf(pid)).map((fields) => (fields ? ticks(fields) : 0)));

/** Memory of these processes in MB: what each has alone, and what they share once. For one process, its resident set. */
exports.memoryMb = (pids) => {
  const sizes = pids.map(rollupOf).filter((size) => size !== undefined);
  return (sum(sizes.map(({ own }) => own)) + Math.max(0, ...sizes.map(({ shared }) => shared))) / 1000;
};

// The name before the fields may hold spaces and parentheses.
function statOf(pid) {
  return read(`/proc/${pid}/stat`)?.split(') ').at(-1).split(' ');
}

function ticks(fields) {
  return (Number(fields[11]) + Number(fields[12])) * TICK_MICROS;
}

function rollupOf(pid) {
  const text = read(`/proc/${pid}/smaps_rollup`);
  if (text === undefined) {
    return undefined;
  }
  const kilobytes = (name) => (Number(new RegExp(`^${name}: +(\\d+)`, 'm').exec(text)?.[1] ?? 0) * 1024) / 1000;
  const own = kilobytes('Private_Clean') + kilobytes('Private_Dirty');
  return { own, shared: kilobytes('Rss') - own };
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // it has ended
  }
}

function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}
