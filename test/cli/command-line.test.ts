import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { runCommand, startCommand } from '../support/command';
import { eventually } from '../support/eventually';

const COMMANDS = ['predictor', 'fetch', 'sleep', 'serve', 'local', 'rollout', 'batch'];

describe('model-serving', () => {
  it('prints its version', async () => {
    expect(await runCommand(['--version'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
  });

  it('lists its commands', async () => {
    const { code, stdout } = await runCommand(['--help']);
    expect(code).toBe(0);
    for (const command of COMMANDS) {
      expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
    }
  });

  it.each(COMMANDS)('explains %s with an example', async (command) => {
    const { code, stdout } = await runCommand([command, '--help']);
    expect(code).toBe(0);
    expect(stdout).toContain('Examples:');
    expect(stdout).toContain(`$ model-serving ${command}`);
  });

  it.each([
    [['lokal'], /unknown command 'lokal'\n.*Did you mean local/],
    [['predictor', '--confg', 'x'], /unknown option '--confg'\n.*Did you mean --config/],
    [['serve'], /required option '--models <dir>' not specified/],
    [['serve', '--models', '.', '--http-port', '70000'], /Give a port, from 0/],
    [['serve', '--models', '.', '--http-port', 'http'], /Give a port, from 0/],
    [['sleep'], /required option '--seconds <number>'/],
    [['sleep', '--seconds', '-1'], /Give a number of seconds/],
    [['local'], /missing required argument 'path'/],
    [['local', '.', '--volume', 'x'], /Give NAME=DIR/],
    [['local', '.', '--service', 'redis'], /Give NAME=HOST:PORT/],
    [['local', '.', '--service', 'redis=6379'], /Give NAME=HOST:PORT/],
    [['sleep', '--seconds', '0', 'more'], /too many arguments/],
    [[], /Usage: model-serving/],
  ])('ends with code 2 and the usage for %j', async (args, message) => {
    const { code, stderr } = await runCommand(args);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(stderr).toContain('Usage: model-serving');
  });

  it('sleeps', async () => {
    expect(await runCommand(['sleep', '--seconds', '0.01'])).toMatchObject({ code: 0, stdout: '', stderr: '' });
  });

  it('wakes up for a signal', async () => {
    const command = startCommand(['sleep', '--seconds', '1000']);
    // Signals that arrive before the handler is there end the process too, with the signal's name.
    await eventually('the process handles signals', async () => {
      command.child.kill('SIGTERM');
      return command.child.exitCode !== null || command.child.signalCode !== null;
    });
    expect([0, 'SIGTERM']).toContain(await command.ended);
  });

  it('does not mind when nobody reads its output', async () => {
    const file = resolve(__dirname, '../../runtime/bin/model-serving.js');
    const child = spawn(process.execPath, [file, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk;
    });
    const code = await new Promise((done) => child.on('close', done));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });
});
