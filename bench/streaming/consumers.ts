import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { STREAM_SCHEMA, type StreamConfig } from '../../lib/contract';
import type { Kafka } from '../../test/services/kafka';
import { freePort } from '../../test/support/free-port';
import { mlserver } from './mlserver';

const CACHE = join(__dirname, '../.cache');
/** The perceptron that all run. */
export const MODEL = join(CACHE, 'streaming/mlp.onnx');
const PYTHON = join(CACHE, 'venv-streaming/bin/python');
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

/** A command line, with what it runs in. */
export interface Command {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** A way to score the events of a topic. */
export interface Contender {
  readonly name: string;

  command(topics: Topics): Promise<Command>;

  /** Value of an event. Absent = JSON of ten numbers. */
  readonly value?: (id: number) => string;

  /** How many events it gets, of those that the others get. */
  readonly share?: number;

  /** Whether it commits offsets, by which its end is seen. */
  readonly commits: boolean;

  /** Identifier of the event of an output; below zero for one that is not counted. */
  readonly idOf: (output: string) => number;

  /** Writes its events, for one that reads only what comes while it runs. Absent = they are there when it starts. */
  readonly feed?: (kafka: Kafka, topics: Topics, events: number, partitions: number) => Promise<void>;
}

const idOf = (output: string) => (JSON.parse(output) as { id: number }).id;

/** What a consumer of ours reads and writes. */
export type Places = Pick<StreamConfig, 'source' | 'sink' | 'deadLetter'>;

/** How a consumer of ours is started. */
export async function ourCommand(name: string, places: Places, delivery = 'at-least-once'): Promise<Command> {
  return {
    args: [process.execPath, BIN, 'stream', 'run', '--config', await writeConfig(name, places, delivery)],
    env: { MODEL_SERVING_HOST: '127.0.0.1', MODEL_SERVING_POD: `bench-${name}`, NODE_ENV: 'production' },
  };
}

/** How a script of this folder is started. */
export function pythonCommand(script: string, ...args: string[]): Command {
  return { args: [PYTHON, join(__dirname, script), ...args] };
}

const ours = (delivery: string): Contender => ({
  name: `ours, ${delivery}`,
  command: (topics) => ourCommand(topics.group, placesOf(topics), delivery),
  commits: true,
  idOf,
});

const python = (name: string, script: string, ...leading: string[]): Contender => ({
  name,
  command: async ({ bootstrapServers, input, output, group }) =>
    pythonCommand(script, ...leading, MODEL, bootstrapServers, input, output, group),
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
  bytewax: { ...python('Bytewax', 'bytewax_flow.py'), commits: false },
  mlserver: mlserver(MODEL),
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
  return startCommand(topics.group, await contender.command(topics));
}

/** Starts a command; what it says goes to bench/.cache/logs. @param name of its log */
export function startCommand(name: string, { args, env, cwd }: Command): RunningConsumer {
  const [program = '', ...rest] = args;
  mkdirSync(join(CACHE, 'logs'), { recursive: true });
  const path = join(CACHE, 'logs', `streaming-${name}.log`);
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

function placesOf({ bootstrapServers, outputServers, input, output, group }: Topics): Places {
  const sink = {
    type: 'kafka' as const,
    bootstrapServers: outputServers ?? bootstrapServers,
    topic: output,
    lingerMillis: 5,
    compression: 'lz4',
  };
  return {
    source: {
      type: 'kafka',
      bootstrapServers,
      topic: input,
      group,
      startAt: 'earliest',
      staticMembership: false,
      sessionTimeoutMillis: 45_000,
      maxPollIntervalMillis: 300_000,
    },
    sink,
    deadLetter: { ...sink, topic: `${output}-dead` },
  };
}

async function writeConfig(name: string, places: Places, delivery: string): Promise<string> {
  if (!existsSync(MODEL)) {
    throw new Error(`${MODEL} is missing: run bench/streaming/setup.sh`);
  }
  const config: StreamConfig = {
    schema: STREAM_SCHEMA,
    name,
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
    ...places,
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
  const path = join(directory, `stream-${name}.json`);
  writeFileSync(path, JSON.stringify(config));
  return path;
}
