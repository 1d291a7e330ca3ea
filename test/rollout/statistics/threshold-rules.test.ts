import { argo } from '../../../bench/simulate/argo';
import { flagger } from '../../../bench/simulate/flagger';
import type { Minute } from '../../../bench/simulate/traffic';

/** Minutes by the requests and events of the candidate. */
const minutes = (...counts: [number, number][]): Minute[] =>
  counts.map(([n, events]) => ({ stable: { n: 0, events: 0 }, candidate: { n, events } }));
const times = (count: number, minute: [number, number]) => Array.from({ length: count }, () => minute);

const bad: [number, number] = [100, 5];
const good: [number, number] = [100, 1];
const clean: [number, number] = [100, 0];
const idle: [number, number] = [0, 0];

/** What the published rules of others do, as the simulation has them. */
describe('argo', () => {
  const analysis = { max: 0.03, failureLimit: 3, window: 1, orZero: true };

  it('aborts at the fourth failure with failureLimit 3, in a row or not', () => {
    expect(argo(analysis)(minutes(...times(3, bad), ...times(9, good)))).toEqual({ end: 'promoted', minute: 12 });
    expect(argo(analysis)(minutes(bad, good, bad, good, bad, good, bad))).toEqual({ end: 'aborted', minute: 7 });
  });

  it('aborts at the fifth empty measurement in a row: a candidate without any error', () => {
    const plain = argo({ ...analysis, orZero: false });
    expect(plain(minutes(...times(9, clean)))).toEqual({ end: 'aborted', minute: 5 });
    expect(plain(minutes(...times(4, clean), good, ...times(9, clean)))).toEqual({ end: 'promoted', minute: 14 });
    expect(argo(analysis)(minutes(...times(9, clean)))).toEqual({ end: 'promoted', minute: 9 });
  });

  it('takes NaN of an idle minute as a failure with a condition for success alone', () => {
    expect(argo(analysis)(minutes(good, ...times(4, idle)))).toEqual({ end: 'aborted', minute: 5 });
  });

  it('takes what meets no condition as inconclusive, and asks a person when there is more of it than allowed', () => {
    const guarded = argo({ ...analysis, guard: { requests: 50, limit: 2 } });
    expect(guarded(minutes(good, idle, good, [50, 1], good))).toEqual({ end: 'promoted', minute: 5 });
    expect(guarded(minutes(good, idle, good, [50, 1], idle))).toEqual({ end: 'held', minute: 5 });
    expect(guarded(minutes(...times(4, bad)))).toEqual({ end: 'aborted', minute: 4 });
  });

  it('measures the window of its query', () => {
    // 5 of 100, then 5 of 200 …
    expect(argo({ ...analysis, failureLimit: 1, window: 5 })(minutes(bad, ...times(9, clean)))).toEqual({
      end: 'promoted',
      minute: 10,
    });
    expect(argo({ ...analysis, failureLimit: 1, window: 2 })(minutes(bad, bad, good))).toMatchObject({
      end: 'aborted',
    });
  });
});

describe('flagger', () => {
  const analysis = { max: 0.03, threshold: 3, window: 1, orZero: true };

  it('rolls back at the third failed check of the run', () => {
    expect(flagger(analysis)(minutes(bad, good, bad, ...times(9, good)))).toEqual({ end: 'promoted', minute: 12 });
    expect(flagger(analysis)(minutes(bad, good, bad, good, bad))).toEqual({ end: 'aborted', minute: 5 });
  });

  it('takes no value as a failed check: no error yet, or an idle minute', () => {
    expect(flagger({ ...analysis, orZero: false })(minutes(...times(9, clean)))).toEqual({ end: 'aborted', minute: 3 });
    expect(flagger(analysis)(minutes(good, idle, good, idle, idle))).toEqual({ end: 'aborted', minute: 5 });
    expect(flagger(analysis)(minutes(...times(9, clean)))).toEqual({ end: 'promoted', minute: 9 });
  });
});
