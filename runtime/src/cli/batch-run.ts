import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type ProgressReading, readStatus } from '../batch';
import { loadBatchConfig } from '../config';
import { ENVIRONMENT, EXIT_CODES } from '../contract';
import { fetchModels } from '../fetch';
import { createLogger } from '../telemetry';
import type { BatchMessage } from './batch';
import { ProgressBar } from './batch-bar';

/** Options of {@link batchRun}. */
export interface BatchRunOptions {
  readonly config: string;
  readonly run?: string;

  /** Shards at a time. */
  readonly processes: number;
}

const HASH_LENGTH = 8;

/**
 * Does all shards of a run on this machine, each in a process of its own, and goes on where an earlier call ended. A run
 * without a name is named by the configuration: the same one again is the same run.
 */
export async function batchRun(options: BatchRunOptions): Promise<void> {
  const config = loadBatchConfig(options.config);
  const run = options.run ?? config.run ?? (process.env[ENVIRONMENT.job] || contentName(config.name, options.config));
  const logger = createLogger({ name: 'batch', ...(process.stderr.isTTY ? { level: 'warn' } : {}) });
  await fetchModels(config, { logger });
  const bar = new ProgressBar(process.stderr, config.shards);
  const stopped = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => stopped.abort(signal));
  }
  const waiting = Array.from({ length: config.shards }, (_, shard) => shard);
  let worst: number = EXIT_CODES.ok;
  const work = async () => {
    for (let shard = waiting.shift(); shard !== undefined && !stopped.signal.aborted; shard = waiting.shift()) {
      const code = await runProcess({ ...options, run }, shard, stopped.signal, (reading) =>
        bar.update(shard, reading),
      );
      if (code !== EXIT_CODES.ok) {
        worst = worst === EXIT_CODES.ok ? code : worst;
        // What is wrong with the declaration is wrong with all shards.
        if (code === EXIT_CODES.badConfiguration) {
          waiting.length = 0;
        }
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.processes, config.shards) }, work));
  bar.end();
  const status = worst === EXIT_CODES.ok ? await readStatus(config, run, { logger }) : undefined;
  if (status?.record !== undefined) {
    const { rows, sinks } = status.record;
    const places = sinks.map((sink) =>
      sink.type === 'files' ? `${sink.uri}/run=${run}` : `${sink.address}/${sink.table}`,
    );
    process.stderr.write(`${rows.predicted} predictions, ${rows.errors} errors: ${places.join(', ')}\n`);
  }
  process.exit(stopped.signal.aborted && worst === EXIT_CODES.ok ? EXIT_CODES.failure : worst);
}

/** Runs one shard. @returns its exit code */
function runProcess(
  { config, run = '' }: BatchRunOptions,
  shard: number,
  stop: AbortSignal,
  onProgress: (reading: ProgressReading) => void,
): Promise<number> {
  const role = ['batch', '--config', config, '--run', run, '--shard', String(shard), '--metrics-port', '0'];
  // A line of the log in the middle of the bar helps nobody; a fault is told in any case.
  const quiet = process.stderr.isTTY ? { [ENVIRONMENT.logLevel]: process.env[ENVIRONMENT.logLevel] ?? 'warn' } : {};
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1] ?? '', ...role], {
    env: { ...process.env, ...quiet },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  child.on('message', (message) => onProgress((message as BatchMessage).progress));
  const forward = () => child.kill('SIGTERM');
  stop.addEventListener('abort', forward, { once: true });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      stop.removeEventListener('abort', forward);
      resolve(code ?? EXIT_CODES.failure);
    });
  });
}

/** As one-off Jobs are named: another content is another run. */
function contentName(name: string, file: string): string {
  return `${name}-${createHash('sha256').update(readFileSync(file)).digest('hex').slice(0, HASH_LENGTH)}`;
}
