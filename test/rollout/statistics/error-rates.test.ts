import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { errorRates } from './error-rates';

let rates: ReturnType<typeof errorRates>;

beforeAll(() => {
  // A process of its own: code that computes is several times slower among the globals of Jest.
  const program = `console.log(JSON.stringify(require(${JSON.stringify(join(__dirname, 'error-rates.ts'))}).errorRates()))`;
  rates = JSON.parse(execFileSync(process.execPath, ['-r', 'tsx/cjs', '-e', program], { encoding: 'utf8' }));
}, 300_000);

describe('of 10,000 rollouts with many looks', () => {
  it.each(['few', 'rare', 'often'])('at most 5 % of the good candidates fail on an increase: %s', (name) => {
    expect(rates[`increase, ${name}`].aborted).toBeLessThan(0.05);
  });

  it('at most 5 % fail, and at most 5 % pass, that are exactly at the margin', () => {
    const { aborted, promoted } = rates['increase, at the margin'];
    expect(aborted).toBeLessThan(0.05);
    expect(aborted).toBeGreaterThan(0.005);
    expect(promoted).toBeLessThan(0.05);
    expect(promoted).toBeGreaterThan(0.005);
  });

  it('at most 5 % pass without a margin that are exactly at the effect', () => {
    expect(rates['increase, at the effect'].promoted).toBeLessThan(0.05);
  });

  it('at most 5 % fail, and at most 5 % pass, that are exactly at the largest level', () => {
    const { aborted, promoted } = rates['level, at the largest'];
    expect(aborted).toBeLessThan(0.05);
    expect(aborted).toBeGreaterThan(0.005);
    expect(promoted).toBeLessThan(0.05);
    expect(promoted).toBeGreaterThan(0.001);
  });

  it('at most 5 % fail on skewed means', () => {
    expect(rates['mean, log-normal']).toBeLessThan(0.05);
    expect(rates['mean, log-normal']).toBeGreaterThan(0.005);
  });

  it('at most 5 % fail on ratios of sums', () => {
    expect(rates['ratio, of users']).toBeLessThan(0.05);
    expect(rates['ratio, of users']).toBeGreaterThan(0.005);
  });

  it('at most 5 % have a false mismatch of the sample ratio', () => {
    expect(rates['sample ratio, as expected']).toBeLessThan(0.05);
    expect(rates['sample ratio, as expected']).toBeGreaterThan(0.005);
  });

  it('more than 15 % would fail by a z-test at each look', () => {
    expect(rates['z at each look'].aborted).toBeGreaterThan(0.15);
  });
});

describe('a worse candidate is found', () => {
  it('2 → 3 % and 2 → 4 % at 100 requests a minute', () => {
    expect(rates['increase, 2 → 3 %']).toMatchObject({ promoted: expect.closeTo(0, 1) });
    expect(rates['increase, 2 → 3 %'].aborted).toBeGreaterThan(0.92);
    expect(rates['increase, 2 → 3 %'].minute).toBeLessThan(24);
    expect(rates['increase, 2 → 4 %'].aborted).toBeGreaterThan(0.99);
    expect(rates['increase, 2 → 4 %'].minute).toBeLessThan(10);
  });

  it('three times the largest level within 15 minutes', () => {
    expect(rates['level, 2 → 6 %'].aborted).toBeGreaterThan(0.95);
  });

  it('when it begins to be worse after ten hours', () => {
    expect(rates['increase, after ten hours'].aborted).toBeGreaterThan(0.9);
  });

  it('when each look has a request or none', () => {
    expect(rates['increase, a request at a time'].aborted).toBeGreaterThan(0.9);
  });

  it('with as many samples as planned, as often as planned', () => {
    expect(rates['increase, as planned'].aborted).toBeGreaterThan(0.78);
    expect(rates['increase, as planned'].aborted).toBeLessThan(0.93);
  });

  it('when units come in another ratio', () => {
    expect(rates['sample ratio, 88/12']).toBeGreaterThan(0.85);
  });
});

it('a good candidate passes', () => {
  expect(rates['increase, no harm'].promoted).toBeGreaterThan(0.9);
});
