import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { errorCode } from '../../telemetry';

/** The program, found on PATH. */
const KUBECTL = 'kubectl';

/** No request waits longer for the API; a login in the browser may. */
const REQUEST_TIMEOUT = '--request-timeout=15s';

/** Who writes so long without an answer wants something from the person: a login, mostly. */
const PATIENCE_MILLIS = 1000;

const MAX_MESSAGE = 8192;

/** Which cluster and namespace. */
export interface KubectlOptions {
  /** @default - the current context */
  readonly context?: string;

  /** @default - that of the context */
  readonly namespace?: string;
}

/** kubectl ended with an error. */
export class KubectlError extends Error {
  override readonly name = 'KubectlError';

  constructor(
    verb: string,
    /** What it wrote on standard error. */
    readonly said: string,
    code: number | string,
  ) {
    super(`kubectl ${verb}: ${said === '' ? `ended with ${code}` : said}`);
  }

  /** Whether the API has no such object. */
  get isNotFound(): boolean {
    return /\(NotFound\)/.test(this.said);
  }

  /** Whether another attempt changes nothing. */
  get isFinal(): boolean {
    return /\((NotFound|Forbidden|Unauthorized)\)|must be logged in|You must be|unknown flag|not exist/.test(this.said);
  }
}

/**
 * The kubectl of a person: its context, its plugins for credentials, and what they ask on the terminal, are the person's.
 */
export class Kubectl {
  constructor(private readonly options: KubectlOptions = {}) {}

  /**
   * Runs it to its end.
   *
   * @returns what it wrote on standard output
   * @throws KubectlError
   */
  async run(args: readonly string[], timeoutMillis?: number): Promise<string> {
    const parts: Buffer[] = [];
    await this.start([...args, REQUEST_TIMEOUT], { timeoutMillis }, (child) => {
      child.stdout?.on('data', (part: Buffer) => parts.push(part));
    });
    return Buffer.concat(parts).toString('utf8');
  }

  /**
   * Runs it until it ends or the signal ends it, and tells of every line that it writes.
   *
   * @throws KubectlError
   */
  async follow(args: readonly string[], signal: AbortSignal, onLine: (line: string) => void): Promise<void> {
    let failure: { readonly error: unknown } | undefined;
    const ended = this.start(args, { signal }, (child) => {
      if (child.stdout !== null) {
        createInterface({ input: child.stdout }).on('line', (line) => {
          try {
            onLine(line);
          } catch (error) {
            failure = { error };
            child.kill();
          }
        });
      }
    });
    await ended.catch((error: unknown) => {
      failure ??= { error };
    });
    if (failure !== undefined) {
      throw failure.error;
    }
  }

  private start(
    args: readonly string[],
    { signal, timeoutMillis }: { readonly signal?: AbortSignal; readonly timeoutMillis?: number },
    listen: (child: ChildProcess) => void,
  ): Promise<void> {
    const { context, namespace } = this.options;
    const target = [
      ...(context === undefined ? [] : [`--context=${context}`]),
      ...(namespace === undefined ? [] : [`--namespace=${namespace}`]),
    ];
    const child = spawn(KUBECTL, [...args, ...target], {
      stdio: ['inherit', 'pipe', 'pipe'],
      env: process.env,
      signal,
      timeout: timeoutMillis,
    });
    const said = errorsOf(child);
    listen(child);
    return new Promise((resolve, reject) => {
      child.on('error', (error) => {
        if (signal?.aborted !== true) {
          reject(errorCode(error) === 'ENOENT' ? noKubectl() : error);
        }
      });
      child.on('close', (code, ended) => {
        if (code === 0 || signal?.aborted === true) {
          resolve();
        } else {
          reject(new KubectlError(args[0] ?? '', said(), code ?? ended ?? 'unknown'));
        }
      });
    });
  }
}

/** Keeps what kubectl writes on standard error, and shows it when kubectl seems to wait for the person. */
function errorsOf(child: ChildProcess): () => string {
  let text = '';
  let isShown = false;
  const timer = setTimeout(() => {
    isShown = true;
    process.stderr.write(text);
  }, PATIENCE_MILLIS);
  const end = () => {
    clearTimeout(timer);
    isShown = false;
  };
  child.stdout?.once('data', end);
  child.once('close', end);
  child.once('error', end);
  child.stderr?.on('data', (part: Buffer) => {
    if (isShown) {
      process.stderr.write(part);
    }
    text = (text + part.toString('utf8')).slice(-MAX_MESSAGE);
  });
  return () => withoutLog(text.trim());
}

/** Lines of its own log tell the same again, for its makers. */
function withoutLog(text: string): string {
  const lines = text.split('\n').filter((line) => !/^[EWI]\d{4} \d\d:\d\d:/.test(line));
  return lines.length === 0 ? text : lines.join('\n');
}

function noKubectl(): Error {
  return new Error(
    'kubectl is not on PATH. Install it (https://kubernetes.io/docs/tasks/tools/), or give --server URL for a rollout of ' +
      'model-serving local. In a pod of the rollout neither is needed.',
  );
}
