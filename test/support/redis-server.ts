import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@redis/client';
import { eventually } from './eventually';
import { freePort } from './free-port';

/** The Redis server, as a need of `describeWith`. */
export const REDIS_SERVER = {
  what: 'redis-server (Debian package redis-server)',
  present: spawnSync('redis-server', ['--version']).status === 0,
};

/** What a test server is started with. */
export interface RedisServerOptions {
  /**
   * Password of the default user.
   *
   * @default - none
   */
  readonly password?: string;

  /**
   * TLS with a certificate of an authority of its own, for `localhost`.
   *
   * @default false
   */
  readonly tls?: boolean;

  /**
   * More settings, for example `--maxmemory`, `4mb`.
   *
   * @default - nothing is kept on disk
   */
  readonly settings?: readonly string[];
}

/** A Redis server of this machine, on a free port, that keeps its data in a directory of its own. */
export interface RedisServer {
  readonly port: number;
  readonly address: string;

  /** File with the authority of the server's certificate. */
  readonly caPath: string;

  /** Sends a command; returns its answer. */
  command(...args: string[]): Promise<unknown>;

  /** Ends the process, by default as if the machine had failed. */
  kill(signal?: NodeJS.Signals): Promise<void>;

  /** Starts it again on the same port, with the data that was saved. */
  restart(): Promise<void>;

  /** Stops the process from running without closing its connections, or lets it run again. */
  freeze(frozen: boolean): void;
}

/** Tables of tests are made in the event loop, which may hold up a connection for seconds on a busy machine. */
const PATIENT = { reconnectStrategy: false, connectTimeout: 30_000 } as const;

const stops: (() => Promise<void>)[] = [];

afterAll(async () => {
  await Promise.all(stops.map((stop) => stop()));
});

/** Starts a server. It is stopped when the tests of the file have run. */
export async function startRedisServer({
  password,
  tls = false,
  settings = [],
}: RedisServerOptions = {}): Promise<RedisServer> {
  const directory = mkdtempSync(join(tmpdir(), 'redis-test-'));
  const port = await freePort();
  const caPath = join(directory, 'ca.crt');
  if (tls) {
    makeCertificates(directory);
  }
  const args = [
    ...(tls ? ['--port', '0', '--tls-port', `${port}`, '--tls-auth-clients', 'no'] : ['--port', `${port}`]),
    ...(tls ? ['--tls-cert-file', join(directory, 'server.crt'), '--tls-key-file', join(directory, 'server.key')] : []),
    ...(tls ? ['--tls-ca-cert-file', caPath] : []),
    ...['--bind', '127.0.0.1', '--dir', directory, '--save', '', '--appendonly', 'no', '--logfile', ''],
    ...(password === undefined ? [] : ['--requirepass', password]),
    ...settings,
  ];
  let child: ChildProcess | undefined;
  const command = async (...command: string[]) => {
    const client = createClient({
      RESP: 2,
      password,
      socket: tls
        ? { host: 'localhost', port, tls: true, rejectUnauthorized: false, ...PATIENT }
        : { host: '127.0.0.1', port, ...PATIENT },
    });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return await client.sendCommand(command);
    } finally {
      client.destroy();
    }
  };
  const start = async () => {
    child = spawn('redis-server', args, { stdio: 'ignore' });
    await eventually('the Redis server answers', () => canConnect(port));
    await eventually('the Redis server has loaded its data', () => command('PING'));
  };
  const kill = async (signal: NodeJS.Signals = 'SIGKILL') => {
    const running = child;
    child = undefined;
    if (running !== undefined && running.exitCode === null) {
      const exited = new Promise((resolve) => running.once('exit', resolve));
      running.kill('SIGCONT');
      running.kill(signal);
      await exited;
    }
  };
  stops.push(async () => {
    await kill();
    rmSync(directory, { recursive: true, force: true });
  });
  await start();
  return {
    port,
    address: `${tls ? 'localhost' : '127.0.0.1'}:${port}`,
    caPath,
    command,
    kill,
    restart: async () => {
      await kill();
      await start();
    },
    freeze: (frozen) => child?.kill(frozen ? 'SIGSTOP' : 'SIGCONT'),
  };
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTcp(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function makeCertificates(directory: string): void {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: directory, stdio: 'ignore' });
  const key = ['-newkey', 'rsa:2048', '-nodes', '-days', '1'];
  openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=test authority');
  openssl(
    ...['req', '-x509', ...key, '-CA', 'ca.crt', '-CAkey', 'ca.key', '-keyout', 'server.key', '-out', 'server.crt'],
    ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'],
    ...['-addext', 'basicConstraints=critical,CA:FALSE'],
  );
}
