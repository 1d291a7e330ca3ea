import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { errorCode } from '../telemetry';

/** How to start a process of this runtime. */
export interface ProcessOptions {
  /** Arguments of `model-serving`. */
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Working directory. */
  readonly directory: string;
  /** Called with each line that the process writes. */
  readonly onLine: (stream: 'stdout' | 'stderr', line: string) => void;
}

/** How a process ended. */
export interface ProcessExit {
  /** Exit code; 128 and the signal's number when a signal ended it. */
  readonly code: number;
  readonly signal?: NodeJS.Signals;
}

const MAX_LINE = 64 * 1024;
const COMMAND_FILE = join('bin', 'model-serving.js');

/** A process of this runtime. */
export class RuntimeProcess {
  /** Settles when the process has ended and everything that it wrote was read. */
  readonly ended: Promise<ProcessExit>;
  private readonly child: ChildProcess;

  constructor({ args, environment, directory, onLine }: ProcessOptions) {
    const child = spawn(process.execPath, [commandFile(), ...args], {
      env: { ...inherited(), ...environment },
      cwd: directory,
      // Out of reach of the terminal's Ctrl-C: a pod is told to stop when its endpoints are gone, not before.
      detached: true,
      // The process ends by itself when this pipe closes, so also when this process is killed.
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.child = child;
    child.stdin.on('error', () => undefined);
    readLines(child.stdout, (line) => onLine('stdout', line));
    readLines(child.stderr, (line) => onLine('stderr', line));
    this.ended = new Promise((resolve) => {
      child.on('error', (error) => {
        onLine('stderr', `the process cannot be started: ${error.message}`);
        resolve({ code: 1 });
      });
      // What the process has started ends with it, as in a container.
      child.on('exit', () => this.killGroup());
      child.on('close', (code, signal) => resolve(exitOf(code, signal)));
    });
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** Asks the process to stop; ends it by force when it has not after the grace period. */
  async stop(graceMillis: number): Promise<ProcessExit> {
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.killGroup(), graceMillis);
    try {
      return await this.ended;
    } finally {
      clearTimeout(timer);
    }
  }

  private killGroup(): void {
    try {
      process.kill(-(this.child.pid ?? Number.NaN), 'SIGKILL');
    } catch (error) {
      if (errorCode(error) !== 'ESRCH') {
        this.child.kill('SIGKILL');
      }
    }
  }
}

/**
 * Runs `model-serving` to its end, without a look at what it writes. It is ended by force when the signal aborts.
 *
 * @returns exit code
 */
export function execute(
  args: readonly string[],
  { environment, directory }: Pick<ProcessOptions, 'environment' | 'directory'>,
  signal: AbortSignal,
): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [commandFile(), ...args], {
      env: { ...inherited(), ...environment },
      cwd: directory,
      stdio: 'ignore',
      signal,
      killSignal: 'SIGKILL',
    });
    // An abort is reported as an error too; the end of the process follows.
    child.on('error', () => child.pid === undefined && resolve(1));
    child.on('close', (code, ending) => resolve(exitOf(code, ending).code));
  });
}

function exitOf(code: number | null, signal: NodeJS.Signals | null): ProcessExit {
  return signal === null ? { code: code ?? 1 } : { code: 128 + constants.signals[signal], signal };
}

/** What a process needs of this machine: programs, and the certificates that it trusts. Everything else is the manifest's. */
function inherited(): Record<string, string> {
  const names = ['PATH', 'NODE_EXTRA_CA_CERTS'];
  return Object.fromEntries(
    names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
}

function readLines(stream: Readable, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    lines.forEach(onLine);
    if (rest.length > MAX_LINE) {
      onLine(rest);
      rest = '';
    }
  });
  stream.on('end', () => {
    if (rest !== '') {
      onLine(rest);
    }
  });
}

/** The command's file of the package that this module belongs to, compiled or not. */
function commandFile(): string {
  for (let directory = __dirname; directory !== dirname(directory); directory = dirname(directory)) {
    const file = join(directory, COMMAND_FILE);
    if (existsSync(file)) {
      return file;
    }
  }
  throw new Error(`${COMMAND_FILE} is missing. Install the package again.`);
}
