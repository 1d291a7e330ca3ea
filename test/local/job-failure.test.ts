import { verdictOf } from '../../runtime/src/local/job/failure-policy';
import { JOB_RETRIES, retryDelay } from '../../runtime/src/local/restart-delay';

describe('the policy for failed pods', () => {
  const rule = (
    action: 'FailJob' | 'FailIndex' | 'Ignore' | 'Count',
    operator: 'In' | 'NotIn',
    ...values: number[]
  ) => ({
    action,
    onExitCodes: { operator, values },
  });
  const ended = (...codes: number[]) => codes.map((code, index) => ({ name: `c${index}`, code, reason: '' }));

  it.each([
    [
      'the first rule that matches',
      [rule('FailIndex', 'In', 42), rule('FailJob', 'In', 42, 43)],
      ended(42),
      'FailIndex',
    ],
    ['a later one', [rule('FailIndex', 'In', 42), rule('FailJob', 'In', 42, 43)], ended(43), 'FailJob'],
    ['counting, when none matches', [rule('FailIndex', 'In', 42)], ended(1), 'Count'],
    ['any container', [rule('FailIndex', 'In', 42)], ended(0, 42), 'FailIndex'],
    ['all codes but some', [rule('Ignore', 'NotIn', 42)], ended(1), 'Ignore'],
    ['no success among all codes but some', [rule('Ignore', 'NotIn', 42)], ended(0, 42), 'Count'],
    [
      'the container that it names',
      [{ action: 'FailJob' as const, onExitCodes: { containerName: 'c1', operator: 'In' as const, values: [42] } }],
      ended(42, 1),
      'Count',
    ],
    [
      'no condition of a cluster',
      [{ action: 'Ignore' as const, onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }],
      ended(143),
      'Count',
    ],
  ])('is %s', (_, rules, containers, expected) => {
    expect(verdictOf(rules, containers).action).toBe(expected);
  });

  it('names the rule', () => {
    expect(verdictOf([rule('Count', 'In', 1), rule('FailIndex', 'In', 42)], ended(42)).rule).toBe(
      'exit code 42 of c0 matches the FailIndex rule at index 1',
    );
  });
});

describe('the delay before another pod', () => {
  it('is that of the Job controller: 10 s, doubled up to 6 minutes', () => {
    expect([1, 2, 3, 4, 5, 6, 7].map((failures) => retryDelay(failures, JOB_RETRIES) / 1000)).toEqual([
      10, 20, 40, 80, 160, 320, 360,
    ]);
  });
});
