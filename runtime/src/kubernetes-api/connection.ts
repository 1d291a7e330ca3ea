import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { COMMAND, RUNTIME_VERSION } from '../contract';
import { errorMessage } from '../telemetry';
import type { ApiAccess, Credentials } from './access';
import { ApiError } from './error';
import { within } from './within';

/** An object has at most 1 MiB and a half; as JSON it may be several times as long. */
export const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

/** How much of an answer that is no JSON is shown. */
const MAX_SHOWN = 200;

/** Free connections are closed by us before the API does it under a request. */
const IDLE_MILLIS = 30_000;

/** A request to the API. */
export interface ApiRequest {
  readonly method: 'GET' | 'PUT' | 'POST' | 'PATCH';

  /** Path, with query. */
  readonly path: string;

  readonly body?: object;

  /** @default application/json */
  readonly contentType?: string;
}

/** How long a request may take. */
export interface ExchangeOptions {
  readonly timeoutMillis: number;
  readonly signal?: AbortSignal;
}

/** A connection that was kept failed: the server may have closed it just as the request was sent. */
class StaleConnectionError extends Error {
  constructor(cause: Error) {
    super(cause.message, { cause });
  }
}

/** Sends requests to one API, over connections that it keeps. */
export class ApiConnection {
  private agent: HttpAgent | undefined;
  private agentCa: string | undefined;

  constructor(private readonly access: ApiAccess) {}

  /**
   * Sends a request, and returns the object of the answer.
   *
   * @throws ApiError when the answer is none of success, or none comes; the signal's reason when that ended it
   */
  async send(request: ApiRequest, { timeoutMillis, signal }: ExchangeOptions): Promise<unknown> {
    return within(
      { signal, millis: timeoutMillis, timeout: () => noAnswer(request, timeoutMillis) },
      async (ending) => {
        const text = await textOf(request, await this.open(request, ending));
        try {
          return JSON.parse(text) as unknown;
        } catch {
          throw unreachable(request, `the answer is not JSON: ${text.slice(0, MAX_SHOWN)}`);
        }
      },
    );
  }

  /**
   * Sends a request, and returns the answer of success as soon as it begins.
   *
   * @param signal ends the answer, too
   * @throws ApiError when the answer is none of success, or none comes
   */
  async open(request: ApiRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const answer = await this.begin(request, signal);
    const status = answer.statusCode ?? 0;
    if (status < 200 || status > 299) {
      throw statusError(request, answer, await textOf(request, answer));
    }
    return answer;
  }

  private async begin(request: ApiRequest, signal: AbortSignal): Promise<IncomingMessage> {
    try {
      return await this.attempt(request, signal).catch((error: unknown) => {
        if (!(error instanceof StaleConnectionError) || request.method !== 'GET') {
          throw error;
        }
        // Reading again changes nothing. Whether a write was done is for the caller to find out.
        return this.attempt(request, signal);
      });
    } catch (error) {
      throw signal.aborted ? error : unreachable(request, errorMessage(error), error);
    }
  }

  private async attempt(
    { method, path, body, contentType = 'application/json' }: ApiRequest,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const credentials = await this.access.credentials();
    const url = new URL(this.access.url.pathname.replace(/\/$/, '') + path, this.access.url);
    const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const headers = {
      accept: 'application/json',
      'user-agent': `${COMMAND}/${RUNTIME_VERSION}`,
      ...(credentials.token === undefined ? {} : { authorization: `Bearer ${credentials.token}` }),
      ...(payload === undefined ? {} : { 'content-type': contentType, 'content-length': payload.length }),
    };
    const send = url.protocol === 'https:' ? requestHttps : requestHttp;
    return new Promise((resolve, reject) => {
      const request = send(url, { method, headers, signal, agent: this.agentFor(credentials) });
      request.on('response', (response) => {
        // Whoever reads the answer hears of its faults by reading.
        response.on('error', () => undefined);
        resolve(response);
      });
      request.on('error', (error) => reject(request.reusedSocket ? new StaleConnectionError(error) : error));
      request.end(payload);
    });
  }

  private agentFor({ ca }: Credentials): HttpAgent {
    if (this.agent === undefined || ca !== this.agentCa) {
      // Requests under way end over the former agent, whose free connections end by themselves.
      const options = { keepAlive: true, timeout: IDLE_MILLIS };
      this.agent = this.access.url.protocol === 'https:' ? new HttpsAgent({ ...options, ca }) : new HttpAgent(options);
      this.agentCa = ca;
    }
    return this.agent;
  }
}

export function noAnswer(request: ApiRequest, millis: number): ApiError {
  return new ApiError(`${describe(request)}: no answer within ${millis} ms`, { status: 0, reason: 'Timeout' });
}

export function unreachable(request: ApiRequest, why: string, cause?: unknown): ApiError {
  return new ApiError(`${describe(request)}: ${why}`, { status: 0, reason: 'Unreachable' }, { cause });
}

function describe({ method, path }: ApiRequest): string {
  return `${method} ${path.split('?')[0]}`;
}

async function textOf(request: ApiRequest, answer: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of answer as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > MAX_ANSWER_BYTES) {
      throw unreachable(request, `the answer has more than ${MAX_ANSWER_BYTES} bytes`);
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function statusError(request: ApiRequest, answer: IncomingMessage, text: string): ApiError {
  const status = answer.statusCode ?? 0;
  const { reason = answer.statusMessage ?? '', message = text.slice(0, MAX_SHOWN) } = statusOf(text);
  const seconds = Number(answer.headers['retry-after']);
  return new ApiError(`${describe(request)}: ${status} ${message}`, {
    status,
    reason,
    retryAfterMillis: seconds > 0 ? seconds * 1000 : undefined,
  });
}

/** The `Status` object that the API answers with; proxies in front of it answer with anything. */
function statusOf(text: string): { reason?: string; message?: string } {
  try {
    const { reason, message } = JSON.parse(text) as Record<string, unknown>;
    return {
      ...(typeof reason === 'string' && reason !== '' ? { reason } : {}),
      ...(typeof message === 'string' ? { message } : {}),
    };
  } catch {
    return {};
  }
}
