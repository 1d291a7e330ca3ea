import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { GATEWAY_PATHS, HTTP_PATHS } from '../contract';
import { errorMessage, type Logger } from '../telemetry';
import type { AuthorizationAnswer } from './authorization';

const HEADERS_MILLIS = 10_000;
const REQUEST_MILLIS = 15_000;

/** Longer than the hour for which the proxy keeps a connection: else it would send a request on one that is being closed. */
const KEEP_ALIVE_MILLIS = 2 * 60 * 60_000;

const MAX_CONNECTIONS = 1024;
const MAX_BODY_BYTES = 16 * 1024;
const ABORT = /^\/rollouts\/([^/]+)\/abort$/;

/** What the agent does when it is asked over HTTP. */
export interface AgentActions {
  readonly status: () => Promise<object>;
  readonly metrics: () => Promise<{ readonly type: string; readonly text: string }>;
  readonly drain: () => Promise<void>;

  /** Aborts a rollout. @returns what became of it; undefined when there is no such rollout */
  readonly abort: (rollout: string, revision: number | undefined) => object | undefined;

  /** Absent = there are no API keys. */
  readonly authorize?: (request: IncomingMessage) => AuthorizationAnswer;
}

/** A client asks for what cannot be. */
class ClientError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

/** Makes the server of an agent: status, metrics, health, aborts, drain, and what the proxy asks about API keys. */
export function createAgentServer(actions: AgentActions, logger: Logger): Server {
  const server = createServer(
    { headersTimeout: HEADERS_MILLIS, requestTimeout: REQUEST_MILLIS, keepAliveTimeout: KEEP_ALIVE_MILLIS },
    (request, response) => {
      const [path = ''] = (request.url ?? '').split('?');
      if (actions.authorize !== undefined && (path === '/authorize' || path.startsWith('/authorize/'))) {
        sendAuthorization(request, response, actions.authorize(request));
        return;
      }
      answer(actions, path, request, response).catch((error: unknown) => {
        const known = error instanceof ClientError;
        if (!known) {
          logger.error({ error, path }, 'a request to the agent failed');
        }
        sendJson(response, known ? error.status : 500, { error: errorMessage(error) }, known ? error.headers : {});
      });
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  return server;
}

async function answer(
  actions: AgentActions,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const rollout = ABORT.exec(path)?.[1];
  if (rollout !== undefined) {
    allow(request, 'POST');
    const result = actions.abort(decoded(rollout), await revisionOf(request));
    if (result === undefined) {
      throw new ClientError(404, `There is no rollout ${decoded(rollout)} here.`);
    }
    sendJson(response, 200, result);
    return;
  }
  const answers: Readonly<Record<string, () => Promise<void> | void>> = {
    [GATEWAY_PATHS.agentStatus]: async () => sendJson(response, 200, await actions.status()),
    [HTTP_PATHS.metrics]: async () => {
      const { type, text } = await actions.metrics();
      send(response, 200, text, { 'Content-Type': type });
    },
    [HTTP_PATHS.live]: () => sendJson(response, 200, { live: true }),
    [HTTP_PATHS.ready]: () => sendJson(response, 200, { ready: true }),
    [GATEWAY_PATHS.drain]: async () => {
      await actions.drain();
      sendJson(response, 200, { drained: true });
    },
  };
  const found = Object.hasOwn(answers, path) ? answers[path] : undefined;
  if (found === undefined) {
    throw new ClientError(404, `The status of the agent is at ${GATEWAY_PATHS.agentStatus}.`);
  }
  allow(request, 'GET', 'HEAD');
  await found();
}

/** The body is what the proxy was sent: it is not looked at. */
function sendAuthorization(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, error }: AuthorizationAnswer,
): void {
  request.resume();
  if (error === undefined) {
    send(response, status, '', headers);
  } else {
    sendJson(response, status, { error }, headers);
  }
}

function allow({ method = '' }: IncomingMessage, ...methods: string[]): void {
  if (!methods.includes(method)) {
    const list = methods.join(', ');
    throw new ClientError(405, `The method is not allowed here; allowed: ${list}.`, { Allow: list });
  }
}

/** The revision in the body of an abort; undefined when the body is empty, or has none. */
async function revisionOf(request: IncomingMessage): Promise<number | undefined> {
  const text = await readBody(request);
  if (text.trim() === '') {
    return undefined;
  }
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new ClientError(400, 'The body is not JSON; send {"revision": number}, or nothing.');
  }
  const { revision } = Object(body) as { revision?: unknown };
  if (revision !== undefined && !(Number.isSafeInteger(revision) && Number(revision) >= 0)) {
    throw new ClientError(400, `revision is a whole number from 0 (found ${JSON.stringify(revision)}).`);
  }
  return revision as number | undefined;
}

async function readBody(request: IncomingMessage): Promise<string> {
  let text = '';
  request.setEncoding('utf8');
  for await (const part of request) {
    text += part;
    if (text.length > MAX_BODY_BYTES) {
      throw new ClientError(413, `The body has more than ${MAX_BODY_BYTES} bytes.`, { Connection: 'close' });
    }
  }
  return text;
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function sendJson(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  send(response, status, JSON.stringify(body), { 'Content-Type': 'application/json', ...headers });
}

function send(response: ServerResponse, status: number, text: string, headers: Readonly<Record<string, string>>): void {
  response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(text) });
  response.end(text);
}
