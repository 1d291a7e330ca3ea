import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { KAFKA, KAFKA_START_MILLIS } from '../../services/kafka';
import { NATS_SERVER } from '../../services/nats';
import { type RunningCommand, startCommand } from '../../support/command';
import { eventually } from '../../support/eventually';
import { REDIS_SERVER } from '../../support/redis-server';
import { describeWith } from '../../support/requires';
import { temporaryDirectory } from '../../support/temporary';
import { kafkaQueue } from './kafka-queue';
import { natsQueue } from './nats-queue';
import type { Queue } from './queue';
import { redisQueue } from './redis-queue';
import { BATCH, configOf, eventValue } from './violent-run';

/** Far longer than everything here may take: what a process leaves behind when it ends, nobody gets in time. */
const TAKEN_OVER_MILLIS = 240_000;
const DONE_MILLIS = 60_000;
const TEST_MILLIS = 120_000;

/** Events that come at a time, and that wait when the first process starts. */
const PART = 500;
const WAITING = 3000;

interface Case {
  readonly name: string;
  readonly needs: typeof KAFKA;
  readonly open: () => Promise<Queue>;

  /** What is declared otherwise of the source. */
  readonly source?: Readonly<Record<string, unknown>>;
  readonly delivery?: string;
}

const CASES: readonly Case[] = [
  { name: 'Kafka', needs: KAFKA, open: () => kafkaQueue(TAKEN_OVER_MILLIS) },
  {
    name: 'Kafka, exactly once',
    needs: KAFKA,
    open: () => kafkaQueue(TAKEN_OVER_MILLIS),
    delivery: 'exactly-once',
  },
  { name: 'Redis', needs: REDIS_SERVER, open: redisQueue, source: { claimIdleMillis: TAKEN_OVER_MILLIS } },
  { name: 'NATS', needs: NATS_SERVER, open: natsQueue, source: { ackWaitMillis: TAKEN_OVER_MILLIS } },
];

for (const { name, needs, open, source, delivery } of CASES) {
  describeWith(`model-serving stream run, by ${name}, that is asked to end`, needs, () => {
    const directory = temporaryDirectory();
    const started: RunningCommand[] = [];
    let queue: Queue;

    beforeAll(async () => {
      queue = await open();
      const config = configOf({ ...queue, source: { ...queue.source, ...source } as Queue['source'] }, delivery);
      writeFileSync(join(directory, 'config.json'), JSON.stringify(config));
    }, KAFKA_START_MILLIS);

    afterAll(async () => {
      for (const { child } of started) {
        child.kill('SIGKILL');
      }
      await queue.stop();
    });

    const start = (pod: string) => {
      const env = { MODEL_SERVING_POD: pod, MODEL_SERVING_HOST: '127.0.0.1' };
      const args = ['stream', 'run', '--config', join(directory, 'config.json'), '--metrics-port', '0'];
      const process = startCommand(args, { env });
      started.push(process);
      return process;
    };

    it(
      'commits what it has written, ends with 0, and leaves the rest to the next process at once',
      async () => {
        let produced = 0;
        const produce = async (events = PART) => {
          await queue.produce(produced, produced + events, eventValue);
          produced += events;
        };
        await produce(WAITING);
        const first = start('first');
        await eventually('it is in the midst of work', async () => {
          await produce();
          const lag = await queue.lag();
          return lag > BATCH && lag < produced - BATCH;
        });
        first.child.kill('SIGTERM');
        await eventually('the first process ends, while events come', async () => {
          await produce();
          return first.child.exitCode ?? first.child.signalCode;
        });
        expect({ code: await first.ended, last: first.log().at(-1) }).toMatchObject({
          code: 0,
          last: { msg: 'drained' },
        });
        await produce();
        const written = await queue.outputs();
        expect(produced - (await queue.lag())).toBe(written);
        expect(written).toBeLessThan(produced);

        const second = start('second');
        await eventually('the second process does the rest', async () => (await queue.lag()) === 0, DONE_MILLIS);
        second.child.kill('SIGTERM');
        expect(await second.ended).toBe(0);
        const ids = (await queue.history()).map(({ id }) => id).sort((one, other) => one - other);
        expect(ids).toEqual(Array.from({ length: produced }, (_, id) => id));
        expect(await queue.deadLetters()).toBe(0);
      },
      TEST_MILLIS,
    );
  });
}
