import type { LocalOptions, Manifest, ManifestError } from '../../runtime/src/local';
import { planLocal } from '../../runtime/src/local/plan';
import { createLogger } from '../../runtime/src/telemetry';
import { cronJob, job } from '../support/job';
import { configMap, container, deployment, type KubernetesObject } from '../support/workload';

const logger = createLogger({ level: 'silent' });
const INDEXED = { completionMode: 'Indexed', completions: 3 };

function plan(objects: readonly KubernetesObject[], options: Partial<LocalOptions> = {}) {
  return planLocal(objects as readonly Manifest[], { logger, ...options }).jobs;
}

function problemsOf(objects: readonly KubernetesObject[], options: Partial<LocalOptions> = {}): readonly string[] {
  try {
    plan(objects, options);
    return [];
  } catch (error) {
    return (error as ManifestError).problems;
  }
}

describe('a pod of a Job', () => {
  const env = [
    { name: 'JOB', valueFrom: { fieldRef: { fieldPath: "metadata.labels['batch.kubernetes.io/job-name']" } } },
    { name: 'UID', valueFrom: { fieldRef: { fieldPath: "metadata.labels['batch.kubernetes.io/controller-uid']" } } },
    {
      name: 'INDEX',
      valueFrom: { fieldRef: { fieldPath: "metadata.annotations['batch.kubernetes.io/job-completion-index']" } },
    },
  ];
  const spec = {
    initContainers: [container({ name: 'first', args: ['sleep', '$(JOB_COMPLETION_INDEX)'] })],
    containers: [container({ env, args: ['sleep', '$(JOB)', '$(JOB_COMPLETION_INDEX)'] })],
  };

  it('knows its Job and its index by what the controller adds', () => {
    const [planned] = plan([job('churn', spec, INDEXED)]);
    const pods = [planned?.pod(0), planned?.pod(2), planned?.pod(2)];
    const [first, third, again] = pods;
    expect(first?.initContainers[0]?.environment).toEqual({ JOB_COMPLETION_INDEX: '0' });
    expect(third?.containers[0]?.environment).toEqual({
      JOB: 'churn',
      UID: expect.stringMatching(/^[0-9a-f-]{36}$/),
      INDEX: '2',
      JOB_COMPLETION_INDEX: '2',
    });
    expect(new Set(pods.map((pod) => pod?.containers[0]?.environment.UID)).size).toBe(1);
    expect(third?.identity.name).toMatch(/^churn-2-[a-z0-9]{5}$/);
    expect(again?.identity.name).not.toBe(third?.identity.name);
    expect(third?.identity.hostname).toBe('churn-2');
    expect(third?.identity.labels).toMatchObject({
      'job-name': 'churn',
      'batch.kubernetes.io/job-name': 'churn',
      'batch.kubernetes.io/job-completion-index': '2',
      'controller-uid': third?.containers[0]?.environment.UID,
    });
  });

  it('has no index in a Job that is not Indexed', () => {
    const [planned] = plan([job('churn', spec, { completions: 3 })]);
    const pod = planned?.pod(1);
    expect(pod?.containers[0]?.environment).toEqual({ JOB: 'churn', UID: expect.any(String), INDEX: '' });
    expect(pod?.containers[0]?.args).toEqual(['sleep', 'churn', '$(JOB_COMPLETION_INDEX)']);
    expect(pod?.identity.name).toMatch(/^churn-[a-z0-9]{5}$/);
    expect(pod?.identity.hostname).toBe(pod?.identity.name);
  });
});

describe('the limits of a Job', () => {
  it.each([
    ['6 failures by default', {}, { backoffLimit: 6 }],
    ['those that are declared', { backoffLimit: 2 }, { backoffLimit: 2 }],
    [
      'any number of failures when each index has a limit',
      { ...INDEXED, backoffLimitPerIndex: 1 },
      { backoffLimit: Number.POSITIVE_INFINITY, backoffLimitPerIndex: 1 },
    ],
    ['a deadline', { activeDeadlineSeconds: 60 }, { deadlineMillis: 60_000 }],
    ['one pod by default', {}, { completions: 1, parallelism: 1 }],
  ])('are %s', (_, spec, expected) => {
    expect(plan([job('churn', {}, spec)])).toEqual([expect.objectContaining(expected)]);
  });
});

