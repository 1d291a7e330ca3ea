import { runIdentity, withDates } from '../../../runtime/src/batch/run/run-identity';

const minutes = Math.floor(Date.now() / 60_000);

describe('the run of a process', () => {
  it('is the scheduled time of a CronJob, however late it starts', () => {
    const id = `churn-${minutes}`;
    expect(runIdentity({}, { MODEL_SERVING_JOB: id })).toEqual({ id, time: new Date(minutes * 60_000).toISOString() });
  });

  it.each(['churn-0a1b2c3d', 'churn-12345678', 'by-hand'])(
    'has no time of its own when its name tells none: %s',
    (id) => {
      expect(runIdentity({}, { MODEL_SERVING_JOB: id })).toEqual({ id, time: undefined });
    },
  );

  it.each([
    ['2026-11-22', 'UTC', '2026-11-22T00:00:00.000Z'],
    ['2026-11-22T05', 'UTC', '2026-11-22T05:00:00.000Z'],
    ['2026-11-22', 'America/New_York', '2026-11-22T05:00:00.000Z'],
    ['2026-03-29T05', 'Europe/Berlin', '2026-03-29T03:00:00.000Z'],
    ['2026-07-01T23', 'Asia/Kolkata', '2026-07-01T17:30:00.000Z'],
  ])('is the declared date: %s in %s', (run, timeZone, time) => {
    expect(runIdentity({ run, timeZone }, { MODEL_SERVING_JOB: 'other' })).toEqual({ id: run, time });
    const [date = '', hour = '00'] = run.split('T');
    expect(withDates('s3://b/{date}/{hour}/*', time, timeZone)).toBe(`s3://b/${date}/${hour}/*`);
  });

  it('has to be named', () => {
    expect(() => runIdentity({}, {})).toThrow(/No run is named.*MODEL_SERVING_JOB/);
  });
});
