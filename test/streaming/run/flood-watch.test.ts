import type { EventFailure } from '../../../runtime/src/streaming/event';
import { FloodWatch } from '../../../runtime/src/streaming/run/flood-watch';

function failures(...indexes: number[]): EventFailure[] {
  return indexes.map((index) => ({ index, errorClass: 'mapping', reason: `Field '/x' of ${index} is absent.` }));
}

it('counts dead letters among the last events alone', () => {
  const watch = new FloodWatch({ maxRatio: 0.2, window: 10, hasDeadLetters: true });
  for (let round = 0; round < 20; round += 1) {
    watch.note(5, failures(0)); // one of five is just what is allowed
  }
  watch.note(5, failures(1));
  watch.note(1, failures(0)); // takes the place of the oldest one
  expect(() => watch.note(1, failures(0))).toThrow(/Of the last 10 events, or fewer, 3 are dead letters/);
});

it('ends the process as soon as there are too many, so that a restart does not let as many through again', () => {
  const watch = new FloodWatch({ maxRatio: 0.2, window: 10, hasDeadLetters: true });
  watch.note(2, failures(0, 1));
  expect(() => watch.note(1, failures(0))).toThrow(expect.objectContaining({ exitCode: 42 }));
});

it('says the last reasons', () => {
  const watch = new FloodWatch({ maxRatio: 0, window: 10, hasDeadLetters: true });
  expect(() => watch.note(3, failures(2))).toThrow("[mapping] Field '/x' of 2 is absent.");
});

it('lets no dead letter pass where there is no place for them', () => {
  const watch = new FloodWatch({ maxRatio: 1, window: 10, hasDeadLetters: false });
  expect(() => watch.note(100, [])).not.toThrow();
  expect(() => watch.note(100, failures(7))).toThrow(expect.objectContaining({ exitCode: 42 }));
});
