import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import type { Duplex } from 'node:stream';
import type { CorsConfig } from '../../contract';
import { badRequest, REQUEST_ID_HEADER, RequestError, readRequestId } from '../../protocol';
import type { TlsFiles } from '../../security';
import { errorCode } from '../../telemetry';
import type { ServingLimits } from '../limits';
import { owesAnswers } from './connection';
import { ConnectionLimit } from './connection-limit';
import { Cors } from './cors';
import type { Guard } from './guard';
import { errorText, type Responder } from './responder';
import type { RequestHandler } from './router';

/** Finds what answers a request without routing; undefined = routing decides. */
export type Shortcut = (request: IncomingMessage) => RequestListener | undefined;

/** Who may send requests, and how. */
export interface Access {
  /** Which sites may read answers. Absent = none. */
  readonly cors?: CorsConfig;

  /** Lets requests pass. Absent = all of them. */
  readonly guard?: Guard;

  /** Absent = plain TCP. */
  readonly tls?: TlsFiles;
}

/**
 * Makes the HTTP server of a router.
 *
 * @param shortcut tried before the router
 */
export function createHttpServer(
  router: RequestHandler,
  shortcut: Shortcut,
  responder: Responder,
  limits: ServingLimits,
  { guard, tls, cors: sites }: Access = {},
): Server {
  const cors = sites && new Cors(sites, responder);
  const route: RequestListener = (request, response) => {
    const known = shortcut(request);
    if (known === undefined) {
      router(request, response, () => responder.error(response, NO_PATH));
    } else {
      known(request, response);
    }
  };
  const admit = (request: IncomingMessage, response: ServerResponse, proceed: RequestListener) => {
    const id = readRequestId(request.headers);
    if (id !== undefined) {
      response.setHeader(REQUEST_ID_HEADER, id);
    }
    const refusal = refusalOf(request, connections);
    if (refusal !== undefined) {
      responder.errorAndClose(request, response, refusal);
    } else if (cors?.answers(request, response)) {
      // A question of a browser, not a request.
    } else if (guard === undefined) {
      proceed(request, response);
    } else {
      guard.admit(request, response, () => proceed(request, response));
    }
  };
  const settings = {
    headersTimeout: limits.headersMillis,
    requestTimeout: limits.requestMillis,
    keepAliveTimeout: limits.keepAliveMillis,
    connectionsCheckingInterval: limits.checkMillis,
    maxHeaderSize: limits.headerBytes,
    // Checked above, to answer as everywhere else.
    requireHostHeader: false,
  };
  const dispatch: RequestListener = (request, response) => admit(request, response, route);
  const server = tls === undefined ? createServer(settings, dispatch) : createSecureServer(tls, settings, dispatch);
  const connections = new ConnectionLimit(
    server,
    limits.connections,
    tls === undefined ? 'connection' : 'secureConnection',
  );
  server.maxRequestsPerSocket = limits.requestsPerConnection;
  server.on('clientError', (error, connection) => answerClientError(error, connection, limits));
  server.on('checkContinue', (incoming: IncomingMessage, outgoing: ServerResponse) => {
    admit(incoming, outgoing, (request, response) => {
      // A body that is too large is refused before it is sent.
      if (!(Number(request.headers['content-length']) > limits.bodyBytes)) {
        response.writeContinue();
      }
      route(request, response);
    });
  });
  return server;
}

function createSecureServer(tls: TlsFiles, settings: ServerOptions, listener: RequestListener): Server {
  // Loaded here, because a process without TLS should not pay for it at its start.
  const https = require('node:https') as typeof import('node:https');
  const server = https.createServer({ ...settings, ...tls.options }, listener);
  tls.keepCurrent(server);
  return server;
}

/** Why a request is refused before anything else is looked at; undefined when it is not. */
function refusalOf(request: IncomingMessage, connections: ConnectionLimit): RequestError | undefined {
  if (request.headers.host === undefined && request.httpVersionMinor === 1) {
    return badRequest('The header Host is missing, which HTTP/1.1 requires.');
  }
  return connections.refusal(request.socket);
}

/** Answers what is not HTTP, or takes too long, and closes the connection. */
function answerClientError(error: Error, connection: Duplex, limits: ServingLimits): void {
  if (!connection.writable || owesAnswers(connection) || errorCode(error) === 'ECONNRESET') {
    connection.destroy();
    return;
  }
  const { status, message } = clientFault(errorCode(error), limits);
  const body = errorText(message);
  connection.end(
    `HTTP/1.1 ${status} ${REASONS[status] ?? ''}\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

const NO_PATH = new RequestError(404, 'The request has no path.');

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  413: 'Payload Too Large',
  431: 'Request Header Fields Too Large',
};

function clientFault(code: string | undefined, { headerBytes }: ServingLimits): RequestError {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new RequestError(408, 'The request did not arrive in time.');
    case 'HPE_HEADER_OVERFLOW':
      return new RequestError(
        431,
        `The headers of the request are larger than ${headerBytes} bytes (server.limits.maxHeaderBytes).`,
      );
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new RequestError(413, 'The chunk extensions of the body are too large.');
    default:
      return badRequest('The request is not valid HTTP/1.1.');
  }
}
