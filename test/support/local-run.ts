import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCommand } from './command';
import { eventually } from './eventually';

/** Manifests that run through `model-serving local`, every pod ready. */
export interface RunningManifests {
  /**
   * Address of a port of a Service.
   *
   * @param service beginning of the Service's name
   */
  url(service: string, port?: string): string;

  /** Content of all files of a name in the volumes of the pods. */
  files(name: string): string[];

  /** Whether all its Jobs are complete. */
  complete(): boolean;

  /** Drains and ends everything; resolves with the exit code. */
  stop(): Promise<number | string>;
}

interface Status {
  readonly ready: boolean;
  readonly jobs: readonly { readonly state: string }[];
  readonly services: readonly { readonly name: string; readonly port: string; readonly url?: string }[];
}

/**
 * Runs a folder of manifests as a user does, and waits until every pod is ready.
 *
 * @param more further arguments of `model-serving local`
 */
export async function runManifests(folder: string, ...more: string[]): Promise<RunningManifests> {
  const directory = mkdtempSync(join(tmpdir(), 'status-'));
  const file = join(directory, 'status.json');
  const command = startCommand(['local', folder, ...more, '--status-file', file], { env: { TMPDIR: directory } });
  const read = (): Status => JSON.parse(readFileSync(file, 'utf8'));
  const status = await eventually(`every pod of ${folder} is ready`, () => {
    if (command.child.exitCode !== null) {
      throw new Error(`model-serving local ended:\n${command.stdout()}${command.stderr()}`);
    }
    const current = read();
    return current.ready && current;
  });
  return {
    url: (service, port = 'http') => {
      const found = status.services.find((candidate) => candidate.name.startsWith(service) && candidate.port === port);
      if (found?.url === undefined) {
        throw new Error(`no Service ${service} with a port ${port}`);
      }
      return found.url;
    },
    files: (name) =>
      readdirSync(directory, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && entry.name === name)
        .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8')),
    complete: () => read().jobs.every(({ state }) => state === 'Complete'),
    stop: async () => {
      command.child.kill('SIGTERM');
      const code = await command.ended;
      rmSync(directory, { recursive: true, force: true });
      return code;
    },
  };
}
