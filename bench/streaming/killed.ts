/**
 * Is every event scored as the delivery promises, whatever happens to the processes, the brokers and the wires between them?
 * Scores 200 000 events with processes that are killed at the points of a delivery and at random moments, stand still for longer
 * than their session, join, leave, and lose their network, while the broker is killed too; then reads what is committed.
 *
 *   npm run native:kafka && npm run compile:runtime
 *   npm run bench:stream-killed -- --delivery exactly-once
 *
 * `killed-queue.ts` does so for Redis and NATS. `--delivery at-least-once|exactly-once --events 200000 --deaths 20 --kills 20 --pauses 5 --joins 5
 * --broker-kills 3 --cuts 3`; `deaths` are those at each point. `--cuts` need root. Ends with 1 when a promise is broken.
 */
import { parseArgs } from 'node:util';
import { NETWORK_NAMESPACE } from '../../test/streaming/killed/namespace';
import { runStreamViolently } from '../../test/streaming/killed/violent-stream';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      broker: { type: 'string', default: 'kafka' },
      delivery: { type: 'string', default: 'exactly-once' },
      events: { type: 'string', default: '200000' },
      partitions: { type: 'string', default: '6' },
      keys: { type: 'string', default: '500' },
      members: { type: 'string', default: '3' },
      deaths: { type: 'string', default: '20' },
      kills: { type: 'string', default: '20' },
      pauses: { type: 'string', default: '5' },
      joins: { type: 'string', default: '5' },
      'broker-kills': { type: 'string', default: '3' },
      cuts: { type: 'string', default: NETWORK_NAMESPACE.present ? '3' : '0' },
      quiet: { type: 'boolean', default: false },
    },
  });
  const { broker, delivery, quiet } = values;
  if (broker !== 'kafka' || (delivery !== 'at-least-once' && delivery !== 'exactly-once')) {
    throw new Error('--broker is kafka (killed-queue.ts: redis, nats), --delivery at-least-once or exactly-once');
  }
  const outcome = await runStreamViolently({
    delivery,
    events: Number(values.events),
    partitions: Number(values.partitions),
    keys: Number(values.keys),
    members: Number(values.members),
    deaths: Number(values.deaths),
    kills: Number(values.kills),
    pauses: Number(values.pauses),
    joins: Number(values.joins),
    brokerKills: Number(values['broker-kills']),
    cuts: Number(values.cuts),
    tell: quiet ? undefined : (what) => process.stderr.write(`${what}\n`),
  });
  process.stdout.write(`${JSON.stringify({ delivery, ...outcome })}\n`);
  const wrong = [outcome.missing, outcome.outOfOrder, outcome.wrongKeys, outcome.wrongIds, outcome.deadLetters];
  const broken = [...wrong, outcome.unexpected.length, delivery === 'exactly-once' ? outcome.duplicates : 0];
  process.exitCode = broken.some((each) => each > 0) ? 1 : 0;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
