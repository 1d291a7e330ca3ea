import { randomBytes } from 'node:crypto';
import { apiVersionOf, CONFIG_MAPS, type ConfigMapObject, EVENTS, type KubernetesObject } from '../kubernetes-api';
import { errorMessage, type Logger } from '../telemetry';
import type { RolloutApi } from './api';
import type { Decision } from './state';

const COMPONENT = 'model-serving-rollout';

/** The API takes no more. */
const MOST_CHARACTERS = 1024;
const REQUEST_MILLIS = 5000;

/** Options of {@link publishEvent}. */
export interface EventOptions {
  readonly api: RolloutApi;
  readonly logger: Logger;
  readonly identity: string;
}

/** Makes a decision an Event of the ConfigMap, for `kubectl describe` and `kubectl events`. Never rejects: Events are for people. */
export async function publishEvent(
  decision: Decision,
  { metadata }: ConfigMapObject,
  { api, logger, identity }: EventOptions,
): Promise<void> {
  const { name, uid } = metadata;
  const event: KubernetesObject = {
    metadata: { name: `${name}.${randomBytes(8).toString('hex')}`, namespace: api.namespace },
    involvedObject: {
      kind: CONFIG_MAPS.kind,
      apiVersion: apiVersionOf(CONFIG_MAPS),
      namespace: api.namespace,
      name,
      ...(uid === undefined ? {} : { uid }),
    },
    type: decision.told === 'warning' ? 'Warning' : 'Normal',
    reason: reasonOf(decision),
    message: decision.message.slice(0, MOST_CHARACTERS),
    source: { component: COMPONENT },
    reportingComponent: COMPONENT,
    reportingInstance: identity.slice(0, 128),
    firstTimestamp: seconds(decision.time),
    lastTimestamp: seconds(decision.time),
    count: 1,
  };
  try {
    await api.create(EVENTS, event, { timeoutMillis: REQUEST_MILLIS });
  } catch (error) {
    logger.warn({ reason: errorMessage(error), kind: decision.kind }, 'the Event could not be written');
  }
}

/** `RolledBack` for `rolled-back`. */
function reasonOf({ kind }: Decision): string {
  return kind.replace(/(^|-)([a-z])/g, (_, __, letter: string) => letter.toUpperCase());
}

/** The API has no fractions of seconds here. */
function seconds(time: string): string {
  return time.replace(/\.\d+Z$/, 'Z');
}
