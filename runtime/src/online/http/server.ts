import {
  createServer,
  IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
  ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import express, { type Express } from 'express';
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

/** Makes an Express application without routes. Its settings must be made before its first route. */
export function createApp(): Express {
  const app = express();
  app.disable('etag');
  app.disable('x-powered-by');
  app.enable('case sensitive routing');
  return app;
}

/**
 * Makes the HTTP server of an Express application.
 *
 * Express changes the prototype of every request and response, after which every access to them is slow. Here the
 * server makes them with the prototypes of the application from the start, so that there is nothing to change.
 *
 * @param app the application, from {@link createApp}
 * @param shortcut tried before the application
 */
export function createHttpServer(
  app: Express,
  shortcut: Shortcut,
  responder: Responder,
  limits: ServingLimits,
  { guard, tls, cors: sites }: Access = {},
): Server {
  const cors = sites && new Cors(sites, responder);
  class AppRequest extends IncomingMessage {}
  class AppResponse extends ServerResponse<AppRequest> {}
  Object.setPrototypeOf(AppRequest.prototype, app.request);
  Object.setPrototypeOf(AppResponse.prototype, app.response);
  Object.assign(app, { request: AppRequest.prototype, response: AppResponse.prototype });

  const route: RequestListener<typeof AppRequest, typeof AppResponse> = (request, response) => {
    (shortcut(request) ?? app)(request, response);
  };
  const admit = (request: AppRequest, response: AppResponse, proceed: typeof route) => {
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
    IncomingMessage: AppRequest,
    ServerResponse: AppResponse,
    headersTimeout: limits.headersMillis,
    requestTimeout: limits.requestMillis,
    keepAliveTimeout: limits.keepAliveMillis,
    connectionsCheckingInterval: limits.checkMillis,
    maxHeaderSize: limits.headerBytes,
    // Checked above, to answer as everywhere else.
    requireHostHeader: false,
  };
  const dispatch: typeof route = (request, response) => admit(request, response, route);
  const server = tls === undefined ? createServer(settings, dispatch) : createSecureServer(tls, settings, dispatch);
  const connections = new ConnectionLimit(server, limits.connections);
  server.maxRequestsPerSocket = limits.requestsPerConnection;
  server.on('clientError', (error, connection) => answerClientError(error, connection, limits));
  server.on('checkContinue', (incoming: AppRequest, outgoing: AppResponse) => {
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

function createSecureServer<
  Request extends typeof IncomingMessage,
  Response extends typeof ServerResponse<InstanceType<Request>>,
>(tls: TlsFiles, settings: ServerOptions<Request, Response>, listener: RequestListener<Request, Response>): Server {
  const server = createTlsServer<Request, Response>({ ...settings, ...tls.options }, listener);
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
