import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { describeError, errorMessage } from '../../runtime/src/telemetry';

const TELEMETRY = resolve(__dirname, '../../runtime/src/telemetry/index.ts');

/** Runs a program with the logger in a process of its own. */
function run(program: string, env: Record<string, string> = {}): Record<string, unknown>[] {
  const code = `require('tsx/cjs'); const { createLogger } = require(${JSON.stringify(TELEMETRY)}); ${program}`;
  const { stdout } = spawnSync(process.execPath, ['-e', code], { env: { ...process.env, ...env }, encoding: 'utf8' });
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

describe('the log', () => {
  it('has one JSON object a line, with level, ISO time and name', () => {
    const [line, ...rest] = run("createLogger({ name: 'x' }).info({ port: 1 }, 'listening')");
    expect(rest).toEqual([]);
    expect(line).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      name: 'x',
      port: 1,
      msg: 'listening',
    });
  });

  it('has the level that the environment names', () => {
    const program = "const l = createLogger(); l.debug('a'); l.warn('b'); l.error('c')";
    expect(run(program).map(({ msg }) => msg)).toEqual(['b', 'c']);
    expect(run(program, { MODEL_SERVING_LOG_LEVEL: 'debug' }).map(({ msg }) => msg)).toEqual(['a', 'b', 'c']);
    expect(run(program, { MODEL_SERVING_LOG_LEVEL: 'error' }).map(({ msg }) => msg)).toEqual(['c']);
  });

  it('says that a level is none, and goes on', () => {
    const lines = run("createLogger().info('a')", { MODEL_SERVING_LOG_LEVEL: 'loud' });
    expect(lines).toEqual([
      expect.objectContaining({ level: 'warn', value: 'loud' }),
      expect.objectContaining({ msg: 'a' }),
    ]);
  });

  it('keeps the last words of a process that ends at once', () => {
    expect(run("createLogger().fatal('bye'); process.exit(1)")).toHaveLength(1);
  });

  it('describes errors without what libraries attach to them', () => {
    const [line] = run(`
      const cause = Object.assign(new Error('inner'), { code: 'ENOENT' });
      const error = Object.assign(new Error('outer', { cause }), { request: { headers: { authorization: 'SECRET' } } });
      createLogger().error({ error }, 'failed')`);
    expect(line?.error).toMatchObject({ type: 'Error', message: 'outer', cause: { message: 'inner', code: 'ENOENT' } });
    expect(JSON.stringify(line)).not.toContain('SECRET');
  });
});

describe('the description of an error', () => {
  it('ends with a circle of causes', () => {
    const error = new Error('a');
    error.cause = error;
    expect(JSON.stringify(describeError(error))).toContain('"message":"a"');
  });

  it('has a message for whatever was thrown', () => {
    expect(errorMessage('text')).toBe('text');
    expect(errorMessage(undefined)).toBe('undefined');
    expect(errorMessage(new TypeError())).toBe('TypeError');
    expect(errorMessage(new AggregateError([new Error('a'), new Error('b')]))).toBe('a; b');
  });
});
