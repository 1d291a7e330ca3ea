import type { RequestListener } from 'node:http';
import { HTTP_PATHS, RUNTIME_VERSION, type ServerConfig } from '../../contract';
import { badRequest, RETRY_AFTER, RequestError, shown } from '../../protocol';
import type { Logger } from '../../telemetry';
import { EXTENSIONS } from '../extensions';
import type { ServedModels } from '../served-models';
import { statisticsOf } from '../statistics';
import type { BodyReader } from './body';
import { addDocsRoutes } from './docs-routes';
import { OpenApi } from './openapi';
import { addRepositoryRoutes } from './repository-routes';
import { asRequestError, type Responder } from './responder';
import { addGetRoute } from './route';
import { type ErrorHandler, type Handler, pathOf, type Router } from './router';
import { addV1Routes } from './v1-routes';
import { addV2Routes } from './v2-routes';

/** What the routes need. */
export interface RouteContext {
  readonly router: Router;
  readonly models: ServedModels;
  readonly responder: Responder;
  readonly bodies: BodyReader;
  readonly logger: Logger;
  readonly server: Pick<ServerConfig, 'authentication' | 'docs'>;

  /** Whether the server takes new work: all models are loaded and warm, and it does not drain. */
  readonly isReady: () => boolean;
}

const SERVER_NAME = 'model-serving';

/** Adds every route of V1 and V2. Predictions are found here too, when they did not take the shortcut before. */
export function addRoutes(context: RouteContext): void {
  const { router, models, responder } = context;
  const { registry } = models;
  const get = (path: string, handler: Handler) => addGetRoute(router, path, handler);
  const json =
    (value: () => object): Handler =>
    (_request, response) =>
      responder.json(response, 200, value());

  get(
    '/',
    json(() => ({ status: 'alive' })),
  );
  get(
    '/v1/models',
    json(() => ({ models: registry.names })),
  );
  get(
    '/v2',
    json(() => ({ name: SERVER_NAME, version: RUNTIME_VERSION, extensions: EXTENSIONS })),
  );
  get(
    '/v2/models',
    json(() => ({ models: registry.names })),
  );
  for (const [path, handler] of healthHandlers(responder, context.isReady)) {
    get(path, handler);
  }
  get('/v2/models/stats', (_request, response, next) => {
    // A model may have this name.
    if (registry.versions('stats').length > 0) {
      next('route');
    } else {
      responder.json(response, 200, { model_stats: statisticsOf(models, registry.all) });
    }
  });
  for (const version of ['', '/versions/:version']) {
    addV1Routes(context, version);
    addV2Routes(context, version);
  }
  addRepositoryRoutes(router, { bodies: context.bodies, responder, versions: () => registry.all });
  const { authentication, docs = true } = context.server;
  if (docs) {
    addDocsRoutes(router, new OpenApi(models, authentication), responder);
  }
  addEndOfRoutes(router, responder, context.logger);
}

/** What answers health checks, by path. */
export function healthHandlers(responder: Responder, isReady: () => boolean): Map<string, RequestListener> {
  return new Map<string, RequestListener>([
    [HTTP_PATHS.live, (_request, response) => responder.json(response, 200, { live: true })],
    [
      HTTP_PATHS.ready,
      (_request, response) => {
        const ready = isReady();
        responder.json(response, ready ? 200 : 503, { ready }, ready ? undefined : RETRY_AFTER);
      },
    ],
  ]);
}

/** Answers what no route has answered, and errors of routes. To be called after every route is added. */
export function addEndOfRoutes(router: Router, responder: Responder, logger: Logger): void {
  router.use((request, response) => {
    responder.error(response, new RequestError(404, `There is no route ${shown(pathOf(request))}.`));
  });
  const answerError: ErrorHandler = (error, _request, response, _next) => {
    responder.error(response, routingError(error, logger));
  };
  router.use(answerError);
}

/** Errors of the routes themselves, and of a path that cannot be decoded. */
function routingError(error: unknown, logger: Logger): RequestError {
  if (error instanceof URIError) {
    return badRequest('The path has a % that is not followed by two hexadecimal digits of UTF-8.');
  }
  if (!(error instanceof RequestError)) {
    logger.error({ error }, 'a route failed unexpectedly');
  }
  return asRequestError(error);
}
