import { RequestError, shown } from '../../protocol';
import { endpointOf, readyModel } from '../find-model';
import { type ModelRouteContext, methodError } from './route';
import type { RoutedRequest } from './router';

/**
 * Adds `…/models/{m}` and `…/models/{m}:predict`: the verb is part of the last path segment.
 *
 * @param version what follows the model in paths: nothing, or `/versions/:version`
 */
export function addV1Routes({ router, models, responder }: ModelRouteContext, version: string): void {
  const path = version === '' ? '/v1/models/:target' : '/v1/models/:model/versions/:target';
  const parse = ({ params }: RoutedRequest) => {
    const [name, verb] = splitVerb(params.target);
    return version === '' ? { model: name, version: undefined, verb } : { model: params.model, version: name, verb };
  };
  router
    .route(path)
    .get((request, response) => {
      const { model, version, verb } = parse(request);
      if (verb !== undefined) {
        throw verb === 'predict' ? methodError('POST') : unknownVerb(verb);
      }
      readyModel(models, model, version);
      responder.json(response, 200, { name: model, ready: true });
    })
    .post((request, response) => {
      const { model, version, verb } = parse(request);
      if (verb === undefined) {
        throw methodError('GET, HEAD');
      }
      if (verb !== 'predict') {
        throw unknownVerb(verb);
      }
      endpointOf(models, 'v1', model, version).handle(request, response);
    })
    .all((request) => {
      throw methodError(parse(request).verb === undefined ? 'GET, HEAD' : 'POST');
    });
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
