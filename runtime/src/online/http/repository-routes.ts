import type { ModelVersion } from '../../model';
import { badRequest, RequestError } from '../../protocol';
import { changeRefused, indexOf } from '../repository';
import type { BodyReader } from './body';
import { asRequestError, type Responder } from './responder';
import { addPostRoute } from './route';
import type { RouteAdder } from './router';
import { refuseUnread } from './unread';

/** Bodies of the repository extension are a few words. */
const MAX_BODY_BYTES = 64 * 1024;

/** What the routes of the repository extension need. */
export interface RepositoryContext {
  readonly bodies: BodyReader;
  readonly responder: Responder;

  /** Every version of every model. */
  readonly versions: () => readonly ModelVersion[];
}

/**
 * Adds the routes of the model repository extension that belong to the serving port: the index for reading, and
 * refusals for what changes models.
 *
 * @see https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_model_repository.md
 */
export function addRepositoryRoutes(router: RouteAdder, context: RepositoryContext): void {
  const { responder } = context;
  addIndexRoute(router, context);
  const refusal = changeRefused();
  for (const verb of ['load', 'unload']) {
    addPostRoute(router, `/v2/repository/models/:model/${verb}`, (request, response) =>
      refuseUnread(request, response, refusal, responder),
    );
  }
}

/** Adds `POST /v2/repository/index`. */
export function addIndexRoute(router: RouteAdder, { bodies, responder, versions }: RepositoryContext): void {
  addPostRoute(router, '/v2/repository/index', (request, response) => {
    bodies.read(request, {
      refused: (error) => refuseUnread(request, response, error, responder),
      received: (body) => {
        try {
          const { ready = false } = readRepositoryBody(body);
          if (typeof ready !== 'boolean') {
            throw badRequest('"ready" must be true or false.');
          }
          responder.json(response, 200, indexOf(versions(), ready));
        } catch (error) {
          responder.error(response, asRequestError(error));
        }
      },
    });
  });
}

/**
 * Reads a body of the repository extension; an empty one is an empty object.
 *
 * @throws RequestError 400 or 413
 */
export function readRepositoryBody(body: Buffer): Readonly<Record<string, unknown>> {
  if (body.length > MAX_BODY_BYTES) {
    throw new RequestError(413, `The body is larger than ${MAX_BODY_BYTES} bytes.`);
  }
  if (body.length === 0) {
    return {};
  }
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    throw badRequest('The body is not valid JSON; send an object, or nothing.');
  }
  if (!isRecord(value)) {
    throw badRequest('The body must be an object, or empty.');
  }
  return value;
}

/** Whether a value is an object as JSON has them. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
