import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './eventually';
import { freePort } from './free-port';

const EXECUTABLE = process.env.PROMETHEUS ?? 'prometheus';

/** The server, as a need of `describeWith`. */
export const PROMETHEUS = {
  what: 'Prometheus (a path in PROMETHEUS, or prometheus on the PATH; Debian has it as a package)',
  present: spawnSync(EXECUTABLE, ['--version']).status === 0,
};

/** What is scraped: `host:port` and the path of its metrics. */
export interface ScrapeTarget {
  readonly address: string;
  readonly path: string;

  /** Labels that its series get. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** A running Prometheus. */
export interface TestPrometheus {
  readonly url: string;

  /** Values of an instant query. */
  query(query: string): Promise<{ metric: Record<string, string>; value: [number, string] }[]>;

  /** Ends it at once. */
  kill(): Promise<void>;

  /** Stops it in the middle of whatever it does, or lets it go on. */
  freeze(): void;
  resume(): void;
}

/**
 * Starts a Prometheus on 127.0.0.1 that scrapes twice a second, for the first time after five. It is stopped when the tests of the file have run.
 *
 * @param directory where it keeps its data
 */
export async function startPrometheus(directory: string, targets: readonly ScrapeTarget[]): Promise<TestPrometheus> {
  const root = mkdtempSync(join(directory, 'prometheus-'));
  const scrapes = targets.map(({ address, path, labels }, index) => ({
    job_name: `job-${index}`,
    metrics_path: path,
    static_configs: [{ targets: [address], labels }],
  }));
  // A scrape that does not answer in time makes its series stale: no shorter, on a busy machine.
  const global = { scrape_interval: '500ms', scrape_timeout: '500ms' };
  // JSON is YAML.
  writeFileSync(join(root, 'prometheus.yml'), JSON.stringify({ global, scrape_configs: scrapes }));
  const port = await freePort();
  const child = spawn(
    EXECUTABLE,
    [
      `--config.file=${join(root, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(root, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, GOMAXPROCS: '1' } },
  );
  started.push(child);
  let log = '';
  child.stderr?.on('data', (part) => {
    log += part;
  });
  const url = `http://127.0.0.1:${port}`;
  await eventually('Prometheus is ready', async () => {
    if (child.exitCode !== null) {
      throw new Error(`Prometheus ended with ${child.exitCode}: ${log}`);
    }
    return (await fetch(`${url}/-/ready`)).ok;
  });
  return {
    url,
    query: async (query) => {
      const body = new URLSearchParams({ query });
      const { data } = (await (await fetch(`${url}/api/v1/query`, { method: 'POST', body })).json()) as {
        data: { result: { metric: Record<string, string>; value: [number, string] }[] };
      };
      return data.result;
    },
    kill: () => end(child),
    freeze: () => child.kill('SIGSTOP'),
    resume: () => child.kill('SIGCONT'),
  };
}

const started: ChildProcess[] = [];

afterAll(async () => {
  await Promise.all(started.map(end));
});

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }
}
