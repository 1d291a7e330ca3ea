import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { SchemaRegistryConfig } from '../../../contract';
import { exponentialDelay } from '../../../scheduling';
import { errorMessage, type Logger } from '../../../telemetry';
import { StreamError } from '../../event';
import { explanationOf, type HttpAnswer, HttpClient } from '../../http';

/** Options of {@link RegistryRequests}. */
export interface RegistryOptions {
  readonly config: SchemaRegistryConfig;
  readonly logger: Logger;

  /** Learns of a failed attempt that is made again. */
  readonly onRetry?: (error: unknown) => void;

  /** Ends the waiting. */
  readonly signal: AbortSignal;

  /**
   * How long a registry may refuse everything before the process ends.
   *
   * @default 60000
   */
  readonly patienceMillis?: number;
}

const ATTEMPT_MILLIS = 10_000;
const CONNECTIONS = 8;
const MOST_ANSWER_BYTES = 16 * 1024 * 1024;
const PATIENCE_MILLIS = 60_000;

/** Pauses before the same is asked again, in milliseconds. */
const FIRST_PAUSE = 100;
const MOST_PAUSE = 5000;

/** So many attempts fail before the first line in the log: most faults pass. */
const SILENT_ATTEMPTS = 2;

/** The registry refuses everything: address or login are wrong. */
class RefusedError extends Error {
  override readonly name = 'RefusedError';
}

/** Asks a schema registry, as often as it takes. */
export class RegistryRequests {
  private readonly client: HttpClient;

  /** @throws StreamError when the address is none */
  constructor(private readonly options: RegistryOptions) {
    const { url, caPath, credentialsPath } = options.config;
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
      throw StreamError.declaration(`schemaRegistry.url is '${url}'; it must be an http:// or https:// address.`);
    }
    this.client = new HttpClient({
      url,
      caPath,
      timeoutMillis: ATTEMPT_MILLIS,
      maxConnections: CONNECTIONS,
      maxAnswerBytes: MOST_ANSWER_BYTES,
      readAuthorization: credentialsPath === undefined ? undefined : () => basicAuthorization(credentialsPath),
    });
    options.signal.addEventListener('abort', () => this.client.close(), { once: true });
  }

  /**
   * What the registry has at a path; undefined when it has nothing there. A registry that does not answer is waited for.
   *
   * @throws StreamError when it refuses everything for a minute
   */
  async get(path: string): Promise<unknown> {
    const { signal, onRetry, logger, config, patienceMillis = PATIENCE_MILLIS } = this.options;
    let refusedSince: number | undefined;
    for (let attempt = 0; ; attempt += 1) {
      try {
        await this.client.refresh();
        return contentOf(await this.client.send({ method: 'GET', path, headers: { accept: ACCEPTED }, signal }));
      } catch (error) {
        if (signal.aborted) {
          throw error;
        }
        onRetry?.(error);
        refusedSince = error instanceof RefusedError ? (refusedSince ?? performance.now()) : undefined;
        if (refusedSince !== undefined && performance.now() - refusedSince >= patienceMillis) {
          throw StreamError.declaration(
            `The schema registry ${config.url} refuses ${path}: ${errorMessage(error)}. Correct schemaRegistry.`,
            { cause: error },
          );
        }
        if (attempt === SILENT_ATTEMPTS) {
          logger.warn({ url: config.url, path, reason: errorMessage(error) }, 'the schema registry is waited for');
        }
      }
      await wait(exponentialDelay(attempt, FIRST_PAUSE, MOST_PAUSE), undefined, { signal });
    }
  }
}

const ACCEPTED = 'application/vnd.schemaregistry.v1+json, application/json';

/** @throws Error when the registry has to be asked again */
function contentOf(answer: HttpAnswer): unknown {
  const { status, body } = answer;
  const content = status < 500 ? parsed(body) : undefined;
  if (status === 200 && content !== undefined) {
    return content;
  }
  const message = `it answered ${status}${explanationOf(answer)}`;
  if (status === 200 || status >= 500 || status === 408 || status === 429) {
    throw new Error(message);
  }
  // A registry says with a number of its own what it has not got; whatever else answers 404 is none.
  if ((status === 404 || status === 422) && typeof (content as { error_code?: unknown })?.error_code === 'number') {
    return undefined;
  }
  throw new RefusedError(message);
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

async function basicAuthorization(directory: string): Promise<string> {
  const [username, password] = await Promise.all(
    ['username', 'password'].map(async (name) => (await readFile(join(directory, name), 'utf8')).trim()),
  );
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
