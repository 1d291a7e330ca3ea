import type { IncomingMessage, ServerResponse } from 'node:http';
import { RequestError } from '../../protocol';
import type { Authenticator } from '../../security';
import { asRequestError, type Responder } from './responder';
import { refuseUnread } from './unread';

/** Options of {@link Guard}. */
export interface GuardOptions {
  readonly authenticator: Authenticator;
  readonly responder: Responder;

  /** Paths that everybody may ask for. */
  readonly openPaths: readonly string[];
}

/** Lets requests pass whose sender is known. Nothing of a request is read before but its headers. */
export class Guard {
  private readonly openPaths: ReadonlySet<string>;

  constructor(private readonly options: GuardOptions) {
    this.openPaths = new Set(options.openPaths);
  }

  /**
   * Decides on a request; one that may not pass is answered.
   *
   * @param proceed called, now or later, when it may
   */
  admit(request: IncomingMessage, response: ServerResponse, proceed: () => void): void {
    if (this.isOpen(request)) {
      proceed();
      return;
    }
    const decided = this.options.authenticator.authenticate(request.headers);
    if (!(decided instanceof Promise)) {
      this.settle(request, response, decided, proceed);
      return;
    }
    decided.then(
      (late) => {
        if (!response.destroyed) {
          this.settle(request, response, late, proceed);
        }
      },
      (error: unknown) => this.refuse(request, response, asRequestError(error)),
    );
  }

  private settle(request: IncomingMessage, response: ServerResponse, decided: object, proceed: () => void): void {
    if (decided instanceof RequestError) {
      this.refuse(request, response, decided);
    } else {
      proceed();
    }
  }

  private refuse(request: IncomingMessage, response: ServerResponse, error: RequestError): void {
    refuseUnread(request, response, error, this.options.responder);
  }

  private isOpen({ method, url = '', headers }: IncomingMessage): boolean {
    // The question of a browser whether it may send the request: it never carries credentials.
    if (method === 'OPTIONS' && headers['access-control-request-method'] !== undefined) {
      return true;
    }
    const query = url.indexOf('?');
    const path = query < 0 ? url : url.slice(0, query);
    return this.openPaths.has(path) || (path.length > 1 && path.endsWith('/') && this.openPaths.has(path.slice(0, -1)));
  }
}