describe('a Job that cannot be run', () => {
  it.each([
    ['never ends', { restartPolicy: 'Always' }, {}, /restartPolicy of its pods is Always/],
    ['has no indexes', {}, { completionMode: 'Indexed' }, /it is Indexed and has no completions/],
    ['is a work queue', {}, { parallelism: 2 }, /it is a work queue/],
    ['has no indexes to limit', {}, { backoffLimitPerIndex: 1 }, /backoffLimitPerIndex needs completionMode Indexed/],
    ['limits no failures', {}, { ...INDEXED, maxFailedIndexes: 1 }, /maxFailedIndexes needs backoffLimitPerIndex/],
    [
      'starts containers again in spite of a policy',
      { restartPolicy: 'OnFailure' },
      { podFailurePolicy: { rules: [] } },
      /podFailurePolicy needs restartPolicy Never, and it is OnFailure/,
    ],
    [
      'fails an index without a limit for it',
      {},
      {
        ...INDEXED,
        podFailurePolicy: { rules: [{ action: 'FailIndex', onExitCodes: { operator: 'In', values: [42] } }] },
      },
      /action FailIndex, which needs backoffLimitPerIndex/,
    ],
    [
      'has a rule for a container that is not there',
      {},
      {
        podFailurePolicy: {
          rules: [{ action: 'FailJob', onExitCodes: { containerName: 'x', operator: 'In', values: [1] } }],
        },
      },
      /about the container x, which is not there\. Name one of main/,
    ],
    [
      'takes success for a failure',
      {},
      { podFailurePolicy: { rules: [{ action: 'FailJob', onExitCodes: { operator: 'In', values: [0] } }] } },
      /about the exit code 0/,
    ],
    ['may be complete without all of its pods', {}, { successPolicy: { rules: [] } }, /it has a successPolicy/],
    ['has a wrong number', {}, { completions: -1 }, /Job ml\/churn: spec\.completions/],
  ])('%s', (_, podSpec, spec, expected) => {
    expect(problemsOf([job('churn', podSpec, spec)])).toEqual([expect.stringMatching(expected)]);
  });

  it('tells faults of its pods once, and all at once', () => {
    const podSpec = { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'tables' } }] };
    expect(problemsOf([job('churn', podSpec, { ...INDEXED, successPolicy: {} })])).toEqual([
      expect.stringMatching(/successPolicy/),
      expect.stringMatching(/churn: volume v is the claim tables/),
    ]);
  });
});

describe('what is asked for', () => {
  const time = new Date('2026-11-22T10:00:30+01:00');
  const names = (objects: readonly KubernetesObject[], run: LocalOptions['run']) =>
    plan(objects, { run }).map(({ name, cronJob: of, suspended }) => ({ name, of, suspended }));

  it('is a CronJob as of a time, by the name that its controller would give', () => {
    expect(names([cronJob('hourly')], [{ name: 'hourly', time }])).toEqual([
      { name: `hourly-${Date.UTC(2026, 10, 22, 9, 0) / 60_000}`, of: 'hourly', suspended: false },
    ]);
  });

  it('is a CronJob as of now', () => {
    const before = Math.floor(Date.now() / 60_000);
    const [{ name = '' } = {}] = names([cronJob('hourly')], [{ name: 'ml/hourly' }]);
    const minutes = Number(name.replace('hourly-', ''));
    expect(minutes).toBeGreaterThanOrEqual(before);
    expect(minutes).toBeLessThanOrEqual(Math.floor(Date.now() / 60_000));
  });

  it('is a suspended Job', () => {
    const objects = [job('a', {}, { suspend: true }), job('b', {}, { suspend: true })];
    expect(names(objects, [{ name: 'b' }])).toEqual([
      { name: 'a', of: undefined, suspended: true },
      { name: 'b', of: undefined, suspended: false },
    ]);
  });

  it('is run although its template is suspended', () => {
    expect(names([cronJob('hourly', {}, { suspend: true })], [{ name: 'hourly', time }])).toEqual([
      expect.objectContaining({ suspended: false }),
    ]);
  });

  it('follows the run before it unless runs may overlap', () => {
    const later = new Date('2026-11-22T11:00Z');
    const run = [
      { name: 'one', time },
      { name: 'one', time: later },
      { name: 'many', time },
    ];
    const objects = [cronJob('one', {}, {}, { concurrencyPolicy: 'Forbid' }), cronJob('many')];
    expect(plan(objects, { run }).map(({ follows }) => follows)).toEqual([true, true, false]);
  });

  it.each([
    ['is not there', [cronJob('hourly')], [{ name: 'x' }], /--run x: there is no CronJob.*There are: ml\/hourly\./],
    [
      'is there in several namespaces',
      [cronJob('a'), { ...cronJob('a'), metadata: { name: 'a', namespace: 'other' } }],
      [{ name: 'a' }],
      /--run a: there are several of that name: ml\/a, other\/a/,
    ],
    ['is a Job with a time', [job('a', {}, { suspend: true })], [{ name: 'a', time }], /has no scheduled time/],
    [
      'is the same twice',
      [cronJob('a')],
      [
        { name: 'a', time },
        { name: 'a', time },
      ],
      /There are two Jobs ml\/a-/,
    ],
  ])('is refused when it %s', (_, objects, run, expected) => {
    expect(problemsOf(objects, { run })).toEqual([expect.stringMatching(expected)]);
  });

  it('is asked for when nothing else would run', () => {
    expect(problemsOf([cronJob('hourly'), job('a', {}, { suspend: true }), configMap('c', {})])).toEqual([
      expect.stringMatching(/Nothing would run: .*Ask for ml\/hourly \(--run hourly\), ml\/a \(--run a\)/),
    ]);
    expect(problemsOf([cronJob('hourly'), deployment('a')])).toEqual([]);
  });
});
