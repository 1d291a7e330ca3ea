import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import {
  type JobStatus,
  type LocalOptions,
  type LocalRun,
  type LocalStatus,
  type LogLine,
  type Manifest,
  runLocal,
} from '../../runtime/src/local';
import { createLogger } from '../../runtime/src/telemetry';
import { eventually } from '../support/eventually';
import { cronJob, job } from '../support/job';
import { modelConfig, servingConfig } from '../support/serving-config';
import { temporaryDirectory } from '../support/temporary';
import { configMap, container, deployment, type KubernetesObject } from '../support/workload';

const FAST = { initialMillis: 20, maxMillis: 50 };
const logger = createLogger({ level: 'silent' });
const root = temporaryDirectory();
const runs: LocalRun[] = [];
const lines: LogLine[] = [];

/** What a container does: succeed, go on, fail with 2 and with 43. */
const DONE = ['sleep', '--seconds', '0'];
const LONG = ['sleep', '--seconds', '1000'];
const FAILS = ['sleep', '--seconds', 'many'];
const BAD = ['fetch', '--config', '/none.json'];
/** A configuration with which `fetch` has nothing to do. */
const NO_DOWNLOADS = JSON.stringify(servingConfig(modelConfig({ path: '/models/m.onnx' })));
const INDEXED = { completionMode: 'Indexed', completions: 3, parallelism: 3, backoffLimitPerIndex: 1 };

beforeAll(() => {
  // Another test file may run manifests at the same time.
  mkdirSync(join(root, 'tmp'));
  jest.spyOn(os, 'tmpdir').mockReturnValue(join(root, 'tmp'));
});

afterEach(async () => {
  await Promise.all(runs.splice(0).map((run) => run.stop()));
  lines.splice(0);
});

async function run(objects: readonly KubernetesObject[], options: Partial<LocalOptions> = {}): Promise<LocalRun> {
  const started = await runLocal(objects as readonly Manifest[], {
    logger,
    retries: FAST,
    restarts: { ...FAST, resetMillis: 600_000 },
    output: (line) => lines.push(line),
    ...options,
  });
  runs.push(started);
  return started;
}

/** Runs one Job to its end. */
async function finished(object: KubernetesObject, options: Partial<LocalOptions> = {}): Promise<JobStatus> {
  const started = await run([object], options);
  await started.done;
  return only(started.status());
}

function only({ jobs }: LocalStatus): JobStatus {
  const [first] = jobs;
  if (first === undefined) {
    throw new Error('there is no Job');
  }
  return first;
}

const running = (args: readonly string[], more = {}) => ({ containers: [container({ args })], ...more });
const rule = (action: string, ...values: number[]) => ({ action, onExitCodes: { operator: 'In', values } });

const sandboxes = () => readdirSync(join(root, 'tmp')).filter((name) => name.startsWith('model-serving-local-'));

/** Does what the file of its index in a directory says: succeeds when it is there, else fails with 43. */
function byIndex(directory: string): Record<string, unknown> {
  const args = ['fetch', '--config', '/work/$(JOB_COMPLETION_INDEX).json'];
  return {
    containers: [container({ args, volumeMounts: [{ name: 'work', mountPath: '/work' }] })],
    volumes: [{ name: 'work', persistentVolumeClaim: { claimName: directory } }],
  };
}

