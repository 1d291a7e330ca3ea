import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AnswerBody } from '../../protocol';
import { RequestError } from '../../protocol';
import { countUnanswered } from './connection';
import { SERVER_TIMING } from './server-timing';

/** How long the rest of a body is read and thrown away after it was refused. */
const LINGER_MILLIS = 2000;

const JSON_TYPE = 'application/json';

/** Writes answers. One for each server: it knows whether connections are to be kept. */
export class Responder {
  /** From now on every answer closes its connection. */
  closing = false;

  /** Writes text that is JSON. */
  text(response: ServerResponse, status: number, text: string, headers?: Readonly<Record<string, string>>): void {
    const length = String(Buffer.byteLength(text));
    this.write(response, status, text, { 'Content-Type': JSON_TYPE, 'Content-Length': length, ...headers });
  }

  /**
   * Writes the answer of a prediction.
   *
   * @param timing how long its stages took, as {@link SERVER_TIMING} has it
   */
  answer(response: ServerResponse, body: AnswerBody, timing: string): void {
    if (typeof body === 'string') {
      const length = String(Buffer.byteLength(body));
      this.write(response, 200, body, {
        'Content-Type': JSON_TYPE,
        'Content-Length': length,
        [SERVER_TIMING]: timing,
      });
    } else {
      const length = String(Buffer.byteLength(body.body));
      this.write(response, 200, body.body, { ...body.headers, 'Content-Length': length, [SERVER_TIMING]: timing });
    }
  }

  /** Writes an answer without a body. */
  noContent(response: ServerResponse): void {
    this.begin(response, 204, {});
    response.end();
  }

  private write(
    response: ServerResponse,
    status: number,
    body: string | Uint8Array,
    headers: Readonly<Record<string, string>>,
  ): void {
    if (response.headersSent || response.destroyed) {
      return; // the connection is gone, or was answered by a time limit
    }
    this.begin(response, status, headers);
    response.end(body);
  }

  private begin(response: ServerResponse, status: number, headers: Readonly<Record<string, string>>): void {
    if (this.closing) {
      response.setHeader('Connection', 'close');
    }
    response.writeHead(status, headers);
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
