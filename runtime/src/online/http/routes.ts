import type { Express, NextFunction, Request, Response } from 'express';
import { HTTP_PATHS, RUNTIME_VERSION } from '../../contract';
import type { ModelVersion } from '../../model';
import { badRequest, RequestError, shown } from '../../protocol';
import type { Logger } from '../../telemetry';
import type { ServedModel, ServedModels } from '../served-models';
import type { PredictEndpoint } from './exchange';
import { asRequestError, RETRY_AFTER, type Responder } from './responder';

/** What the routes need. */
export interface RouteContext {
  readonly app: Express;
  readonly models: ServedModels;
  readonly responder: Responder;
  readonly logger: Logger;

  /** Whether the server takes new work: all models are loaded and warm, and it does not drain. */
  readonly isReady: () => boolean;
}

type Handler = (request: Request<Record<string, string>>, response: Response) => void;

const SERVER_NAME = 'model-serving';
const PLATFORM = 'onnx_onnxv1';

/** Adds every route of V1 and V2. Predictions are found here too, when they did not take the shortcut before. */
export function addRoutes(context: RouteContext): void {
  const { app, models, responder } = context;
  const { registry } = models;
  const get = (path: string, handler: Handler) => {
    app.route(path).get(handler).all(notAllowed(responder, 'GET, HEAD'));
  };
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
    json(() => ({ name: SERVER_NAME, version: RUNTIME_VERSION, extensions: [] })),
  );
  get(
    '/v2/models',
    json(() => ({ models: registry.names })),
  );
  get(
    HTTP_PATHS.live,
    json(() => ({ live: true })),
  );
  get(HTTP_PATHS.ready, (_request, response) => {
    const ready = context.isReady();
    responder.json(response, ready ? 200 : 503, { ready }, ready ? undefined : RETRY_AFTER);
  });
  for (const version of ['', '/versions/:version']) {
    addV1Routes(context, version);
    addV2Routes(context, version, get);
  }
  app.use((request, response) => {
    responder.error(response, new RequestError(404, `There is no route ${shown(request.path)}.`));
  });
  app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
    responder.error(response, routingError(error, context.logger));
  });
}

/** `…/models/{m}` and `…/models/{m}:predict`: the verb is part of the last path segment. */
function addV1Routes({ app, models, responder }: RouteContext, version: string): void {
  const path = version === '' ? '/v1/models/:target' : '/v1/models/:model/versions/:target';
  const parse = ({ params }: Request<Record<string, string>>) => {
    const [name, verb] = splitVerb(params.target);
    return version === '' ? { model: name, version: undefined, verb } : { model: params.model, version: name, verb };
  };
  app
    .route(path)
    .get((request: Request<Record<string, string>>, response) => {
      const { model, version, verb } = parse(request);
      if (verb !== undefined) {
        throw verb === 'predict' ? methodError('POST') : unknownVerb(verb);
      }
      readyModel(models, model, version);
      responder.json(response, 200, { name: model, ready: true });
    })
    .post((request: Request<Record<string, string>>, response) => {
      const { model, version, verb } = parse(request);
      if (verb === undefined) {
        throw methodError('GET, HEAD');
      }
      if (verb !== 'predict') {
        throw unknownVerb(verb);
      }
      endpointOf(models, 'v1', model, version).handle(request, response);
    })
    .all((request: Request<Record<string, string>>) => {
      throw methodError(parse(request).verb === undefined ? 'GET, HEAD' : 'POST');
    });
}

function addV2Routes(
  { app, models, responder }: RouteContext,
  version: string,
  get: (path: string, handler: Handler) => void,
): void {
  const path = `/v2/models/:model${version}`;
  get(path, ({ params }, response) => {
    const served = readyModel(models, params.model, params.version);
    responder.json(response, 200, metadata(models, served));
  });
  get(`${path}/ready`, ({ params }, response) => {
    const found = findModel(models, params.model, params.version);
    const ready = models.get(found) !== undefined;
    responder.json(
      response,
      ready ? 200 : 503,
      { name: params.model, ready, ...(ready ? {} : { error: notReady(found) }) },
      ready ? undefined : RETRY_AFTER,
    );
  });
  const infer: Handler = (request, response) => {
    endpointOf(models, 'v2', request.params.model, request.params.version).handle(request, response);
  };
  app.route(`${path}/infer`).post(infer).all(notAllowed(responder, 'POST'));
}

function metadata(models: ServedModels, { version }: ServedModel): object {
  const describe = ({ name, datatype, shape }: { name: string; datatype: string; shape: readonly number[] }) => ({
    name,
    datatype,
    shape,
  });
  return {
    name: version.name,
    versions: models.registry.versions(version.name).map((other) => other.version),
    platform: PLATFORM,
    inputs: version.model?.signature.inputs.map(describe) ?? [],
    outputs: version.model?.signature.outputs.map(describe) ?? [],
  };
}

function findModel(models: ServedModels, name: string, version: string | undefined): ModelVersion {
  const found = models.registry.find(name, version);
  if (found !== undefined) {
    return found;
  }
  const known = models.registry.versions(name).length > 0;
  throw new RequestError(
    404,
    known
      ? `Model with name ${cut(name)} has no version ${shown(version)}.`
      : `Model with name ${cut(name)} does not exist.`,
  );
}

function readyModel(models: ServedModels, name: string, version: string | undefined): ServedModel {
  const found = findModel(models, name, version);
  const served = models.get(found);
  if (served === undefined) {
    throw unavailable(found);
  }
  return served;
}

/** What answers the predictions of a model. A model that is not ready has its refusal counted. */
function endpointOf(
  models: ServedModels,
  protocol: 'v1' | 'v2',
  name: string,
  version: string | undefined,
): PredictEndpoint {
  const found = findModel(models, name, version);
  const served = models.get(found);
  if (served === undefined) {
    const error = unavailable(found);
    models.requestMeter(found, protocol)?.record(error.status, 0);
    throw error;
  }
  return served[protocol];
}

function unavailable(version: ModelVersion): RequestError {
  return new RequestError(503, notReady(version), RETRY_AFTER);
}

function notReady({ name, reason }: ModelVersion): string {
  return `Model with name ${name} is not ready: ${reason?.replace(/\.$/, '')}.`;
}

function splitVerb(target: string): [name: string, verb: string | undefined] {
  const colon = target.lastIndexOf(':');
  return colon < 0 ? [target, undefined] : [target.slice(0, colon), target.slice(colon + 1)];
}

function unknownVerb(verb: string): RequestError {
  return new RequestError(
    404,
    verb === 'explain'
      ? 'The model has no explainer.'
      : `There is no verb ${shown(verb)}; the verb of V1 is 'predict'.`,
  );
}

function methodError(allow: string): RequestError {
  return new RequestError(405, `The method is not allowed here; allowed: ${allow}.`, { Allow: allow });
}

function notAllowed(responder: Responder, allow: string): Handler {
  return (_request, response) => responder.error(response, methodError(allow));
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

function cut(name: string): string {
  return name.length > 80 ? `${name.slice(0, 80)}…` : name;
}
