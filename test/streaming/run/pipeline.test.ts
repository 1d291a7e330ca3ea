import { setTimeout as wait } from 'node:timers/promises';
import { Registry } from 'prom-client';
import type { ConsumedEvent, EventFailure, RecordRefusal } from '../../../runtime/src/streaming/event';
import type { BatchScorer, ScoredBatch } from '../../../runtime/src/streaming/run/batch-scorer';
import { FloodWatch } from '../../../runtime/src/streaming/run/flood-watch';
import { StreamMetrics } from '../../../runtime/src/streaming/run/metrics';
import { Pipeline } from '../../../runtime/src/streaming/run/pipeline';
import { createLogger } from '../../../runtime/src/telemetry';
import { eventually } from '../../support/eventually';
import { consumed, FakeDelivery, FakeSource, producedOf } from './fakes';

const BATCHING = { maxRows: 2, maxBytes: 1000, maxDelayMillis: 0 };

/** Predicts what is not `bad`, later for what is `slow`. */
const scorer = {
  score: async (events: readonly ConsumedEvent[]): Promise<ScoredBatch> => {
    if (events.some(({ value }) => `${value}` === 'slow')) {
      await wait(20);
    }
    const failures = events.flatMap(({ value }, index): EventFailure[] =>
      `${value}` === 'bad' ? [{ index, errorClass: 'decode', reason: 'it is bad' }] : [],
    );
    return { events, outputs: events.map(producedOf), deadLetters: [], failures, fallbacks: 0 };
  },
};

function pipelineOf(batches: ConsumedEvent[][], { maxInFlight = 3, window = 10, maxRatio = 0.5 } = {}) {
  const source = new FakeSource(batches);
  const delivery = new FakeDelivery(source);
  const metrics = new StreamMetrics(new Registry());
  const pipeline = new Pipeline({
    source,
    delivery,
    scorer: scorer as BatchScorer,
    deadLetters: { encode: (event: ConsumedEvent, index: number, _: RecordRefusal) => producedOf(event, index) },
    flood: new FloodWatch({ maxRatio, window, hasDeadLetters: true }),
    batching: BATCHING,
    maxInFlight,
    metrics,
    logger: createLogger({ level: 'silent' }),
  });
  return { source, delivery, pipeline, metrics };
}

it('delivers micro-batches in their order, however long each takes to score', async () => {
  const { source, delivery, pipeline, metrics } = pipelineOf([
    [consumed(0, 'slow'), consumed(1)],
    [consumed(2)],
    [consumed(3, 'slow')],
    [consumed(4)],
  ]);
  delivery.release();
  const running = pipeline.run();
  await eventually('all are acknowledged', () => source.acknowledged.length === 5);
  pipeline.stop();
  await running;
  expect(delivery.delivered).toEqual([0, 1, 2, 3, 4].map((offset) => `topic/0/${offset}`));
  expect(metrics.done).toBe(5);
});

it('takes no more micro-batches than it may hold, and pauses the source when that lasts', async () => {
  const { source, delivery, pipeline } = pipelineOf(
    Array.from({ length: 100 }, (_, offset) => [consumed(offset)]),
    { maxInFlight: 3 },
  );
  const running = pipeline.run();
  await eventually('the source is paused', () => source.pauses === 1);
  expect(source.handed).toBe(3);
  expect(pipeline.inFlight).toBe(3);
  expect(pipeline.paused).toBe(true);
  delivery.release();
  await eventually('all are acknowledged', () => source.acknowledged.length === 100);
  pipeline.stop();
  await running;
});

it('delivers nothing that comes after what must not be delivered: to acknowledge it would acknowledge both', async () => {
  const { source, delivery, pipeline } = pipelineOf(
    [[consumed(0)], [consumed(1, 'bad'), consumed(2, 'bad')], [consumed(3)], [consumed(4)]],
    { window: 2 },
  );
  delivery.release();
  await expect(pipeline.run()).rejects.toMatchObject({ exitCode: 42 });
  expect(source.acknowledged).toEqual(['topic/0/0']);
});

it('finishes what is under way before partitions are given away', async () => {
  const { source, delivery, pipeline } = pipelineOf([[consumed(0)], [consumed(1)]]);
  const running = pipeline.run();
  await eventually('both are under way', () => pipeline.inFlight === 2);
  let given = false;
  const giving = source.revoke([0]).then(() => {
    given = true;
  });
  await wait(5);
  expect(given).toBe(false);
  delivery.release();
  await giving;
  expect(source.acknowledged).toEqual(['topic/0/0', 'topic/0/1']);
  pipeline.stop();
  await running;
});
