import { readFile } from 'node:fs/promises';
import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { COMMAND, RUNTIME_VERSION } from '../../contract';

const MOST_EXPLANATION = 200;

/** Options of {@link HttpClient}. */
export interface HttpClientOptions {
  /** Address that paths are relative to. */
  readonly url: string;

  /** Reads the value of the header `authorization`. Absent = none is sent. */
  readonly readAuthorization?: () => Promise<string>;

  /** File with the certificates of the authorities to trust, in PEM. Absent = those of the system. */
  readonly caPath?: string;

  /** Longest time of a request, in milliseconds. */
  readonly timeoutMillis: number;

  /** Most connections. */
  readonly maxConnections: number;

  /** So much of an answer is read; what is behind that is given up. */
  readonly maxAnswerBytes: number;
}

/** A request. */
export interface HttpCall {
  readonly method: 'GET' | 'POST';

  /** Path below the address, with its first slash. Absent = the address itself. */
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;

  /** Ends the request. */
  readonly signal?: AbortSignal;
}

/** An answer of any status. */
export interface HttpAnswer {
  readonly status: number;

  /** Header `Retry-After`. */
  readonly retryAfter: string | undefined;
  readonly body: Buffer;
}

/** Sends requests to one server, over connections that are kept. Redirects are not followed. */
export class HttpClient {
  private readonly url: URL;
  private agent: HttpAgent | HttpsAgent;
  private authorization: string | undefined;
  private authorities: string | undefined;

  /** @throws TypeError when the address is none */
  constructor(private readonly options: HttpClientOptions) {
    this.url = new URL(options.url);
    this.agent = this.newAgent();
  }

  /** Reads the authorization and the authorities, which may have changed. Rejects when a file cannot be read. */
  async refresh(): Promise<void> {
    const { readAuthorization, caPath } = this.options;
    if (readAuthorization !== undefined) {
      this.authorization = await readAuthorization();
    }
    if (caPath !== undefined) {
      const authorities = await readFile(caPath, 'utf8');
      if (authorities !== this.authorities) {
        this.authorities = authorities;
        // What is under way goes on; connections that are free are closed.
        this.agent.destroy();
        this.agent = this.newAgent();
      }
    }
  }

  /** Sends a request. Rejects when no answer comes in time. */
  send({ method, path, headers, body, signal }: HttpCall): Promise<HttpAnswer> {
    const { url, agent, authorization } = this;
    const { timeoutMillis, maxAnswerBytes } = this.options;
    const target = path === undefined ? url : new URL(`${url.href.replace(/\/$/, '')}${path}`);
    return new Promise((resolve, reject) => {
      const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(target, {
        agent,
        method,
        signal,
        headers: {
          'user-agent': `${COMMAND}/${RUNTIME_VERSION}`,
          ...headers,
          ...(authorization !== undefined && { authorization }),
        },
      });
      const timer = setTimeout(() => request.destroy(new Error(`no answer within ${timeoutMillis} ms`)), timeoutMillis);
      const fail = (error: unknown) => {
        clearTimeout(timer);
        reject(error);
      };
      request.on('error', fail);
      request.on('response', (response) => {
        readAnswer(response, maxAnswerBytes).then((answer) => {
          clearTimeout(timer);
          resolve(answer);
        }, fail);
      });
      request.end(body);
    });
  }

  /** Closes the connections. */
  close(): void {
    this.agent.destroy();
  }

  private newAgent(): HttpAgent | HttpsAgent {
    const options = { keepAlive: true, maxSockets: this.options.maxConnections };
    return this.url.protocol === 'https:'
      ? new HttpsAgent({ ...options, ...(this.authorities !== undefined && { ca: this.authorities }) })
      : new HttpAgent(options);
  }
}

/** What an answer says, on one line and not too long, with what it begins; empty when it says nothing. */
export function explanationOf({ body }: HttpAnswer): string {
  const text = body
    .toString('utf8')
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
  return text === '' ? '' : `: ${text.length > MOST_EXPLANATION ? `${text.slice(0, MOST_EXPLANATION)}…` : text}`;
}

async function readAnswer(response: IncomingMessage, most: number): Promise<HttpAnswer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > most) {
      break; // which ends the connection as well
    }
  }
  return {
    status: response.statusCode ?? 0,
    retryAfter: response.headers['retry-after'],
    body: Buffer.concat(chunks).subarray(0, most),
  };
}
