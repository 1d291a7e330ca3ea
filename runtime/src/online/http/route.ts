import type { Express, NextFunction, Request, Response } from 'express';
import { RequestError } from '../../protocol';
import type { ServedModels } from '../served-models';
import type { Responder } from './responder';

/** Where routes are added. */
export type RouteAdder = Pick<Express, 'route'>;

/** What the routes of models need. */
export interface ModelRouteContext {
  readonly app: RouteAdder;
  readonly models: ServedModels;
  readonly responder: Responder;
}

/** Answers a request, or gives it to the next route. */
export type Handler = (request: Request<Record<string, string>>, response: Response, next: NextFunction) => void;

/** Adds a route that is read and not changed; other methods are refused. */
export function addGetRoute(app: RouteAdder, path: string, handler: Handler): void {
  app
    .route(path)
    .get(handler)
    .all(() => {
      throw methodError('GET, HEAD');
    });
}

/** Adds a route that is posted to; other methods are refused. */
export function addPostRoute(app: RouteAdder, path: string, handler: Handler): void {
  app
    .route(path)
    .post(handler)
    .all(() => {
      throw methodError('POST');
    });
}

/** The path is known, the method is not one of it. */
export function methodError(allow: string): RequestError {
  return new RequestError(405, `The method is not allowed here; allowed: ${allow}.`, { Allow: allow });
}
