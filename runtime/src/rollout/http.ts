import type { PodAddress, PodAddressOptions } from '../kubernetes-api';

/** Finds the pods behind a headless Service. */
export type FindPods = (host: string, port: number, options: PodAddressOptions) => Promise<readonly PodAddress[]>;

/** Most characters of an answer: the metrics of a proxy with many clusters are a few megabytes. */
const MOST_CHARACTERS = 64 * 1024 * 1024;

/** Options of {@link fetchText}. */
export interface FetchTextOptions extends RequestInit {
  readonly timeoutMillis: number;
  readonly signal: AbortSignal;
}

/**
 * Asks for a text.
 *
 * @throws Error when the answer is not 2xx, too long or not there in time
 */
export async function fetchText(url: string, { timeoutMillis, signal, ...init }: FetchTextOptions): Promise<string> {
  const late = AbortSignal.timeout(timeoutMillis);
  try {
    const response = await fetch(url, { redirect: 'manual', ...init, signal: AbortSignal.any([signal, late]) });
    if (!response.ok) {
      throw new Error(`it answered ${response.status}${await explanationOf(response)}`);
    }
    const text = await response.text();
    if (text.length > MOST_CHARACTERS) {
      throw new Error(`its answer has ${text.length} characters`);
    }
    return text;
  } catch (error) {
    throw late.aborted ? new Error(`no answer within ${timeoutMillis} ms`, { cause: error }) : causeOf(error);
  }
}

const MOST_EXPLANATION = 300;

/** What a server says of its refusal in JSON, as Prometheus and agents do. */
async function explanationOf(response: Response): Promise<string> {
  if (!/json/i.test(response.headers.get('content-type') ?? '')) {
    await response.body?.cancel();
    return '';
  }
  try {
    const { error } = (await response.json()) as { error?: unknown };
    return typeof error === 'string' ? `: ${error.slice(0, MOST_EXPLANATION)}` : '';
  } catch {
    return '';
  }
}

/** The fault behind the message `fetch failed`. */
function causeOf(error: unknown): unknown {
  return error instanceof TypeError && error.cause instanceof Error ? error.cause : error;
}

export function urlOf({ host, port }: PodAddress, path: string): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}${path}`;
}

/** Name of a pod in messages, by its address. */
export function nameOf({ host, port }: PodAddress): string {
  return `${host}:${port}`;
}
