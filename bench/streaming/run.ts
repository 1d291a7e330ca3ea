/**
 * How the role `stream` does next to the loops that people write in Python: the same events from the same Kafka broker, the same
 * model (a perceptron 10-64-32-1), one output for each event. Prints a table and ends with 1 when a bar is missed.
 *
 *   bench/streaming/setup.sh && npm run native:kafka && npm run compile:runtime
 *   npm run bench:streaming                                   # 3 rounds of throughput, then latency
 *   npm run bench:streaming -- --cases throughput --contenders at-least-once,orjson --rounds 5
 *   npm run bench:streaming -- --cases memory,stalled         # 10 million events; a sink that stops
 */
import { parseArgs } from 'node:util';
import { startKafka } from '../../test/services/kafka';
import { CONTENDERS, type Contender } from './consumers';
import { fill } from './events';
import { latency } from './latency';
import { memory, stalledSink } from './memory';
import { type Turn, turn } from './turn';

const { median } = require('../harness/statistics') as { median: (values: number[]) => number };

const { values: options } = parseArgs({
  options: {
    events: { type: 'string', default: '300000' },
    rounds: { type: 'string', default: '3' },
    partitions: { type: 'string', default: '4' },
    cases: { type: 'string', default: 'throughput,latency' },
    contenders: { type: 'string', default: 'at-least-once,exactly-once,json,orjson' },
    rate: { type: 'string' },
    'memory-events': { type: 'string', default: '10000000' },
  },
});
const events = Number(options.events);
const rounds = Number(options.rounds);
const partitions = Number(options.partitions);

/** What the medians must reach: [contender, other, ratio of events a second]. */
const BARS: [string, string, number][] = [
  ['at-least-once', 'json', 1.2],
  ['at-least-once', 'orjson', 1],
  ['exactly-once', 'at-least-once', 0.6],
];
const LATENCY_P99_MILLIS = 50;

/** The broker as it is run: its compiler and its heap are not those of tests. */
const BROKER = { javaOptions: ['-Xms512m', '-Xmx1g', '-XX:+UseG1GC'] };

let missed = 0;

async function main(): Promise<void> {
  const kafka = await startKafka(BROKER);
  try {
    const cases = options.cases.split(',');
    const rates = new Map<string, number>();
    if (cases.includes('throughput')) {
      for (const [name, rate] of await throughput(kafka)) {
        rates.set(name, rate);
      }
    }
    if (cases.includes('latency')) {
      await latencies(kafka, rates);
    }
    if (cases.includes('memory')) {
      const { tenths, peak } = await memory(kafka, Number(options['memory-events']), partitions);
      const grown = (tenths.at(-1) ?? Number.NaN) - (tenths[4] ?? Number.NaN);
      console.log(
        `memory: ${tenths.map((each) => each.toFixed(0)).join(', ')} MB after each tenth, ${megabytes(peak)} at most`,
      );
      judge(`memory: grows by ${megabytes(grown)} over the second half`, grown < 5, '< 5 MB');
    }
    if (cases.includes('stalled')) {
      const { before, peak, complete } = await stalledSink(kafka, partitions);
      judge(
        `stalled sink: ${megabytes(before)} before, ${megabytes(peak)} at most`,
        peak - before < 100,
        '< 100 MB more',
      );
      judge('stalled sink: all events are written when it is back', complete, 'all');
    }
  } finally {
    await kafka.stop();
  }
  process.exitCode = missed > 0 ? 1 : 0;
}

/** Turns of all contenders, one after the other, again and again. Answers with the medians of their rates. */
async function throughput(kafka: Awaited<ReturnType<typeof startKafka>>): Promise<Map<string, number>> {
  const names = options.contenders.split(',');
  const inputs = new Map<string, { input: string; events: number }>();
  for (const name of names) {
    const { share = 1, value, feed } = contenderOf(name);
    const key = `input-${share}-${value === undefined ? 'json' : 'v2'}`;
    if (feed === undefined && ![...inputs.values()].some(({ input }) => input === key)) {
      await kafka.client.createTopic(key, partitions);
      await fill(kafka.bootstrapServers, key, { to: events * share, value });
    }
    inputs.set(name, { input: key, events: events * share });
  }
  const turns = new Map<string, Turn[]>(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const name of names) {
      const input = inputs.get(name) ?? { input: '', events: 0 };
      const result = await turn(kafka, contenderOf(name), { ...input, partitions });
      turns.get(name)?.push(result);
      console.log(`round ${round + 1}  ${describe(name, [result])}`);
    }
  }
  for (const [name, results] of turns) {
    console.log(`median   ${describe(name, results)}`);
  }
  for (const [name, other, bar] of BARS) {
    const [own, theirs] = [turns.get(name), turns.get(other)];
    if (own !== undefined && theirs !== undefined) {
      const ratio = median(own.map(({ perSecond }, round) => perSecond / (theirs[round]?.perSecond ?? Number.NaN)));
      judge(`${contenderOf(name).name}: ${ratio.toFixed(2)} x ${contenderOf(other).name}`, ratio >= bar, `>= ${bar}`);
    }
  }
  return new Map([...turns].map(([name, results]) => [name, median(results.map(({ perSecond }) => perSecond))]));
}

/** Time from the producer to the output at half of what a contender manages. */
async function latencies(
  kafka: Awaited<ReturnType<typeof startKafka>>,
  rates: ReadonlyMap<string, number>,
): Promise<void> {
  for (const name of options.contenders.split(',')) {
    const full = Number(options.rate ?? rates.get(name) ?? 0) || 60_000;
    if (!contenderOf(name).commits) {
      continue;
    }
    const { p50, p99, perSecond } = await latency(kafka, contenderOf(name), { perSecond: full / 2, partitions });
    const text = `${contenderOf(name).name}: p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms at ${thousands(perSecond)} events/s`;
    if (name === 'at-least-once') {
      judge(text, p99 < LATENCY_P99_MILLIS, `p99 < ${LATENCY_P99_MILLIS} ms`);
    } else {
      console.log(text);
    }
  }
}

function describe(name: string, turns: Turn[]): string {
  const of = (field: keyof Turn) => median(turns.map((each) => each[field]));
  return [
    contenderOf(name).name.padEnd(22),
    `${thousands(of('perSecond')).padStart(8)} events/s`,
    `${of('cpuMicros').toFixed(1).padStart(6)} us of processors an event`,
    `${megabytes(of('peakMb')).padStart(7)}`,
    of('duplicates') > 0 ? `, ${of('duplicates')} twice` : '',
  ].join(' ');
}

function contenderOf(name: string): Contender {
  const found = CONTENDERS[name];
  if (found === undefined) {
    throw new Error(`no contender ${name}: choose of ${Object.keys(CONTENDERS).join(', ')}`);
  }
  return found;
}

function judge(text: string, reached: boolean, bar: string): void {
  missed += reached ? 0 : 1;
  console.log(`${text}, ${reached ? 'reached' : 'MISSED'} (${bar})`);
}

const thousands = (value: number) => `${(value / 1000).toFixed(1)} k`;
const megabytes = (value: number) => `${value.toFixed(0)} MB`;

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