describe('a Job', () => {
  it('is complete when all of its pods have succeeded, init containers first', async () => {
    const podSpec = {
      initContainers: [container({ name: 'first', args: DONE })],
      containers: [container({ args: DONE })],
    };
    const started = await run([job('a', podSpec, { completions: 2, parallelism: 2 })]);
    const seen = new Set<string>();
    started.onChange((status) => {
      for (const { containers } of only(status).pods) {
        seen.add(containers.map(({ state }) => state).join(' '));
      }
    });
    await started.done;
    expect(only(started.status())).toMatchObject({
      state: 'Complete',
      completions: 2,
      succeeded: 2,
      failed: 0,
      pods: [],
    });
    expect([...seen]).toEqual(['Running Waiting', 'Completed Waiting', 'Completed Running', 'Completed Completed']);
  });

  it('runs no more pods at once than its parallelism, lowest index first', async () => {
    const started = await run([job('a', {}, { ...INDEXED, completions: 5, parallelism: 2 })]);
    const most: number[] = [];
    const order: number[] = [];
    started.onChange((status) => {
      const { pods, indexes = [] } = only(status);
      most.push(pods.length);
      order.push(...indexes.filter(({ state }) => state === 'Running').map(({ index }) => index));
    });
    await started.done;
    expect(Math.max(...most)).toBe(2);
    expect([...new Set(order)]).toEqual([0, 1, 2, 3, 4]);
    expect(only(started.status())).toMatchObject({ state: 'Complete', succeeded: 5 });
  });

  it('with no completions is complete at once', async () => {
    expect(await finished(job('a', {}, { completions: 0 }))).toMatchObject({ state: 'Complete', succeeded: 0 });
  });

  it('leaves no files of pods behind, and keeps those of its claims', async () => {
    const claim = join(root, 'kept');
    mkdirSync(claim);
    writeFileSync(join(claim, 'table'), 'rows');
    const podSpec = running(DONE, {
      volumes: [
        { name: 'scratch', emptyDir: {} },
        { name: 'table', persistentVolumeClaim: { claimName: 'kept' } },
      ],
    });
    const started = await run([job('a', podSpec), deployment('b')], { volumes: { kept: claim } });
    await eventually('the Job is complete', () => only(started.status()).state === 'Complete');
    const sandbox = sandboxes()[0] ?? '';
    expect(readdirSync(join(root, 'tmp', sandbox, 'ml'))).toEqual(['b-0']);
    expect(readdirSync(claim)).toEqual(['table']);
  });

  it('goes on beside servers, which stay when it ends', async () => {
    const started = await run([job('a', running(BAD), { backoffLimit: 0 }), deployment('b')]);
    await eventually('the Job has failed', () => only(started.status()).state === 'Failed');
    expect(started.status()).toMatchObject({ ready: true, pods: [{ name: 'b-0', ready: true }] });
  });

  it('is stopped with everything else, and says so', async () => {
    const started = await run([job('a', running(LONG), INDEXED)]);
    const pids = await eventually('its pods run', () => {
      const found = only(started.status()).pods.flatMap(({ containers }) => containers.flatMap(({ pid }) => pid ?? []));
      return found.length === 3 && found;
    });
    await started.stop();
    expect(only(started.status())).toMatchObject({ state: 'Stopped', succeeded: 0, pods: [] });
    expect(pids.filter((pid) => isAlive(pid))).toEqual([]);
    expect(sandboxes()).toEqual([]);
  });
});

