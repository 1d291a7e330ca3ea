import type { FallbackConfig, ModelReference } from '../../contract';
import {
  type Answerer,
  CachedAnswers,
  checkTarget,
  DefaultPrediction,
  Fallback,
  FallbackError,
  type FallbackTarget,
  ModelFallback,
} from '../../fallback';
import { ModelError } from '../../model';
import type { Stage, StageContext } from './stage';

/** Finds another model of the process; undefined when it is not loaded. */
export type FindTarget = (model: ModelReference) => FallbackTarget | undefined;

/**
 * Answers when the model cannot.
 *
 * @throws ModelError when the fallback does not fit the model
 */
export function fallbackStage(context: StageContext, fallback: FallbackConfig, find: FindTarget): Stage {
  const { config, logger, metrics, next } = context;
  const answerer = fitting(config.path, () => answererOf(context, fallback, find));
  const source = fallback.model !== undefined ? 'model' : fallback.cached !== undefined ? 'cached' : 'default';
  const meter = metrics.fallback(config.name, config.version, source);
  const inference = new Fallback({ answerer, meter, logger, next });
  return { inference, close: () => inference.close() };
}

/**
 * Checks a model that answers for another one.
 *
 * @param path file of the model that is at fault when they do not fit
 * @throws ModelError when it cannot
 */
export function checkFallbackTarget(
  path: string,
  signature: FallbackTarget['signature'],
  target: FallbackTarget['signature'],
): void {
  fitting(path, () => checkTarget(signature, target));
}

function answererOf(
  { signature }: StageContext,
  { model, cached, prediction }: FallbackConfig,
  find: FindTarget,
): Answerer {
  if (model !== undefined) {
    const target = find(model);
    if (target !== undefined) {
      checkTarget(signature, target.signature);
    }
    return new ModelFallback(signature, () => find(model));
  }
  return cached === undefined ? new DefaultPrediction(signature, prediction ?? {}) : new CachedAnswers(cached);
}

function fitting<T>(path: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw error instanceof FallbackError ? new ModelError(`fallback: ${error.message}`, path, { cause: error }) : error;
  }
}
