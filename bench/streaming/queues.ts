/**
 * How fast the role `stream` goes from a Redis stream to a Redis stream, and from JetStream to JetStream, next to the loops that people
 * write in Python with redis-py and nats-py: 100 000 events that are there, micro-batches of 500, the same model.
 *
 *   bench/streaming/setup.sh && npm run compile:runtime
 *   npm run bench:queues -- --brokers redis,nats --rounds 3
 *
 * The server keeps Redis' entries in memory, and JetStream's messages in files.
 */
import { parseArgs } from 'node:util';
import { type Command, killContenders, MODEL, ourCommand, pythonCommand, startCommand } from './consumers';
import { eventOf, residentMb } from './events';
import type { BenchQueue } from './queue-brokers';
import { untilDone } from './turn';

const { median } = require('../harness/statistics') as { median: (values: number[]) => number };
const { cpuMicros, treeOf } = require('../harness/process-tree') as {
  cpuMicros: (pids: number[]) => number;
  treeOf: (pid: number) => number[];
};

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      brokers: { type: 'string', default: 'redis,nats' },
      events: { type: 'string', default: '100000' },
      rounds: { type: 'string', default: '3' },
    },
  });
  // Servers of tests end with the file of tests; here they do in the end.
  const ends: (() => Promise<void>)[] = [];
  Object.assign(globalThis, { afterAll: (end: () => Promise<void>) => ends.push(end) });
  const { redisBroker, natsBroker } = require('./queue-brokers') as typeof import('./queue-brokers');
  try {
    for (const name of values.brokers.split(',')) {
      const open = { redis: redisBroker, nats: natsBroker }[name];
      if (open === undefined) {
        throw new Error('--brokers are redis and nats');
      }
      await compare(name, await open(), Number(values.events), Number(values.rounds));
    }
  } finally {
    killContenders();
    for (const end of ends) {
      await end();
    }
  }
}

async function compare(name: string, queue: BenchQueue, events: number, rounds: number): Promise<void> {
  const rates: Record<'ours' | 'loop', number[]> = { ours: [], loop: [] };
  await queue.fill(events, eventOf);
  for (let round = 1; round <= rounds; round++) {
    for (const contender of ['ours', 'loop'] as const) {
      const group = `${name}-${contender}-${round}`;
      await queue.empty();
      const command =
        contender === 'ours'
          ? await ourCommand(group, queue.places(group))
          : pythonCommand('queue_loop.py', name, MODEL, ...queue.loop(group));
      const { perSecond, cpu, memory } = await turn(group, command, queue, events);
      rates[contender].push(perSecond);
      console.log(
        `round ${round}  ${name.padEnd(5)} ${contender}  ${(perSecond / 1000).toFixed(1).padStart(6)} k events/s ` +
          `${cpu.toFixed(1).padStart(6)} us of processors an event  ${memory.toFixed(0)} MB`,
      );
    }
  }
  const ratio = median(rates.ours.map((rate, round) => rate / (rates.loop[round] ?? Number.NaN)));
  console.log(
    `median   ${name.padEnd(5)} ours ${(median(rates.ours) / 1000).toFixed(1)} k, loop ${(median(rates.loop) / 1000).toFixed(1)} k events/s: ` +
      `${ratio.toFixed(2)} x the loop`,
  );
}

async function turn(name: string, command: Command, queue: BenchQueue, events: number) {
  const consumer = startCommand(name, command);
  try {
    await untilDone(name, consumer, () => queue.outputs(), events);
    const cpu = cpuMicros(treeOf(consumer.pid)) / events;
    const outputs = await queue.outputs();
    if (outputs !== events) {
      throw new Error(`${name} has written ${outputs} outputs for ${events} events`);
    }
    // By the server's clock, so that starts do not count.
    const perSecond = (events / (await queue.millis())) * 1000;
    return { perSecond, cpu, memory: residentMb(consumer.pid).peak };
  } finally {
    await consumer.stop();
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