describe('a failed pod', () => {
  it('has another one in its place, for the same index, until that succeeds', async () => {
    const directory = join(root, 'repaired');
    mkdirSync(directory);
    for (const index of [0, 2]) {
      writeFileSync(join(directory, `${index}.json`), NO_DOWNLOADS);
    }
    const started = await run([job('a', byIndex('repaired'), { ...INDEXED, backoffLimitPerIndex: 1000 })], {
      volumes: { repaired: directory },
    });
    const pods = new Set<string>();
    started.onChange((status) => {
      for (const { name } of only(status).pods) {
        pods.add(name);
      }
    });
    await eventually('index 1 has failed twice', () => (only(started.status()).indexes?.[1]?.failed ?? 0) >= 2);
    writeFileSync(join(directory, '1.json'), NO_DOWNLOADS);
    await started.done;
    const { state, failed, indexes } = only(started.status());
    expect({ state, indexes }).toEqual({
      state: 'Complete',
      indexes: [
        { index: 0, state: 'Complete', failed: 0 },
        { index: 1, state: 'Complete', failed, reason: expect.stringMatching(/^exit code 43 \(bad configuration/) },
        { index: 2, state: 'Complete', failed: 0 },
      ],
    });
    expect([...pods].filter((name) => name.startsWith('a-1-'))).toHaveLength(failed + 1);
  });

  it('fails its index when the limit of that is reached, and the Job when all others are done', async () => {
    const directory = join(root, 'one-bad');
    mkdirSync(directory);
    for (const index of [0, 2]) {
      writeFileSync(join(directory, `${index}.json`), NO_DOWNLOADS);
    }
    const status = await finished(job('a', byIndex('one-bad'), { ...INDEXED, parallelism: 1 }), {
      volumes: { 'one-bad': directory },
    });
    expect(status).toMatchObject({
      state: 'Failed',
      reason: 'FailedIndexes: 1',
      succeeded: 2,
      failed: 2,
      indexes: [
        { state: 'Complete' },
        { state: 'Failed', failed: 2, reason: expect.stringMatching(/exit code 43 .*\/1\.json/) },
        { state: 'Complete' },
      ],
    });
  });

  it.each([
    [
      'fails the Job beyond its limit',
      { backoffLimit: 2 },
      { failed: 3, reason: /^BackoffLimitExceeded: exit code 43/ },
    ],
    [
      'fails the Job at once where the policy says so',
      { podFailurePolicy: { rules: [rule('Ignore', 42), rule('FailJob', 43)] } },
      {
        failed: 1,
        reason: /^PodFailurePolicy: exit code 43 of main matches the FailJob rule at index 1: exit code 43/,
      },
    ],
    [
      'fails its index at once where the policy says so',
      { ...INDEXED, completions: 1, backoffLimitPerIndex: 5, podFailurePolicy: { rules: [rule('FailIndex', 43)] } },
      { failed: 1, reason: /^FailedIndexes: 0$/ },
    ],
    [
      'fails the Job when more indexes have failed than may',
      { ...INDEXED, backoffLimitPerIndex: 0, maxFailedIndexes: 1, parallelism: 1 },
      { failed: 2, reason: /^MaxFailedIndexesExceeded: 2 have failed, 1 may: index 1: exit code 43/ },
    ],
  ])('%s', async (_, spec, expected) => {
    const status = await finished(job('a', running(BAD), spec));
    expect(status).toMatchObject({
      state: 'Failed',
      failed: expected.failed,
      reason: expect.stringMatching(expected.reason),
    });
  });

  it('does not count where the policy says so', async () => {
    const started = await run([
      job('a', running(BAD), { backoffLimit: 0, podFailurePolicy: { rules: [rule('Ignore', 43)] } }),
    ]);
    await eventually('pods have failed again and again', () => only(started.status()).failed >= 3);
    expect(only(started.status()).state).toBe('Running');
  });

  it('ends the other pods when it fails the Job', async () => {
    const podSpec = {
      initContainers: [
        container({
          name: 'gate',
          args: ['fetch', '--config', '/c/$(JOB_COMPLETION_INDEX).json'],
          volumeMounts: [{ name: 'c', mountPath: '/c' }],
        }),
      ],
      containers: [container({ args: LONG })],
      volumes: [{ name: 'c', configMap: { name: 'c' } }],
    };
    const policy = { podFailurePolicy: { rules: [rule('FailJob', 43)] } };
    const started = await run([
      job('a', podSpec, { ...INDEXED, completions: 2, ...policy }),
      configMap('c', { '0.json': NO_DOWNLOADS }),
    ]);
    await started.done;
    expect(only(started.status())).toMatchObject({
      state: 'Failed',
      reason: expect.stringMatching(/^PodFailurePolicy: .* of gate .*: index 1: /),
      indexes: [{ state: 'Stopped' }, { state: 'Failed' }],
      pods: [],
    });
  });

  it('starts its containers again in the same pod where the restart policy says so', async () => {
    const podSpec = running(FAILS, { restartPolicy: 'OnFailure' });
    const started = await run([job('a', podSpec, { backoffLimit: 3 })]);
    const pods = new Set<string>();
    started.onChange((status) => {
      for (const { name } of only(status).pods) {
        pods.add(name);
      }
    });
    await started.done;
    expect(only(started.status())).toMatchObject({
      state: 'Failed',
      reason: expect.stringMatching(/^BackoffLimitExceeded: containers were started again 3 times: exit code 2/),
    });
    expect(pods.size).toBe(1);
  });
});

describe('a Job that takes too long', () => {
  it('fails at its deadline', async () => {
    expect(await finished(job('a', running(LONG), { activeDeadlineSeconds: 1 }))).toMatchObject({
      state: 'Failed',
      reason: 'DeadlineExceeded: it has not ended within 1 s',
    });
  });
});

describe('a Job that is not asked for', () => {
  it('does not start', async () => {
    const started = await run([job('a'), job('b', {}, { suspend: true }), cronJob('c')]);
    await started.done;
    const { jobs, cronJobs } = started.status();
    expect(jobs.map(({ name, state }) => [name, state])).toEqual([
      ['a', 'Complete'],
      ['b', 'Suspended'],
    ]);
    expect(cronJobs).toEqual([{ namespace: 'ml', name: 'c', schedule: '0 * * * *', timeZone: 'Etc/UTC', jobs: [] }]);
  });
});

describe('runs of a CronJob', () => {
  const at = (time: string) => ({ name: 'hourly', time: new Date(time) });

  it.each([
    ['Forbid', 1],
    ['Allow', 2],
  ])('that are asked for at once: %s', async (concurrencyPolicy, expected) => {
    const started = await run([cronJob('hourly', {}, {}, { concurrencyPolicy })], {
      run: [at('2026-11-22T10:00Z'), at('2026-11-22T11:00Z')],
    });
    const most: number[] = [only(started.status()) && started.status().jobs.filter(isRunning).length];
    started.onChange(({ jobs }) => most.push(jobs.filter(isRunning).length));
    await started.done;
    const { jobs, cronJobs } = started.status();
    expect(jobs.map(({ state }) => state)).toEqual(['Complete', 'Complete']);
    expect(Math.max(...most)).toBe(expected);
    expect(cronJobs[0]?.jobs).toEqual([29_922_360, 29_922_420].map((minutes) => `hourly-${minutes}`));
  });
});

function isRunning({ state }: JobStatus): boolean {
  return state === 'Running';
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
