import type { ModelVersion } from '../model';
import { RETRY_AFTER, RequestError, shown } from '../protocol';
import type { Protocol } from '../telemetry';
import type { ServedModel, ServedModels } from './served-models';

/**
 * Finds a version of a model, ready or not.
 *
 * @param version absent = the one that answers for the model
 * @throws RequestError 404
 */
export function findModel(models: ServedModels, name: string, version: string | undefined): ModelVersion {
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

/**
 * Finds the versions of a model that are meant.
 *
 * @param version absent = all of them
 * @throws RequestError 404
 */
export function versionsOf(models: ServedModels, name: string, version: string | undefined): readonly ModelVersion[] {
  const found = findModel(models, name, version);
  return version === undefined ? models.registry.versions(name) : [found];
}

/**
 * Finds a version of a model that answers.
 *
 * @param version absent = the one that answers for the model
 * @throws RequestError 404 or 503
 */
export function readyModel(models: ServedModels, name: string, version: string | undefined): ServedModel {
  const found = findModel(models, name, version);
  const served = models.get(found);
  if (served === undefined) {
    throw unavailable(found);
  }
  return served;
}

/**
 * Finds what answers the predictions of a model. A model that is not ready has its refusal counted.
 *
 * @param version absent = the one that answers for the model
 * @throws RequestError 404 or 503
 */
export function endpointOf<P extends Protocol>(
  models: ServedModels,
  protocol: P,
  name: string,
  version: string | undefined,
): ServedModel[P] {
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

/** Says why a version does not answer. */
export function notReady({ name, reason }: ModelVersion): string {
  return `Model with name ${name} is not ready: ${reason?.replace(/\.$/, '')}.`;
}

function cut(name: string): string {
  return name.length > 80 ? `${name.slice(0, 80)}…` : name;
}
