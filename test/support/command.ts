import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { resolve } from 'node:path';

const BIN = resolve(__dirname, '../../runtime/bin/model-serving.js');

/** The program that stands for a terminal, as a need of `describeWith`. */
export const TERMINAL = {
  what: 'script (util-linux), to stand for a terminal',
  present: process.platform === 'linux' && spawnSync('script', ['-qec', 'true', '/dev/null']).status === 0,
};

/** A running process of the runtime, and what it has written. */
export interface RunningCommand {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Everything written so far. */
  stdout(): string;
  stderr(): string;
  /** Log lines of standard output that are JSON objects. */
  log(): Record<string, unknown>[];
  /** Code, or the name of the signal, that ended the process. */
  readonly ended: Promise<number | string>;
}

/** A process of the runtime that has ended. */
export interface FinishedCommand {
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
  readonly log: Record<string, unknown>[];
}

/** Options of {@link startCommand}. */
export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Program and arguments to run the runtime by, in front of `node …/model-serving.js`. */
  readonly through?: readonly string[];
  /** Working directory. */
  readonly cwd?: string;
  /** Runs it on a terminal; see {@link TERMINAL}. */
  readonly terminal?: boolean;
}

/** Starts `model-serving ARGS` as it is installed: compiled, in a process of its own. */
export function startCommand(args: readonly string[], options: CommandOptions = {}): RunningCommand {
  const line = [...(options.through ?? []), process.execPath, BIN, ...args];
  const [program = '', ...rest] = options.terminal === true ? ['script', '-qefc', line.join(' '), '/dev/null'] : line;
  const child = spawn(program, rest, {
    env: { ...process.env, ...options.env },
    cwd: options.cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk;
  });
  const ended = new Promise<number | string>((done, failed) => {
    child.on('error', failed);
    child.on('close', (code, signal) => done(code ?? signal ?? 'unknown'));
  });
  return {
    child,
    pid: child.pid ?? -1,
    stdout: () => stdout,
    stderr: () => stderr,
    log: () => jsonLines(stdout),
    ended,
  };
}

/** Runs `model-serving ARGS` to its end. */
export async function runCommand(args: readonly string[], options: CommandOptions = {}): Promise<FinishedCommand> {
  const running = startCommand(args, options);
  const code = await running.ended;
  return { code, stdout: running.stdout(), stderr: running.stderr(), log: running.log() };
}

function jsonLines(text: string): Record<string, unknown>[] {
  return text.split('\n').flatMap((line) => {
    try {
      const value: unknown = JSON.parse(line);
      return typeof value === 'object' && value !== null ? [value as Record<string, unknown>] : [];
    } catch {
      return [];
    }
  });
}
