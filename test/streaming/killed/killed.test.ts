import { KAFKA } from '../../services/kafka';
import { describeWith } from '../../support/requires';
import { runStreamViolently } from './violent-stream';

const LEAN = {
  events: 6000,
  partitions: 4,
  keys: 40,
  members: 2,
  kills: 1,
  pauses: 1,
  joins: 1,
  brokerKills: 1,
  cuts: 0,
};

describeWith('a Kafka consumer whose processes, broker and partitions come and go', KAFKA, () => {
  it('loses no event, and keeps the order of keys', async () => {
    const outcome = await runStreamViolently({ ...LEAN, delivery: 'at-least-once', deaths: 1 });
    expect(outcome).toMatchObject({ missing: 0, outOfOrder: 0, wrongKeys: 0, wrongIds: 0, deadLetters: 0 });
    expect(outcome.unexpected).toEqual([]);
  }, 180_000);

  it('writes each prediction once, exactly, and keeps the order of keys', async () => {
    const outcome = await runStreamViolently({ ...LEAN, delivery: 'exactly-once', deaths: 1 });
    expect(outcome).toMatchObject({
      missing: 0,
      duplicates: 0,
      outOfOrder: 0,
      wrongKeys: 0,
      wrongIds: 0,
      deadLetters: 0,
    });
    expect(outcome.unexpected).toEqual([]);
  }, 180_000);
});
