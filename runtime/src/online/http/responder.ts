import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AnswerBody } from '../../protocol';
import { RequestError } from '../../protocol';
import type { PredictionSource } from '../../scheduling';
import { countUnanswered } from './connection';

/** Seconds after which a client should ask again for a model that is loading, or a server that drains. */
export const RETRY_AFTER = { 'Retry-After': '1' } as const;

/** How long the rest of a body is read and thrown away after it was refused. */
const LINGER_MILLIS = 2000;

/** What answered, when it was not the model itself. */
const SOURCE_HEADER = 'x-prediction-source';

const JSON_TYPE = 'application/json';

/** Writes answers. One for each server: it knows whether connections are to be kept. */
export class Responder {
  /** From now on every answer closes its connection. */
  closing = false;

  /** Writes text that is JSON. */
  text(response: ServerResponse, status: number, text: string, headers?: Readonly<Record<string, string>>): void {
    if (response.headersSent || response.destroyed) {
      return; // the connection is gone, or was answered by a time limit
    }
    if (headers !== undefined) {
      for (const [name, value] of Object.entries(headers)) {
        response.setHeader(name, value);
      }
    }
    if (this.closing) {
      response.setHeader('Connection', 'close');
    }
    response.writeHead(status, { 'Content-Type': JSON_TYPE, 'Content-Length': Buffer.byteLength(text) });
    response.end(text);
  }

  /**
   * Writes the answer of a prediction.
   *
   * @param source what answered: said in a header, unless it is the model itself
   */
  answer(response: ServerResponse, body: AnswerBody, source: PredictionSource): void {
    const headers = source === 'own' ? undefined : { [SOURCE_HEADER]: source };
    if (typeof body === 'string') {
      this.text(response, 200, body, headers);
      return;
    }
    if (response.headersSent || response.destroyed) {
      return;
    }
    if (this.closing) {
      response.setHeader('Connection', 'close');
    }
    const length = body.body.reduce((sum, piece) => sum + piece.byteLength, 0);
    response.writeHead(200, { ...headers, ...body.headers, 'Content-Length': length });
    for (const piece of body.body) {
      response.write(piece);
    }
    response.end();
  }

  /** Writes a value as JSON. */
  json(response: ServerResponse, status: number, value: object, headers?: Readonly<Record<string, string>>): void {
    this.text(response, status, JSON.stringify(value), headers);
  }

  /** Writes an error. */
  error(response: ServerResponse, error: RequestError): void {
    this.text(response, error.status, errorText(error.message), error.headers);
  }

  /**
   * Writes an error before the body has arrived, and closes the connection.
   *
   * The rest of the body is read for a while, because a connection that is closed on unread data is reset, and the
   * client would lose the answer.
   */
  errorAndClose(request: IncomingMessage, response: ServerResponse, error: RequestError): void {
    if (response.headersSent || response.destroyed) {
      return;
    }
    const text = errorText(error.message);
    response.writeHead(error.status, {
      ...error.headers,
      'Content-Type': JSON_TYPE,
      'Content-Length': Buffer.byteLength(text),
      Connection: 'close',
    });
    if (request.readableEnded) {
      response.end(text);
      return;
    }
    response.write(text);
    // Should the rest of the body take too long, no second answer may follow.
    countUnanswered(request.socket, 1);
    const end = () => {
      clearTimeout(timer);
      response.end();
    };
    const timer = setTimeout(end, LINGER_MILLIS);
    request.once('end', end);
    response.once('close', () => clearTimeout(timer));
    request.removeAllListeners('data');
    request.resume();
  }
}

/** The body of an error. */
export function errorText(message: string): string {
  return JSON.stringify({ error: message });
}

/** What a client is told of an error: its own when it is meant for clients, else nothing of it. */
export function asRequestError(error: unknown): RequestError {
  return error instanceof RequestError ? error : new RequestError(500, 'Internal error.');
}
