import type { IncomingMessage, Server } from 'node:http';
import { badRequest, RequestError, shown } from '../../protocol';
import type { Logger } from '../../telemetry';
import type { BodyReader } from '../http/body';
import { addIndexRoute, isRecord, type RepositoryContext, readRepositoryBody } from '../http/repository-routes';
import { asRequestError } from '../http/responder';
import { addPostRoute } from '../http/route';
import { createRouter, type RouteAdder, type Router } from '../http/router';
import { addEndOfRoutes } from '../http/routes';
import { createHttpServer } from '../http/server';
import { refuseUnread } from '../http/unread';
import type { ServingLimits } from '../limits';
import type { ModelRepository } from './model-repository';

/** The only address that the management port listens on. */
export const MANAGEMENT_HOST = '127.0.0.1';

/** Options of {@link createManagementServer}. */
export interface ManagementOptions extends RepositoryContext {
  readonly repository: ModelRepository;
  readonly limits: ServingLimits;
  readonly logger: Logger;
}

/**
 * Makes the server of the management port: the model repository extension, with load and unload.
 *
 * @see https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_model_repository.md
 */
export function createManagementServer(options: ManagementOptions): Server {
  const { responder, limits } = options;
  const router = createRouter((router) => addManagementRoutes(router, options));
  return createHttpServer(router, () => undefined, responder, limits);
}

function addManagementRoutes(router: Router, options: ManagementOptions): void {
  const { repository, responder, logger } = options;
  router.use((request, response, next) => {
    // A browser says so of every request that could change something: no page of another site may reach this port.
    if (request.headers.origin !== undefined) {
      const error = new RequestError(403, 'The management port answers no browsers.');
      refuseUnread(request, response, error, responder);
    } else {
      next();
    }
  });
  addIndexRoute(router, options);
  addVerb(router, 'load', options, (name) => repository.load(name));
  addVerb(router, 'unload', options, (name) => repository.unload(name));
  addEndOfRoutes(router, responder, logger);
}

function addVerb(
  router: RouteAdder,
  verb: 'load' | 'unload',
  { bodies, responder, logger }: ManagementOptions,
  change: (name: string) => Promise<void>,
): void {
  addPostRoute(router, `/v2/repository/models/:model/${verb}`, async (request, response) => {
    const name = request.params.model;
    try {
      checkParameters(readRepositoryBody(await bodyOf(bodies, request)).parameters);
      await change(name);
      responder.json(response, 200, { name, [verb]: true });
    } catch (error) {
      if (!(error instanceof RequestError)) {
        logger.error({ error }, `a model could not be changed (${verb})`);
      }
      refuseUnread(request, response, asRequestError(error), responder);
    }
  });
}

function bodyOf(bodies: BodyReader, request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    bodies.read(request, { received: resolve, refused: reject });
  });
}

/** Models come from where the process was told to find them, not from a request. */
function checkParameters(parameters: unknown): void {
  if (parameters === undefined) {
    return;
  }
  if (!isRecord(parameters)) {
    throw badRequest('"parameters" must be an object.');
  }
  const upload = Object.keys(parameters).find((name) => name === 'config' || name.startsWith('file:'));
  if (upload !== undefined) {
    throw badRequest(
      `parameters: ${shown(upload)} is not taken; models are loaded as the configuration declares them. ` +
        'Change the configuration, and load the model without it.',
    );
  }
}
