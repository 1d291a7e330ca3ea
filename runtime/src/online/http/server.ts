import { createServer, IncomingMessage, type RequestListener, type Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import express, { type Express } from 'express';
import { badRequest, RequestError } from '../../protocol';
import { errorCode } from '../../telemetry';
import type { ServingLimits } from '../limits';
import { owesAnswers } from './connection';
import { errorText, type Responder } from './responder';

/** Finds what answers a request without routing; undefined = routing decides. */
export type Shortcut = (request: IncomingMessage) => RequestListener | undefined;

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
): Server {
  class AppRequest extends IncomingMessage {}
  class AppResponse extends ServerResponse<AppRequest> {}
  Object.setPrototypeOf(AppRequest.prototype, app.request);
  Object.setPrototypeOf(AppResponse.prototype, app.response);
  Object.assign(app, { request: AppRequest.prototype, response: AppResponse.prototype });

  const dispatch: RequestListener = (request, response) => {
    if (request.headers.host === undefined && request.httpVersionMinor === 1) {
      responder.errorAndClose(request, response, badRequest('The header Host is missing, which HTTP/1.1 requires.'));
      return;
    }
    (shortcut(request) ?? app)(request, response);
  };
  const server = createServer(
    {
      IncomingMessage: AppRequest,
      ServerResponse: AppResponse,
      headersTimeout: limits.headersMillis,
      requestTimeout: limits.requestMillis,
      keepAliveTimeout: limits.keepAliveMillis,
      connectionsCheckingInterval: limits.checkMillis,
      maxHeaderSize: limits.headerBytes,
      // Checked above, to answer as everywhere else.
      requireHostHeader: false,
    },
    dispatch,
  );
  server.maxConnections = limits.connections;
  server.maxRequestsPerSocket = limits.requestsPerConnection;
  server.on('clientError', answerClientError);
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    // A body that is too large is refused before it is sent.
    if (!(Number(request.headers['content-length']) > limits.bodyBytes)) {
      response.writeContinue();
    }
    dispatch(request as AppRequest, response as AppResponse);
  });
  return server;
}

/** Answers what is not HTTP, or takes too long, and closes the connection. */
function answerClientError(error: Error, connection: Duplex): void {
  if (!connection.writable || owesAnswers(connection) || errorCode(error) === 'ECONNRESET') {
    connection.destroy();
    return;
  }
  const { status, message } = clientFault(errorCode(error));
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

function clientFault(code: string | undefined): RequestError {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new RequestError(408, 'The request did not arrive in time.');
    case 'HPE_HEADER_OVERFLOW':
      return new RequestError(431, 'The headers of the request are too large.');
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new RequestError(413, 'The chunk extensions of the body are too large.');
    default:
      return badRequest('The request is not valid HTTP/1.1.');
  }
}
