import type { FeatureLookupConfig } from '../../contract';
import { FeatureLookup, FeaturePlanError, planFeatures } from '../../features';
import { ModelError, type Signature } from '../../model';
import { GuardedRedis, RedisClient } from '../../redis';
import { CircuitBreaker } from '../../scheduling';
import type { Stage, StageContext } from './stage';

/** A first connection to the feature store is waited for so long; nothing depends on it. */
const FIRST_CONNECTION_MILLIS = 1000;

/** A stage that changes what clients send. */
export interface FeatureStage extends Stage {
  readonly signature: Signature;
}

/**
 * Looks up inputs of a model.
 *
 * @throws ModelError when the features do not fit the model
 */
export async function featureStage(context: StageContext, lookup: FeatureLookupConfig): Promise<FeatureStage> {
  const { config, logger, metrics, next } = context;
  const { name, version } = config;
  const plan = planOf(context, lookup);
  const features = plan.features.map((feature) => feature.name);
  const meter = metrics.features(name, version, features);
  const breaker = new CircuitBreaker({ onChange: metrics.breaker(name, version, 'feature-store') });
  const client = new RedisClient({
    connection: lookup,
    role: 'feature store',
    logger,
    onConnected: (connected) => {
      meter.setConnected(connected);
      if (connected) {
        breaker.probeSoon();
      }
    },
  });
  await client.firstAttempt(FIRST_CONNECTION_MILLIS);
  const store = new GuardedRedis({ client, breaker, meter, timeoutMillis: lookup.timeoutMillis });
  const fields =
    lookup.timestampField === undefined || lookup.maxAgeMillis === undefined
      ? features
      : [...features, lookup.timestampField];
  return {
    signature: plan.signature,
    inference: new FeatureLookup({ config: lookup, plan, store, fields, meter, logger, next }),
    close: () => client.close(),
  };
}

function planOf({ model, config }: StageContext, lookup: FeatureLookupConfig) {
  try {
    return planFeatures(model.signature, lookup);
  } catch (error) {
    throw error instanceof FeaturePlanError
      ? new ModelError(`features: ${error.message}`, config.path, { cause: error })
      : error;
  }
}
