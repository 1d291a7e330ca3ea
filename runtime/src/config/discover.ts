import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { CONFIG_SCHEMA, MODEL_FILE, type ModelConfig, PORTS, SERVER_DEFAULTS, type ServingConfig } from '../contract';
import { errorCode, errorMessage } from '../telemetry';
import { isModelName, MODEL_NAME_RULE } from './values';

/** Version of a model that lies in no version folder. */
const ONLY_VERSION = '1';

/** Options of {@link discoverModels}. */
export interface DiscoverOptions {
  /** @default 8080 */
  readonly httpPort?: number;
  /** @default 8081 */
  readonly grpcPort?: number;
  /** @default 8082 */
  readonly metricsPort?: number;
}

/** A model file that was found and cannot even be tried. */
export interface UnusableModel {
  readonly name: string;
  readonly version: string;

  /** Why; names no path, so that it may be shown to clients. */
  readonly reason: string;
}

/** What lies in a directory of models. */
export interface Discovery {
  /** Configuration that serves every model which can be read; versions of a name in ascending order. */
  readonly config: ServingConfig;

  /** What was found beside that. */
  readonly unusable: readonly UnusableModel[];
}

/** The directory holds nothing to serve. The message says what was looked for, and what to do. */
export class NoModelsError extends Error {
  override readonly name = 'NoModelsError';
}

interface Candidate {
  readonly name: string;
  readonly version: string;
  readonly path: string;
}

/**
 * Finds `DIR/<name>/model.onnx` and `DIR/<name>/<version>/model.onnx`; version folders win where both exist.
 * A model without a version folder has the version `1`.
 *
 * @throws NoModelsError when the directory is missing, is empty or holds no model
 */
export async function discoverModels(directory: string, options: DiscoverOptions = {}): Promise<Discovery> {
  const root = resolve(directory);
  const entries = await list(root);
  const candidates = (await Promise.all(entries.map((name) => candidatesOf(root, name)))).flat();
  if (candidates.length === 0) {
    throw new NoModelsError(nothingFound(root, entries));
  }
  const models: ModelConfig[] = [];
  const unusable: UnusableModel[] = [];
  // One after the other: hashing several large files at once would only fill memory and disk queues.
  for (const candidate of candidates) {
    const { name, version, path } = candidate;
    const reason = unservableName(candidate);
    try {
      if (reason === undefined) {
        models.push({ name, version, format: 'onnx', path, sha256: await digest(path), warmUp: { runs: 1 } });
      } else {
        unusable.push({ name, version, reason });
      }
    } catch (error) {
      unusable.push({ name, version, reason: unreadable(error) });
    }
  }
  if (models.length === 0) {
    throw new NoModelsError(
      [
        `No model below ${root} can be served:`,
        ...unusable.map(({ name, version, reason }) => `  ${name}/${version}: ${reason}`),
      ].join('\n'),
    );
  }
  return { config: configFor(models, options), unusable };
}

function configFor(models: ModelConfig[], options: DiscoverOptions): ServingConfig {
  return {
    schema: CONFIG_SCHEMA,
    models,
    server: {
      httpPort: options.httpPort ?? PORTS.http,
      grpcPort: options.grpcPort ?? PORTS.grpc,
      metricsPort: options.metricsPort ?? PORTS.metrics,
      ...SERVER_DEFAULTS,
    },
  };
}

async function list(root: string): Promise<string[]> {
  try {
    return (await readdir(root)).filter((entry) => !entry.startsWith('.')).sort(inOrder);
  } catch (error) {
    const why: Record<string, string> = {
      ENOENT: `The directory ${root} does not exist.`,
      ENOTDIR: `${root} is a file; a directory of models is needed.`,
    };
    throw new NoModelsError(`${why[errorCode(error) ?? ''] ?? errorMessage(error)} ${LAYOUT}`);
  }
}

async function candidatesOf(root: string, name: string): Promise<Candidate[]> {
  const folder = join(root, name);
  if (!(await isDirectory(folder))) {
    return [];
  }
  const versions: Candidate[] = [];
  for (const version of (await readdir(folder)).sort(inOrder)) {
    const path = join(folder, version, MODEL_FILE);
    if (!version.startsWith('.') && (await exists(path))) {
      versions.push({ name, version, path });
    }
  }
  const path = join(folder, MODEL_FILE);
  return versions.length === 0 && (await exists(path)) ? [{ name, version: ONLY_VERSION, path }] : versions;
}

function unservableName({ name, version }: Candidate): string | undefined {
  const bad = [name, version].find((text) => !isModelName(text));
  return bad === undefined ? undefined : `the folder name '${bad}' cannot be served: a name ${MODEL_NAME_RULE}`;
}

/** Without the path, which the error of the system names: clients see the reason. */
function unreadable(error: unknown): string {
  return `its ${MODEL_FILE} cannot be read (${errorCode(error) ?? 'unknown error'}); it must be a file that this process may open`;
}

async function digest(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), hash);
  return hash.digest('hex');
}

async function isDirectory(path: string): Promise<boolean> {
  return (await statOrAbsent(path))?.isDirectory() ?? false;
}

async function exists(path: string): Promise<boolean> {
  return (await statOrAbsent(path)) !== undefined;
}

async function statOrAbsent(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') {
      return undefined;
    }
    throw error;
  }
}

/** Made when it is needed: its data takes ten milliseconds to load. */
let natural: Intl.Collator | undefined;

/** `v9` before `v10`, and the same order on every machine. */
function inOrder(a: string, b: string): number {
  natural ??= new Intl.Collator('en', { numeric: true });
  return natural.compare(a, b) || (a < b ? -1 : 1);
}

const LAYOUT = `Expected: DIR/<name>/${MODEL_FILE} or DIR/<name>/<version>/${MODEL_FILE}.`;

function nothingFound(root: string, entries: readonly string[]): string {
  if (entries.length === 0) {
    return `The directory ${root} is empty. ${LAYOUT}`;
  }
  const loose = entries.find((entry) => entry.endsWith('.onnx'));
  const hint =
    loose === undefined
      ? ''
      : ` There is ${join(root, loose)}: move it to ${join(root, 'my-model', MODEL_FILE)} to serve it as my-model.`;
  return `No model found in ${root}. ${LAYOUT}${hint}`;
}
