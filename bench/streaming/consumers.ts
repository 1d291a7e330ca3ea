import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { STREAM_SCHEMA, type StreamConfig } from '../../lib/contract';
import { freePort } from '../../test/support/free-port';
import { requestOf } from './events';

const CACHE = join(__dirname, '../.cache');
const MODEL = join(CACHE, 'streaming/mlp.onnx');
const PYTHON = join(CACHE, 'venv-streaming/bin/python');
const MLSERVER = join(CACHE, 'venv-mlserver/bin/mlserver');
const BIN = join(__dirname, '../../runtime/bin/model-serving.js');

/** Where a consumer reads and writes. */
export interface Topics {
  readonly bootstrapServers: string;
  readonly input: string;
  readonly output: string;
  readonly group: string;

  /** Another cluster for the output. */
  readonly outputServers?: string;
}

/** A way to score the events of a topic. */
export interface Contender {
  readonly name: string;

  /** Command line. */
  command(topics: Topics): Promise<{ args: string[]; env?: Record<string, string>; cwd?: string }>;

  /** Value of an event. Absent = JSON of ten numbers. */
  readonly value?: (id: number) => string;

  /** How many events it gets, of those that the others get. */
  readonly share?: number;

  /** Whether it commits offsets, by which its end is seen. */
  readonly commits: boolean;

  /** Identifier of the event of an output. */
  readonly idOf: (output: string) => number;
}

const idOf = (output: string) => (JSON.parse(output) as { id: number }).id;

const ours = (delivery: string): Contender => ({
  name: `ours, ${delivery}`,
  command: async (topics) => ({
    args: [process.execPath, BIN, 'stream', 'run', '--config', await writeConfig(topics, delivery)],
    env: { MODEL_SERVING_HOST: '127.0.0.1', MODEL_SERVING_POD: `bench-${topics.group}`, NODE_ENV: 'production' },
  }),
  commits: true,
  idOf,
});

const python = (name: string, script: string, ...leading: string[]): Contender => ({
  name,
  command: async ({ bootstrapServers, input, output, group }) => ({
    args: [PYTHON, join(__dirname, script), ...leading, MODEL, bootstrapServers, input, output, group],
  }),
  commits: true,
  idOf,
});

/** All that are compared, by the name of the option. */
export const CONTENDERS: Readonly<Record<string, Contender>> = {
  'at-least-once': ours('at-least-once'),
  'exactly-once': ours('exactly-once'),
  json: python('Python loop, json', 'loop.py', 'json'),
  orjson: python('Python loop, orjson', 'loop.py', 'orjson'),
  quix: { ...python('Quix Streams', 'quix.py'), share: 0.1 },
  mlserver: {
    name: 'MLServer',
    command: async (topics) => {
      const [http, grpc, metrics] = [await freePort(), await freePort(), await freePort()];
      const folder = join(CACHE, 'streaming/mlserver');
      mkdirSync(folder, { recursive: true });
      const settings = {
        kafka_enabled: true,
        kafka_servers: topics.bootstrapServers,
        kafka_topic_input: topics.input,
        kafka_topic_output: topics.output,
        http_port: http,
        grpc_port: grpc,
        metrics_port: metrics,
        host: '127.0.0.1',
        parallel_workers: 0,
      };
      writeFileSync(join(folder, 'settings.json'), JSON.stringify(settings));
      const model = { name: 'mlp', implementation: 'server.OnnxRuntime', parameters: { uri: MODEL, version: 'v1' } };
      writeFileSync(join(folder, 'model-settings.json'), JSON.stringify(model));
      const peers = join(__dirname, '../peers');
      return { args: [MLSERVER, 'start', folder], env: { PYTHONPATH: [join(peers, 'mlserver'), peers].join(':') } };
    },
    value: requestOf,
    share: 0.05,
    commits: false,
    idOf: (output) => Number((JSON.parse(output) as { id: string }).id),
  },
};

/** A running consumer. */
export interface RunningConsumer {
  readonly pid: number;
  readonly hasEnded: boolean;
  log(): string;
  signal(name: NodeJS.Signals): void;
  stop(): Promise<void>;
}

const running = new Set<ChildProcess>();

/** Starts a consumer; what it says goes to bench/.cache/logs. */
export async function startContender(contender: Contender, topics: Topics): Promise<RunningConsumer> {
  const { args, env, cwd } = await contender.command(topics);
  const [program = '', ...rest] = args;
  mkdirSync(join(CACHE, 'logs'), { recursive: true });
  const path = join(CACHE, 'logs', `streaming-${topics.group}.log`);
  const output = openSync(path, 'w');
  const child = spawn(program, rest, { env: { ...process.env, ...env }, cwd, stdio: ['ignore', output, output] });
  closeSync(output);
  running.add(child);
  const ended = new Promise<void>((done, failed) => {
    child.once('exit', () => done());
    child.once('error', failed);
  });
  ended.catch(() => undefined).finally(() => running.delete(child));
  return {
    pid: child.pid ?? -1,
    get hasEnded() {
      return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
    },
    log: () => readFileSync(path, 'utf8').slice(-2000),
    signal: (name) => child.kill(name),
    stop: async () => {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** Ends all consumers at once, as when the measurement itself is ended. */
export function killContenders(): void {
  for (const child of running) {
    child.kill('SIGKILL');
  }
}

async function writeConfig(topics: Topics, delivery: string): Promise<string> {
  if (!existsSync(MODEL)) {
    throw new Error(`${MODEL} is missing: run bench/streaming/setup.sh`);
  }
  const sink = {
    type: 'kafka' as const,
    bootstrapServers: topics.outputServers ?? topics.bootstrapServers,
    topic: topics.output,
    lingerMillis: 5,
    compression: 'lz4',
  };
  const config: StreamConfig = {
    schema: STREAM_SCHEMA,
    name: topics.group,
    models: [
      {
        name: 'mlp',
        version: '1',
        format: 'onnx',
        path: MODEL,
        sha256: createHash('sha256').update(readFileSync(MODEL)).digest('hex'),
        warmUp: { runs: 3 },
      },
    ],
    source: {
      type: 'kafka',
      bootstrapServers: topics.bootstrapServers,
      topic: topics.input,
      group: topics.group,
      startAt: 'earliest',
      staticMembership: false,
      sessionTimeoutMillis: 45_000,
      maxPollIntervalMillis: 300_000,
    },
    sink,
    deadLetter: { ...sink, topic: `${topics.output}-dead` },
    delivery,
    input: {
      format: 'json',
      inputs: [{ input: 'input', pointers: Array.from({ length: 10 }, (_, index) => `/f${index}`) }],
    },
    output: {
      format: 'json',
      passThrough: [{ name: 'id', pointer: '/id' }],
    },
    batching: { maxRows: 500, maxBytes: 4 * 1024 * 1024, maxDelayMillis: 0 },
    maxInFlight: 4,
    maxDeadLetterRatio: 0.1,
    deadLetterWindow: 1000,
    maxEventBytes: 1024 * 1024,
    stuckAfterMillis: 60_000,
    metricsPort: await freePort(),
    drainTimeoutMillis: 30_000,
  };
  const directory = join(CACHE, 'configs');
  mkdirSync(directory, { recursive: true });
  const path = join(directory, `stream-${topics.group}.json`);
  writeFileSync(path, JSON.stringify(config));
  return path;
}
