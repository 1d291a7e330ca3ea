import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { eventually } from '../support/eventually';

/** The image under test. */
export const IMAGE = process.env.MODEL_SERVING_IMAGE ?? '';

const engine = [process.env.CONTAINER_ENGINE ?? ['docker', 'podman']]
  .flat()
  .find((each) => spawnSync(each, ['info'], { stdio: 'ignore' }).status === 0);

/** A built image and an engine that runs it, as a need of `describeWith`. */
export const RUNTIME_IMAGE = {
  what: 'docker or podman, and MODEL_SERVING_IMAGE, an image that `npm run image` has built',
  present: IMAGE !== '' && engine !== undefined,
};

/** What a restricted pod gets: nothing of the image can be written, and no privilege gained. */
const RESTRICTED = ['--read-only', '--tmpfs', '/tmp', '--cap-drop', 'all', '--security-opt', 'no-new-privileges'];

/** Runs a command of the engine; returns what it prints. */
export function engineCommand(...args: string[]): string {
  return execFileSync(engine ?? '', args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
}

/** Options of {@link startContainer}. */
export interface ContainerOptions {
  readonly args: readonly string[];
  /** `none` (default), or `host` for servers on the loopback address of this machine. */
  readonly network?: 'none' | 'host';
  /** Directories of this machine, by their path in the container. */
  readonly mounts?: Readonly<Record<string, string>>;
  readonly writable?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Default: the user of the image. */
  readonly user?: string;
}

/** A container of the image under test. */
export interface Container {
  /** Runs a program in it; returns what it prints. */
  exec(...command: string[]): string;
  /** Its output so far. */
  logs(): string;
  /** Waits for its end; returns the exit code. */
  exitCode(): Promise<number>;
  /** Sends a signal to its first process. */
  kill(signal: NodeJS.Signals): void;
}

const started: string[] = [];

afterAll(() => {
  for (const id of started) {
    spawnSync(engine ?? '', ['kill', id], { stdio: 'ignore' }); // it may have ended already
    engineCommand('rm', '--force', id);
  }
});

/** Starts the image as a restricted pod would; it is removed when the tests of the file have run. */
export function startContainer(options: ContainerOptions): Container {
  const { network = 'none', mounts = {}, writable = [], env = {}, user, args } = options;
  const volumes = Object.entries(mounts).flatMap(([path, directory]) => [
    '--volume',
    `${directory}:${path}${writable.includes(path) ? '' : ':ro'}`,
  ]);
  const variables = Object.entries(env).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
  const id = engineCommand(
    ...['run', '--detach', '--network', network, ...RESTRICTED, '--security-opt', 'label=disable'],
    ...[...volumes, ...variables, ...(user === undefined ? [] : ['--user', user]), IMAGE, ...args],
  ).trim();
  started.push(id);
  const state = () => JSON.parse(engineCommand('inspect', id))[0].State as { Status: string; ExitCode: number };
  return {
    exec: (...command) => engineCommand('exec', id, ...command),
    logs: () => {
      const { stdout, stderr } = spawnSync(engine ?? '', ['logs', id], { encoding: 'utf8' });
      return stdout + stderr;
    },
    exitCode: async () => {
      await eventually('the container ends', () => state().Status === 'exited');
      return state().ExitCode;
    },
    kill: (signal) => {
      engineCommand('kill', '--signal', signal, id);
    },
  };
}

/** Writes a file that every user may read, with the directories above it. */
export function writePublicFile(path: string, content: string | Buffer): void {
  mkdirSync(dirname(path), { recursive: true });
  chmodSync(dirname(path), 0o755);
  writeFileSync(path, content);
  chmodSync(path, 0o644);
}
