import { RETRY_AFTER } from '../../protocol';
import { endpointOf, findModel, notReady, readyModel, versionsOf } from '../find-model';
import type { ServedModel, ServedModels } from '../served-models';
import { statisticsOf } from '../statistics';
import { addGetRoute, addPostRoute, type ModelRouteContext } from './route';

/**
 * Adds the routes of a model.
 *
 * @param version what follows the model in paths: nothing, or `/versions/:version`
 */
export function addV2Routes({ router, models, responder }: ModelRouteContext, version: string): void {
  const path = `/v2/models/:model${version}`;
  addGetRoute(router, path, ({ params }, response) => {
    const served = readyModel(models, params.model, params.version);
    responder.json(response, 200, metadata(models, served));
  });
  addGetRoute(router, `${path}/ready`, ({ params }, response) => {
    const found = findModel(models, params.model, params.version);
    const ready = models.get(found) !== undefined;
    responder.json(
      response,
      ready ? 200 : 503,
      { name: params.model, ready, ...(ready ? {} : { error: notReady(found) }) },
      ready ? undefined : RETRY_AFTER,
    );
  });
  addGetRoute(router, `${path}/stats`, ({ params }, response) => {
    const versions = versionsOf(models, params.model, params.version);
    responder.json(response, 200, { model_stats: statisticsOf(models, versions) });
  });
  addPostRoute(router, `${path}/infer`, (request, response) => {
    endpointOf(models, 'v2', request.params.model, request.params.version).handle(request, response);
  });
}

function metadata(models: ServedModels, { version, signature, platform, properties }: ServedModel): object {
  const describe = ({ name, datatype, shape }: { name: string; datatype: string; shape: readonly number[] }) => ({
    name,
    datatype,
    shape,
  });
  return {
    name: version.name,
    versions: models.registry.versions(version.name).map((other) => other.version),
    platform,
    inputs: signature.inputs.map(describe),
    outputs: signature.outputs.map(describe),
    ...(properties === undefined ? {} : { properties: properties() }),
  };
}
