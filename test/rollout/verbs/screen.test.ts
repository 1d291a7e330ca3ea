import { stripVTControlCharacters } from 'node:util';
import { CONFIG_MAPS, KubernetesApi } from '../../../runtime/src/kubernetes-api';
import { type FaultyApi, startFaultyApi } from '../../support/api-faults';
import { type RunningCommand, runCommand, startCommand, TERMINAL } from '../../support/command';
import { eventually } from '../../support/eventually';
import { describeWith } from '../../support/requires';
import { dataOf, decision, rolloutMap, rolloutStatus } from '../../support/rollouts';

const FRAME = '\x1b[?2026h\x1b[H';
const ENTER = '\x1b[?1049h\x1b[?25l';
const LEAVE = '\x1b[?25h\x1b[?1049l';

let faulty: FaultyApi;
let api: KubernetesApi;
beforeEach(async () => {
  faulty = await startFaultyApi();
  api = KubernetesApi.at(faulty.url);
  await api.create(CONFIG_MAPS, rolloutMap(rolloutStatus(), [decision()]));
});
afterEach(() => faulty.close());

const change = (data: Record<string, string>) => api.merge(CONFIG_MAPS, 'iris-rollout', { data });

/** Starts it on a terminal of a size. */
function onTerminal(columns: number, rows: number, ...args: string[]): RunningCommand {
  const through = ['stty', 'cols', String(columns), 'rows', String(rows), ';'];
  return startCommand(['rollout', ...args, '--server', faulty.url], {
    terminal: true,
    through,
    env: { NO_COLOR: '1' },
  });
}

/** What a frame has written, line by line. */
const linesOf = (frame: string) => stripVTControlCharacters(frame).split('\r\n');

describe('as a process', () => {
  it('writes without colours where there is no terminal, and ends with the code of what it found', async () => {
    const shown = await runCommand(['rollout', 'status', '--server', faulty.url]);
    expect([shown.code, shown.stderr]).toEqual([0, '']);
    expect(shown.stdout).toMatch(/^iris-rollout {3}iris v1 → v2 {3}Progressing/);
    expect(shown.stdout).not.toContain('\x1b');
    await change(dataOf(rolloutStatus({ phase: 'RolledBack' })));
    const waited = await runCommand(['rollout', 'status', '--wait', '--server', faulty.url]);
    expect([waited.code, waited.stderr]).toEqual([1, '']);
    const none = await runCommand(['rollout', 'abort', 'none', '--server', faulty.url]);
    expect([none.code, none.stdout]).toEqual([1, '']);
    expect(none.stderr).toMatch(/^model-serving: There is no rollout "none"/);
  });

  it.each([
    [['rollout'], /Usage: model-serving rollout/],
    [['rollout', 'stats'], /unknown command 'stats'/],
    [['rollout', 'abort', 'a', 'b'], /too many arguments/],
    [['rollout', 'abort', '--timeout', '0'], /Give a number of seconds above 0/],
    [['rollout', 'status', '--server', 'localhost:1'], /Give a URL such as/],
  ])('ends with 2 and the usage for %j', async (args, message) => {
    const { code, stderr } = await runCommand(args);
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
  });

  it('explains every verb with an example', async () => {
    for (const verb of ['status', 'promote', 'pause', 'resume', 'abort', 'retry', 'skip-step', 'history']) {
      const { code, stdout } = await runCommand(['rollout', verb, '--help']);
      expect([code, stdout]).toEqual([0, expect.stringContaining(`$ model-serving rollout ${verb}`)]);
    }
  });
});

describeWith('on a terminal', TERMINAL, () => {
  it('draws in place, without flicker and within its size, and leaves the last picture', async () => {
    const command = onTerminal(60, 12, 'status', '--watch', '--wait');
    await eventually('the first picture', () => command.stdout().includes('Progressing'));
    await change({ heartbeat: '8' });
    await change(
      dataOf(rolloutStatus({ phase: 'Promoted', candidateWeight: 10_000 }), [decision({ kind: 'promoted' })]),
    );
    expect(await command.ended).toBe(0);
    const output = command.stdout();
    expect([output.indexOf(ENTER), output.split(ENTER).length, output.split(LEAVE).length]).toEqual([0, 2, 2]);
    const [live = '', last = ''] = output.split(LEAVE);
    const frames = live.split(FRAME).slice(1);
    expect(frames.length).toBeGreaterThan(1);
    expect(output).not.toContain('\x1b[2J');
    for (const frame of frames) {
      // One write a frame; it clears what it does not cover, and nothing before that.
      expect(frame.endsWith('\x1b[J\x1b[?2026l')).toBe(true);
      const lines = linesOf(frame);
      expect(lines.length).toBeLessThanOrEqual(12);
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(60);
    }
    expect(last).toMatch(/^iris-rollout {3}iris v1 → v2 {3}Promoted/);
    expect(last).toContain('Last decisions');
  });

  it('gives the screen back when a signal ends it', async () => {
    const command = onTerminal(100, 40, 'status', '--watch');
    await eventually('the first picture', () => command.stdout().includes('Progressing'));
    await eventually('it ends', () => {
      command.child.kill('SIGINT');
      return command.child.exitCode !== null || command.child.signalCode !== null;
    });
  });

  it('says when it is not connected, and goes on', async () => {
    const command = onTerminal(100, 40, 'status', '--watch', '--wait');
    await eventually('the first picture', () => command.stdout().includes('Progressing'));
    await eventually('it watches', () => faulty.requests.some((line) => line.includes('watch=true')));
    faulty.break();
    await eventually('it says so', () => command.stdout().includes('Not connected'));
    faulty.mend();
    await change(dataOf(rolloutStatus({ phase: 'Promoted' })));
    expect(await command.ended).toBe(0);
    expect(command.stdout().split(LEAVE)[1]).not.toContain('Not connected');
  });
});
