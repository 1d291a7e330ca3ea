import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { eventually } from './eventually';
import { freePort } from './free-port';

const NAME = 'versitygw';

/** An S3 server of one test file. */
export interface S3Server {
  readonly port: number;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  stop(): Promise<void>;
}

/** The server program, as a need of `describeWith`. */
export const VERSITYGW = {
  what: 'versitygw (go install github.com/versity/versitygw/cmd/versitygw@latest)',
  present: program() !== undefined,
};

/** Starts the server on a directory: its folders are the buckets. */
export async function startS3(directory: string): Promise<S3Server> {
  const port = await freePort();
  const [accessKeyId, secretAccessKey] = ['test-access', 'test-secret'];
  for (const folder of ['data', 'meta']) {
    mkdirSync(join(directory, folder), { recursive: true });
  }
  const args = ['--quiet', '--port', `127.0.0.1:${port}`, '--access', accessKeyId, '--secret', secretAccessKey];
  const storage = ['posix', '--sidecar', join(directory, 'meta'), join(directory, 'data')];
  const child = spawn(program() ?? NAME, [...args, ...storage], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  await eventually('the S3 server answers', async () => (await fetch(`http://127.0.0.1:${port}/`)).status > 0);
  return {
    port,
    accessKeyId,
    secretAccessKey,
    stop: async () => {
      child.kill();
      await ended;
    },
  };
}

/** File of the server program. Throws when it is not installed. */
export function versitygwProgram(): string {
  const file = program();
  if (file === undefined) {
    throw new Error(`${VERSITYGW.what} is missing`);
  }
  return file;
}

function program(): string | undefined {
  const inPath = (process.env.PATH ?? '').split(delimiter).map((directory) => join(directory, NAME));
  return [...inPath, join(goPath(), 'bin', NAME)].find(existsSync);
}

function goPath(): string {
  const { status, stdout } = spawnSync('go', ['env', 'GOPATH'], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : join(homedir(), 'go');
}
