import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LocalStatus } from '../../runtime/src/local';
import { runCommand, startCommand, TERMINAL } from '../support/command';
import { eventually } from '../support/eventually';
import { cronJob, job } from '../support/job';
import { describeWith } from '../support/requires';
import { temporaryDirectory } from '../support/temporary';
import { container, type KubernetesObject } from '../support/workload';

const root = temporaryDirectory();
const temporary = join(root, 'tmp');
const env = { TMPDIR: temporary };
const BAD = { containers: [container({ args: ['fetch', '--config', '/none.json'] })] };
const LONG = { containers: [container()] };
let number = 0;

beforeAll(() => mkdirSync(temporary));

afterEach(() => expect(readdirSync(temporary).filter((name) => name.startsWith('model-serving-local-'))).toEqual([]));

/** A file with these objects. */
function manifests(...objects: KubernetesObject[]): string {
  number += 1;
  const file = join(root, `${number}.yaml`);
  writeFileSync(file, objects.map((object) => JSON.stringify(object)).join('\n---\n'));
  return file;
}

function read(file: string): LocalStatus {
  return JSON.parse(readFileSync(file, 'utf8'));
}

describe('local with Jobs alone', () => {
  it('ends with 0 when all of them are complete, and leaves their status', async () => {
    const file = join(root, 'complete.json');
    const all = manifests(job('a', {}, { completionMode: 'Indexed', completions: 2 }), job('b', {}, { suspend: true }));
    const { code, log } = await runCommand(['local', all, '--status-file', file], { env });
    expect(code).toBe(0);
    expect(log).toContainEqual(expect.objectContaining({ msg: 'not started until you ask for it', fix: '--run b' }));
    expect(log).toContainEqual(expect.objectContaining({ msg: 'job complete', job: 'ml/a', completions: 2 }));
    expect(read(file).jobs).toMatchObject([
      { name: 'a', state: 'Complete', succeeded: 2, startTime: expect.any(String), endTime: expect.any(String) },
      { name: 'b', state: 'Suspended', succeeded: 0 },
    ]);
  });

  it('ends with 1 when one has failed, and says why, after the others are complete', async () => {
    const file = join(root, 'failed.json');
    const all = manifests(job('bad', BAD, { backoffLimit: 0 }), job('good'));
    const { code, log } = await runCommand(['local', all, '--status-file', file], { env });
    expect(code).toBe(1);
    expect(log.at(-1)).toMatchObject({
      level: 'fatal',
      exitCode: 1,
      msg: expect.stringMatching(
        /^Jobs that are not complete:\n {2}- ml\/bad: Failed: BackoffLimitExceeded: exit code 43 .*\/none\.json/,
      ),
    });
    expect(read(file).jobs.map(({ state }) => state)).toEqual(['Failed', 'Complete']);
  });

  it('ends with 1 at a signal before they are complete', async () => {
    const file = join(root, 'signal.json');
    const command = startCommand(['local', manifests(job('a', LONG)), '--status-file', file], { env });
    await eventually('the pod runs', () => read(file).jobs[0]?.pods[0]?.ready);
    command.child.kill('SIGTERM');
    expect(await command.ended).toBe(1);
    expect(command.log().at(-1)).toMatchObject({ msg: expect.stringMatching(/ml\/a: Stopped/) });
  });
});

describe('local --run', () => {
  it('runs a CronJob as of a time', async () => {
    const file = join(root, 'cron.json');
    const all = manifests(cronJob('hourly'), cronJob('other'));
    const { code } = await runCommand(['local', all, '--run', 'hourly@2026-11-22T10:00Z', '--status-file', file], {
      env,
    });
    expect(code).toBe(0);
    const { jobs, cronJobs } = read(file);
    expect(jobs).toMatchObject([{ name: 'hourly-29922360', cronJob: 'hourly', state: 'Complete' }]);
    expect(cronJobs.map(({ name, jobs: runs }) => [name, runs])).toEqual([
      ['hourly', ['hourly-29922360']],
      ['other', []],
    ]);
  });

  it.each([
    ['hourly@10:00', /Give the time with its offset from UTC/],
    ['hourly@2026-11-22T10:00', /Give the time with its offset from UTC/],
    ['hourly@2026-13-22T10:00Z', /Give the time with its offset from UTC/],
    ['Hourly!', /Give NAME or NAME@TIME/],
  ])('takes no %s', async (request, message) => {
    const { code, stderr } = await runCommand(['local', manifests(cronJob('hourly')), '--run', request], { env });
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});

describeWith('local --open with Jobs, on a terminal', TERMINAL, () => {
  it('prints how each has ended, why, and what is not started', async () => {
    const spec = { completionMode: 'Indexed', completions: 1, backoffLimitPerIndex: 0 };
    const all = manifests(job('bad', BAD, spec), job('later', {}, { suspend: true }), cronJob('hourly'));
    const command = startCommand(['local', all, '--open'], { env, terminal: true });
    expect(await command.ended).toBe(1);
    const text = command.stdout();
    expect(text).toMatch(/JOB +STATUS +COMPLETIONS +FAILED PODS/);
    expect(text).toMatch(/ml\/bad +Failed +0\/1 +1/);
    expect(text).toMatch(/Job later is suspended: --run later/);
    expect(text).toMatch(/CronJob hourly \(0 \* \* \* \*\) is not started: --run hourly/);
    expect(text).toMatch(/bad, index 0: Failed: exit code 43/);
    expect(text).toMatch(/bad: Failed: FailedIndexes: 0/);
    expect(text).not.toMatch(/SERVICE/);
  });
});
