import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { errorMessage } from '../../telemetry';

/** An Envoy of this machine. */
export interface Envoy {
  /** Absolute path. */
  readonly file: string;
  /** Version, as `1.40.0`. */
  readonly version: string;
}

const VERSION_MILLIS = 10_000;

/**
 * Finds an Envoy that runs: the one that the environment variable `ENVOY` names, else `envoy` on the `PATH`.
 *
 * @returns `undefined` when there is none
 * @throws when `ENVOY` names a file that does not run
 */
export function findEnvoy(environment: Readonly<Record<string, string | undefined>> = process.env): Envoy | undefined {
  const named = environment.ENVOY;
  if (named !== undefined && named !== '') {
    const file = resolve(named);
    try {
      return { file, version: versionOf(file) };
    } catch (error) {
      throw new Error(
        `ENVOY names ${file}, which is no Envoy that runs here (${errorMessage(error)}). Correct it, or unset it.`,
      );
    }
  }
  for (const directory of (environment.PATH ?? '').split(delimiter).filter((path) => path !== '')) {
    const file = resolve(join(directory, 'envoy'));
    try {
      accessSync(file, constants.X_OK);
      return { file, version: versionOf(file) };
    } catch {
      // Not there, or none that runs on this machine: the next may.
    }
  }
  return undefined;
}

function versionOf(file: string): string {
  const text = execFileSync(file, ['--version'], {
    encoding: 'utf8',
    timeout: VERSION_MILLIS,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const version = /version: [0-9a-f]+\/([^/]+)\//.exec(text)?.[1];
  if (version === undefined) {
    throw new Error(`--version says ${JSON.stringify(text.trim().slice(0, 100))}`);
  }
  return version;
}
