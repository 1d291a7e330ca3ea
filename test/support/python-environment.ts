import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const CACHE = resolve(__dirname, '../../node_modules/.cache/python');
const POLL_MILLIS = 200;

/** Requirements of uv, which fills environments several times faster than pip, and keeps what it has fetched. */
const INSTALLER = resolve(__dirname, 'requirements-uv.txt');

/** A lock of a process that is gone is older than this. */
const STALE_MILLIS = 10 * 60_000;

/**
 * Servers of tests are on this machine, even where everything else goes through a proxy. What Python compiles is kept beside
 * the environments: uv compiles nothing, and nothing is to be left beside scripts of the tests.
 */
const SETTINGS = {
  NO_PROXY: '127.0.0.1',
  no_proxy: '127.0.0.1',
  PYTHONDONTWRITEBYTECODE: '',
  PYTHONPYCACHEPREFIX: join(CACHE, 'compiled'),
};

/** Longest time that making an environment takes, for the hook that waits for it. */
export const PYTHON_SETUP_MILLIS = 8 * 60_000;

/** Python with virtual environments, as a need of `describeWith`. */
export const PYTHON = {
  what: 'python3 with venv and pip, and its package index',
  present: spawnSync('python3', ['-c', 'import venv, ensurepip']).status === 0,
};

/** A virtual environment with the packages of a requirements file. */
export class PythonEnvironment {
  private readonly directory: string;

  /** @param requirements path of the requirements file, with exact versions */
  constructor(private readonly requirements: string) {
    const version = spawnSync('python3', ['--version'], { encoding: 'utf8' }).stdout ?? '';
    const key = createHash('sha256').update(readFileSync(requirements)).update(version).digest('hex').slice(0, 16);
    this.directory = join(CACHE, `${basename(requirements, '.txt')}-${key}`);
  }

  /** Path of a program of the environment. */
  program(name: string): string {
    return join(this.directory, 'bin', name);
  }

  /** Makes the environment, unless it is there; several processes may do so at the same time. */
  async prepare(): Promise<void> {
    mkdirSync(CACHE, { recursive: true });
    const lock = `${this.directory}.lock`;
    while (!this.complete) {
      if (!acquire(lock)) {
        await wait(POLL_MILLIS);
        continue;
      }
      try {
        if (!this.complete) {
          await this.make();
        }
      } finally {
        rmSync(lock, { force: true });
      }
    }
  }

  /** Runs a program of the environment to its end. */
  run(name: string, args: readonly string[], options: PythonRunOptions = {}): Promise<PythonResult> {
    return execute(this.program(name), args, options);
  }

  private get complete(): boolean {
    return existsSync(this.marker);
  }

  private get marker(): string {
    return join(this.directory, 'complete');
  }

  private async make(): Promise<void> {
    // What an interrupted attempt left.
    rmSync(this.directory, { recursive: true, force: true });
    await (this.requirements === INSTALLER ? this.makeWithPip() : this.makeWithInstaller());
    writeFileSync(this.marker, '');
  }

  private async makeWithPip(): Promise<void> {
    await expectSuccess('python3', ['-m', 'venv', this.directory]);
    const options = ['--quiet', '--disable-pip-version-check', '--no-input'];
    await expectSuccess(this.program('pip'), ['install', ...options, '--requirement', this.requirements]);
  }

  private async makeWithInstaller(): Promise<void> {
    const installer = new PythonEnvironment(INSTALLER);
    await installer.prepare();
    const uv = (...args: string[]) => expectSuccess(installer.program('uv'), [...args, '--quiet', '--no-config']);
    await uv('venv', '--python', 'python3', this.directory);
    await uv('pip', 'install', '--python', this.program('python'), '--requirement', this.requirements);
  }
}

/** Options of {@link PythonEnvironment.run}. */
export interface PythonRunOptions {
  /** Variables beside those of this process. */
  readonly env?: Readonly<Record<string, string>>;

  /** Working directory. */
  readonly cwd?: string;
}

/** What a program printed, and how it ended. */
export interface PythonResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Takes a lock; false while somebody else has it. */
function acquire(lock: string): boolean {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    const age = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > STALE_MILLIS) {
      rmSync(lock, { force: true });
    }
    return false;
  }
}

async function expectSuccess(program: string, args: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await execute(program, args);
  if (code !== 0) {
    throw new Error(`${program} ${args.join(' ')} ended with ${code}:\n${stdout}${stderr}`);
  }
}

function execute(program: string, args: readonly string[], { env, cwd }: PythonRunOptions = {}): Promise<PythonResult> {
  const child = spawn(program, args, {
    env: { ...process.env, ...SETTINGS, ...env },
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    output.stdout += chunk;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    output.stderr += chunk;
  });
  return new Promise((done, failed) => {
    child.on('error', failed);
    child.on('close', (code) => done({ code, ...output }));
  });
}
