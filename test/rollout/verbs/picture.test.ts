import { pictureOf } from '../../../runtime/src/cli/rollout-picture';
import { ageText, durationText, paintFor, shareText, wrap } from '../../../runtime/src/cli/rollout-text';
import type { RolloutStatus } from '../../../runtime/src/contract';
import { snapshotOf } from '../../../runtime/src/rollout';
import { decision, rolloutMap, rolloutStatus } from '../../support/rollouts';

const NOW = Date.parse('2026-11-30T12:04:10.000Z');
const plain = (_: string, text: string) => text;

/** The picture of a status, without colours. */
function draw(status: RolloutStatus | undefined, width = Number.POSITIVE_INFINITY, silentMillis = 0): string[] {
  const log = [
    decision({ kind: 'started', message: 'begins' }),
    decision({ kind: 'refused', message: 'resume is not done: it is not paused', by: 'alice', why: 'it looks good' }),
  ];
  return pictureOf(snapshotOf(rolloutMap(status, log)), { paint: plain, width, now: NOW, silentMillis });
}

/** The bar of a split. */
const bar = (candidateWeight: number) => draw(rolloutStatus({ candidateWeight })).find((line) => /[█░]/.test(line));

describe('the picture of a rollout', () => {
  it('has phase, split, steps, samples, guardrails and the last decisions', () => {
    expect(
      draw(rolloutStatus({ mirror: 2500 })).join('\n'),
    ).toBe(`iris-rollout   iris v1 → v2   Progressing for 4 min 10 s
step 2 of 3 is under way

v1 90 %  ████████████████████████████████████░░░░  v2 10 %
25 % mirrored to v2, 2 of 2 proxies serve this

Steps
  done     1  shadow 100 %
  now      2  weight 10 %    4 min of 10 min; v1: 7312 of 1000, v2: 812 of 1000 requests; waits: 6 min and 188 requests more
           3  weight 50 %
           4  promotion

Guardrails
  pass       error-rate     0.1 % of 812 requests: more than 1 % is excluded
  undecided  latency-100ms  2 % of 812 requests: at least 1000 are needed

Requests since the start
  stable     v1  12000, 12 failed (0.1 %)
  candidate  v2  812, 3 failed (0.369 %)

Last decisions
  4 min 10 s ago  begins
  4 min 10 s ago  resume is not done: it is not paused (alice: it looks good)`);
  });

  it.each(['Pending', 'Warming'])('%s: no step is under way', (phase) => {
    const steps = draw(rolloutStatus({ phase, step: undefined })).filter((line) => /^ {2}(done|now|ended)/.test(line));
    expect(steps).toEqual([]);
  });

  it.each([
    ['Paused', ['done', 'paused']],
    ['Promoting', ['done', 'done', 'done', 'now']],
    ['Promoted', ['done', 'done', 'done', 'done']],
    ['RolledBack', ['done', 'ended']],
  ])('%s: says what became of each step', (phase, words) => {
    const lines = draw(rolloutStatus({ phase }));
    const first = lines.indexOf('Steps') + 1;
    expect(lines.slice(first, first + 4).flatMap((line) => /[a-z]+/.exec(line.slice(0, 10))?.[0] ?? [])).toEqual(words);
  });

  it('shows a small share and a small rest as such, and none and all alone as nothing', () => {
    expect(bar(0)).toBe(`v1 100 %  ${'█'.repeat(40)}  v2 0 %`);
    expect(bar(1)).toBe(`v1 99.99 %  ${'█'.repeat(39)}░  v2 0.01 %`);
    expect(bar(9999)).toBe(`v1 0.01 %  █${'░'.repeat(39)}  v2 99.99 %`);
    expect(bar(10_000)).toBe(`v1 0 %  ${'░'.repeat(40)}  v2 100 %`);
  });

  it('fits into the width', () => {
    for (const width of [120, 80, 40, 30]) {
      const lines = draw(rolloutStatus({ reason: 'x'.repeat(200) }), width);
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width);
    }
    expect(draw(rolloutStatus(), 60).join('\n')).toContain(
      ['  undecided  latency-100ms  2 % of 812 requests: at least', '                            1000 are needed'].join(
        '\n',
      ),
    );
  });

  it('warns of a silent controller, of a rollout before, and of requests without answer', () => {
    const object = rolloutMap(rolloutStatus({ phase: 'Promoted' }));
    object.metadata.labels!['app.kubernetes.io/version'] = 'v3';
    object.metadata.annotations = { 'model-serving/pause': 'lunch' };
    const lines = pictureOf(snapshotOf(object), { paint: plain, width: 200, now: NOW, silentMillis: 61_000 });
    expect(lines.slice(2, 6)).toEqual([
      'The manifest declares the candidate v3. The controller has not begun with it: what follows is the rollout before.',
      'The controller has not been heard of for 1 min 1 s: nothing goes on, and what follows may be old.',
      'The request pause (lunch) waits for the controller.',
      '',
    ]);
  });
});

describe('texts', () => {
  it.each([
    [0, '0 s'],
    [59_499, '59 s'],
    [60_000, '1 min'],
    [3_599_000, '59 min 59 s'],
    [3_600_000, '1 h'],
    [90_061_000, '1 d 1 h'],
    [-5, '0 s'],
  ])('%d ms are %s', (millis, text) => expect(durationText(millis)).toBe(text));

  it.each([
    [0, '0 %'],
    [1, '0.01 %'],
    [1250, '12.5 %'],
    [10_000, '100 %'],
  ])('a share of %d is %s', (share, text) => expect(shareText(share)).toBe(text));

  it('breaks lines between words, and words that are too long', () => {
    expect(wrap('  a bb ccc dddd', 7, 4)).toEqual(['  a bb', '   ccc', '   dddd']);
    expect(wrap('short', 7, 4)).toEqual(['short']);
    expect(wrap('', 7, 4)).toEqual(['']);
    expect(wrap('abcdefghij', 4, 2)).toEqual(['abcd', '  ef', '  gh', '  ij']);
  });

  it('shows a time that is none', () => expect(ageText('yesterday', NOW)).toBe('yesterday'));

  it('has colours on a terminal, unless NO_COLOR says otherwise', () => {
    expect(paintFor({ isTTY: true })('red', 'x')).toBe('\x1b[31mx\x1b[39m');
    expect(paintFor({})('red', 'x')).toBe('x');
    process.env.NO_COLOR = '1';
    expect(paintFor({ isTTY: true })('red', 'x')).toBe('x');
    delete process.env.NO_COLOR;
  });
});
