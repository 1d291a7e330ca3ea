/**
 * Writes access logs, one JSON object a line, behind the host and a tab: what `kafka-console-producer.sh` takes with
 * `--reader-property parse.key=true`. Most requests are ordinary; some are slow, leak, fail or take everything away, and a few
 * lines are broken.
 *
 *     npx tsx generate-logs.ts --lines 10000 --unusual 0.01 --broken 0.001
 */

import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    lines: { type: 'string', default: '10000' },
    unusual: { type: 'string', default: '0.01' },
    broken: { type: 'string', default: '0.001' },
    seed: { type: 'string', default: '20261130' },
  },
});

const LINES_A_WRITE = 1000;

/** Random numbers from 0 to 1, the same for a seed (mulberry32). */
let state = Number(values.seed) >>> 0;
function random(): number {
  state = (state + 0x6d2b79f5) >>> 0;
  let mixed = Math.imul(state ^ (state >>> 15), state | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
}

function normal(mean: number, deviation: number): number {
  return mean + deviation * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

const lognormal = (mean: number, deviation: number) => Math.exp(normal(mean, deviation));
const exponential = (mean: number) => -mean * Math.log(1 - random());
const rounded = (value: number) => Math.max(0, Math.round(value * 100) / 100);

/** An ordinary request, as train.py makes them. */
function ordinary() {
  const size = lognormal(9, 0.8);
  const load = 0.1 + 0.7 * random();
  const kind = random();
  return {
    duration_ms: 8 + size / 900 + 60 * load ** 2 + lognormal(1, 0.5),
    queue_ms: 2 + 25 * load ** 3 + exponential(0.5),
    request_bytes: lognormal(6, 0.6),
    response_bytes: size,
    status: kind < 0.86 ? 200 : kind < 0.91 ? 204 : kind < 0.97 ? 304 : 404,
    retries: random() < 0.04 ? 1 : 0,
    cpu_percent: 100 * load + normal(0, 2),
    memory_mb: 400 + 300 * load + normal(0, 10),
  };
}

function unusual() {
  const request = ordinary();
  switch (Math.floor(4 * random())) {
    case 0:
      return { ...request, duration_ms: 40 * request.duration_ms };
    case 1:
      return { ...request, memory_mb: 4 * request.memory_mb };
    case 2:
      return { ...request, status: 503, retries: 5 };
    default:
      return { ...request, response_bytes: 400 * request.response_bytes };
  }
}

function line(index: number): string {
  const host = `web-${Math.floor(20 * random())}`;
  const request = random() < Number(values.unusual) ? unusual() : ordinary();
  const numbers = Object.entries(request).map(([name, value]) => [name, rounded(value)]);
  const text = JSON.stringify({ id: `r${index}`, host, ...Object.fromEntries(numbers) });
  return `${host}\t${random() < Number(values.broken) ? text.slice(0, text.length / 2) : text}\n`;
}

/** Waits for a reader that is slower. */
async function main(): Promise<void> {
  const lines = Number(values.lines);
  for (let first = 0; first < lines; first += LINES_A_WRITE) {
    const count = Math.min(LINES_A_WRITE, lines - first);
    const text = Array.from({ length: count }, (_, index) => line(first + index)).join('');
    if (!process.stdout.write(text)) {
      await new Promise((resolve) => process.stdout.once('drain', resolve));
    }
  }
}

void main();
