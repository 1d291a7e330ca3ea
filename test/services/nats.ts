import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type JetStreamManager, jetstreamManager, type StreamConfig } from '@nats-io/jetstream';
import { type ConnectionOptions, connect, type NatsConnection } from '@nats-io/transport-node';
import { eventually } from '../support/eventually';
import { freePort } from '../support/free-port';

/** The NATS server, as a need of `describeWith`. */
export const NATS_SERVER = {
  what: 'nats-server (Debian package nats-server)',
  present: spawnSync('nats-server', ['--version']).status === 0,
};

/** What a test server is started with. */
export interface NatsServerOptions {
  /**
   * More lines of the configuration file, for example `authorization { token: secret }`.
   *
   * @default - none
   */
  readonly settings?: string;

  /**
   * How a client of the test itself connects.
   *
   * @default - without login and TLS
   */
  readonly client?: ConnectionOptions;

  /** @default true */
  readonly jetStream?: boolean;
}

/** A NATS server of this machine with JetStream, on a free port, with a directory of its own. */
export interface NatsTestServer {
  readonly port: number;
  readonly url: string;

  /** A connection of the test itself. */
  readonly nats: NatsConnection;
  readonly manager: JetStreamManager;

  /** Removes all streams, and makes one. */
  stream(name: string, subjects: string[], more?: Partial<StreamConfig>): Promise<void>;

  /** Texts of all messages of a stream, in order. */
  texts(stream: string): Promise<string[]>;

  /** Ends the process, by default as if the machine had failed. */
  kill(signal?: NodeJS.Signals): Promise<void>;

  /** Starts it again on the same port, with what it has on disk. */
  restart(): Promise<void>;

  /** Stops the process from running without closing its connections, or lets it run again. */
  freeze(frozen: boolean): void;
}

const stops: (() => Promise<void>)[] = [];

afterAll(async () => {
  await Promise.all(stops.map((stop) => stop()));
});

/** Starts a server. It is stopped when the tests of the file have run. */
export async function startNatsServer({
  settings = '',
  client = {},
  jetStream = true,
}: NatsServerOptions = {}): Promise<NatsTestServer> {
  const directory = mkdtempSync(join(tmpdir(), 'nats-test-'));
  const port = await freePort();
  const file = join(directory, 'server.conf');
  const store = jetStream
    ? `jetstream { store_dir: "${directory}", max_file_store: 1GB, max_memory_store: 256MB }`
    : '';
  writeFileSync(file, `host: 127.0.0.1\nport: ${port}\n${store}\n${settings}\n`);
  let child: ChildProcess | undefined;
  const options = { servers: `localhost:${port}`, maxReconnectAttempts: -1, reconnectTimeWait: 50, ...client };
  const answers = async () => {
    const probe = await connect({ ...options, reconnect: false });
    try {
      await (jetStream ? (await jetstreamManager(probe)).getAccountInfo() : probe.flush());
    } finally {
      await probe.close();
    }
    return true;
  };
  const start = async () => {
    child = spawn('nats-server', ['-c', file], { stdio: 'ignore' });
    await eventually('the NATS server answers', answers);
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
  await start();
  const nats = await connect(options);
  const manager = await jetstreamManager(nats, { checkAPI: false });
  stops.push(async () => {
    await nats.close();
    await kill();
    rmSync(directory, { recursive: true, force: true });
  });
  return {
    port,
    url: `nats://127.0.0.1:${port}`,
    nats,
    manager,
    stream: async (name, subjects, more = {}) => {
      for await (const { config } of manager.streams.list()) {
        if (config.name === name) {
          await manager.streams.delete(name);
        }
      }
      await manager.streams.add({ name, subjects, ...more });
    },
    texts: async (stream) => {
      const { state } = await manager.streams.info(stream);
      const texts: string[] = [];
      for (let seq = Math.max(1, state.first_seq); seq <= state.last_seq; seq += 1) {
        const message = await manager.streams.getMessage(stream, { seq });
        if (message !== null) {
          texts.push(Buffer.from(message.data).toString());
        }
      }
      return texts;
    },
    kill,
    restart: async () => {
      await kill();
      await start();
      await eventually('the client of the test is connected again', async () => {
        await nats.flush();
        return true;
      });
    },
    freeze: (frozen) => child?.kill(frozen ? 'SIGSTOP' : 'SIGCONT'),
  };
}
