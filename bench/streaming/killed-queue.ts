/**
 * Is every event of a Redis stream or of JetStream scored as promised, whatever happens to the processes and the broker? Scores
 * 200 000 events with processes that are killed at random moments, stand still until others have their events, join and leave,
 * while the broker is killed too; then reads what is there. Inside one Redis each event has one output; with JetStream each has one
 * inside the window of the stream.
 *
 *   npm run compile:runtime
 *   npx tsx bench/streaming/killed-queue.ts --broker redis
 *
 * `--broker redis|nats --events 200000 --kills 40 --pauses 10 --joins 10 --broker-kills 5`. Ends with 1 when a promise is broken.
 */
import { parseArgs } from 'node:util';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      broker: { type: 'string', default: 'redis' },
      events: { type: 'string', default: '200000' },
      members: { type: 'string', default: '3' },
      kills: { type: 'string', default: '40' },
      pauses: { type: 'string', default: '10' },
      joins: { type: 'string', default: '10' },
      'broker-kills': { type: 'string', default: '5' },
      quiet: { type: 'boolean', default: false },
    },
  });
  // Servers of tests end with the file of tests; here they are stopped in the end.
  Object.assign(globalThis, { afterAll: () => undefined });
  const { runQueueViolently } =
    require('../../test/streaming/killed/violent-queue') as typeof import('../../test/streaming/killed/violent-queue');
  const { redisQueue } =
    require('../../test/streaming/killed/redis-queue') as typeof import('../../test/streaming/killed/redis-queue');
  const { natsQueue } =
    require('../../test/streaming/killed/nats-queue') as typeof import('../../test/streaming/killed/nats-queue');
  const open = { redis: redisQueue, nats: natsQueue }[values.broker];
  if (open === undefined) {
    throw new Error('--broker is redis or nats');
  }
  const outcome = await runQueueViolently(await open(), {
    events: Number(values.events),
    members: Number(values.members),
    kills: Number(values.kills),
    pauses: Number(values.pauses),
    joins: Number(values.joins),
    brokerKills: Number(values['broker-kills']),
    tell: values.quiet ? undefined : (what) => process.stderr.write(`${what}\n`),
  });
  process.stdout.write(`${JSON.stringify({ broker: values.broker, ...outcome })}\n`);
  const wrong = [outcome.missing, outcome.duplicates, outcome.wrongIds, outcome.deadLetters, outcome.lag];
  process.exitCode = wrong.some((each) => each > 0) || outcome.unexpected.length > 0 ? 1 : 0;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
