import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { BatchConfig } from '../../../lib/contract';

const BIN = process.env.MODEL_SERVING_BIN ?? resolve(__dirname, '../../../runtime/bin/model-serving.js');
const MAX_ATTEMPTS = 12;

/** What is done to a run. */
export interface Violence {
  /** Processes that are killed, at random moments. */
  readonly kills: number;

  /** Latest moment of a kill after the start of its process, in milliseconds. */
  readonly withinMillis: number;

  /** Shards that are started twice at the same time. */
  readonly duplicates: number;

  /** Processes at a time. */
  readonly processes: number;

  /** Further environment of the processes. */
  readonly env?: Readonly<Record<string, string>>;

  /** Looked at again and again while the run goes on; throws when something is wrong. */
  readonly watch?: () => void;
}

/** What became of the processes. */
export interface Outcome {
  readonly attempts: number;
  readonly kills: number;

  /** Log lines of all processes. */
  readonly log: readonly Record<string, unknown>[];
}

/** Runs all shards as processes, kills some of them, and starts those again, until every shard has ended with 0. */
export async function runViolently(configFile: string, run: string, violence: Violence): Promise<Outcome> {
  const { shards } = JSON.parse(readFileSync(configFile, 'utf8')) as BatchConfig;
  const waiting = Array.from({ length: shards }, (_, shard) => shard);
  waiting.push(...waiting.slice(0, violence.duplicates));
  waiting.sort((a, b) => a - b);
  const tries = new Map<number, number>();
  const log: Record<string, unknown>[] = [];
  let kills = 0;
  let attempts = 0;
  let failed: Error | undefined;
  const work = async () => {
    for (let shard = waiting.shift(); shard !== undefined && failed === undefined; shard = waiting.shift()) {
      attempts += 1;
      tries.set(shard, (tries.get(shard) ?? 0) + 1);
      const child = startShard(configFile, run, shard, violence.env);
      const ended = endOf(child, log);
      const isDoomed = kills < violence.kills;
      if (isDoomed) {
        kills += 1;
        await Promise.race([ended, wait(Math.random() * violence.withinMillis)]);
        child.kill('SIGKILL');
      }
      const code = await ended;
      if (code !== 0) {
        waiting.push(shard);
      }
      if ((tries.get(shard) ?? 0) > MAX_ATTEMPTS + violence.kills) {
        failed = new Error(`shard ${shard} does not come to an end: ${JSON.stringify(log.at(-1))}`);
      }
    }
  };
  const looking = setInterval(() => {
    try {
      violence.watch?.();
    } catch (error) {
      failed = error instanceof Error ? error : new Error(String(error));
    }
  }, 50);
  await Promise.all(Array.from({ length: violence.processes }, work));
  clearInterval(looking);
  if (failed !== undefined) {
    throw failed;
  }
  return { attempts, kills, log };
}

/** Runs a shard to its end. @returns its exit code and log */
export async function runShardProcess(
  configFile: string,
  run: string,
  shard: number,
  env: Record<string, string> = {},
) {
  const log: Record<string, unknown>[] = [];
  const code = await endOf(startShard(configFile, run, shard, env), log);
  return { code, log };
}

/** Starts a shard as a pod does, but for the port of the metrics. */
function startShard(
  configFile: string,
  run: string,
  shard: number,
  env: Readonly<Record<string, string>> = {},
): ChildProcess {
  const role = ['batch', '--config', configFile, '--run', run, '--metrics-port', '0'];
  return spawn(process.execPath, [BIN, ...role], {
    env: { ...process.env, JOB_COMPLETION_INDEX: String(shard), ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** Follows a process to its end. @returns its exit code, or the signal that ended it */
async function endOf(child: ChildProcess, log: Record<string, unknown>[]): Promise<number | string> {
  let rest = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      try {
        log.push(JSON.parse(line) as Record<string, unknown>);
      } catch {
        // A line of a process that was killed while it wrote.
      }
    }
  });
  return new Promise((done) => child.on('close', (code, signal) => done(code ?? signal ?? 'unknown')));
}

/** Watches that unit markers are never replaced, and that a run is visible only when its parts are. */
export function markerWatch(ledger: string, sink: string, run: string): () => void {
  const seen = new Map<string, string>();
  return () => {
    const folder = join(ledger, `run=${run}`, '_units');
    for (const name of existsSync(folder) ? readdirSync(folder) : []) {
      if (name.startsWith('.')) {
        continue;
      }
      const path = join(folder, name);
      const content = readFileSync(path, 'utf8');
      JSON.parse(content);
      if (seen.get(name) !== undefined && seen.get(name) !== content) {
        throw new Error(`the marker ${name} was replaced`);
      }
      seen.set(name, content);
    }
    const success = join(sink, `run=${run}`, '_SUCCESS.json');
    if (existsSync(success)) {
      const { parts } = JSON.parse(readFileSync(success, 'utf8')) as { parts: { key: string; bytes: number }[] };
      for (const { key, bytes } of parts) {
        if (statSync(join(sink, `run=${run}`, key)).size !== bytes) {
          throw new Error(`the part ${key} is not whole`);
        }
      }
    }
  };
}
