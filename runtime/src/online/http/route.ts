import { RequestError } from '../../protocol';
import type { ServedModels } from '../served-models';
import type { Responder } from './responder';
import type { Handler, RouteAdder } from './router';

/** What the routes of models need. */
export interface ModelRouteContext {
  readonly router: RouteAdder;
  readonly models: ServedModels;
  readonly responder: Responder;
}

/** Adds a route that is read and not changed; other methods are refused. */
export function addGetRoute(router: RouteAdder, path: string, handler: Handler): void {
  router
    .route(path)
    .get(handler)
    .all(() => {
      throw methodError('GET, HEAD');
    });
}

/** Adds a route that is posted to; other methods are refused. */
export function addPostRoute(router: RouteAdder, path: string, handler: Handler): void {
  router
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
