import { NATS_SERVER } from '../../services/nats';
import { REDIS_SERVER } from '../../support/redis-server';
import { describeWith } from '../../support/requires';
import { natsQueue } from './nats-queue';
import { redisQueue } from './redis-queue';
import { runQueueViolently } from './violent-queue';

const LEAN = { events: 5000, members: 2, kills: 2, pauses: 1, joins: 1, brokerKills: 1 };
const RIGHT = { outputs: LEAN.events, missing: 0, duplicates: 0, wrongIds: 0, deadLetters: 0, lag: 0, unexpected: [] };

describeWith('a consumer of a Redis stream whose processes and server come and go', REDIS_SERVER, () => {
  it('writes each prediction once', async () => {
    expect(await runQueueViolently(await redisQueue(), LEAN)).toMatchObject(RIGHT);
  }, 120_000);
});

describeWith('a consumer of JetStream whose processes and server come and go', NATS_SERVER, () => {
  it('writes each prediction once, inside the window of the stream', async () => {
    expect(await runQueueViolently(await natsQueue(), LEAN)).toMatchObject(RIGHT);
  }, 120_000);
});
