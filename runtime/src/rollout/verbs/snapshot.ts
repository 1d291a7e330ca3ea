import {
  CONFIG_FILE,
  ROLLOUT_ANNOTATION_PREFIX,
  ROLLOUT_KEYS,
  ROLLOUT_VERBS,
  type RolloutStatus,
} from '../../contract';
import type { ConfigMapObject } from '../../kubernetes-api';
import { ROLLOUT_LABEL } from './access';
import { commandOf, type LoggedDecision, parseDecisions } from './decisions';

/** A request that the controller has not answered yet. */
export interface PendingCommand {
  readonly verb: string;
  readonly id?: string;
  readonly by?: string;
  readonly why: string;
}

/** What the ConfigMap of a rollout says. */
export interface RolloutSnapshot {
  readonly name: string;
  readonly namespace?: string;

  /** Absent before the controller has written. */
  readonly status?: RolloutStatus;

  /**
   * Version that the manifest declares as the candidate, when the controller has not begun with it: the status is that of the
   * rollout before.
   */
  readonly declaredCandidate?: string;

  /** Oldest first. */
  readonly decisions: readonly LoggedDecision[];

  /** The log of decisions, as it is written. */
  readonly decisionLines: string;

  readonly pending: readonly PendingCommand[];

  /** Whole number that counts up while a controller leads. */
  readonly heartbeat?: string;
}

/** Label of a manifest with the version of the candidate. */
const VERSION_LABEL = 'app.kubernetes.io/version';

/** Versions that a label says as they are: it has no room for others. */
const LABEL_VALUE = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;

/** Whether a ConfigMap holds a rollout: others of it, as the configuration of its controller, have the same labels. */
export function isRollout({ metadata, data = {} }: ConfigMapObject): boolean {
  const isLabelled = metadata.labels?.[ROLLOUT_LABEL.key] === ROLLOUT_LABEL.value;
  return (isLabelled || ROLLOUT_KEYS.state in data || ROLLOUT_KEYS.split in data) && !(CONFIG_FILE in data);
}

/**
 * Reads the ConfigMap of a rollout.
 *
 * @throws Error when it is not what a controller writes
 */
export function snapshotOf(object: ConfigMapObject): RolloutSnapshot {
  const { metadata, data = {} } = object;
  const decisionLines = data[ROLLOUT_KEYS.decisions] ?? '';
  const status = statusOf(metadata.name, data[ROLLOUT_KEYS.status]);
  const declared = metadata.labels?.[VERSION_LABEL];
  const isOther = declared !== undefined && status !== undefined && differs(declared, status);
  return {
    name: metadata.name,
    namespace: metadata.namespace,
    status,
    declaredCandidate: isOther ? declared : undefined,
    decisions: parseDecisions(decisionLines),
    decisionLines,
    pending: pendingOf(object),
    heartbeat: data[ROLLOUT_KEYS.heartbeat],
  };
}

function differs(declared: string, { candidate }: RolloutStatus): boolean {
  return LABEL_VALUE.test(candidate.version) && candidate.version !== declared;
}

function statusOf(name: string, text: string | undefined): RolloutStatus | undefined {
  if (text === undefined) {
    return undefined;
  }
  try {
    const status = JSON.parse(text) as RolloutStatus;
    if (typeof status.phase === 'string' && Array.isArray(status.steps)) {
      return status;
    }
  } catch {
    // said below
  }
  throw new Error(
    `${ROLLOUT_KEYS.status} of the rollout ${JSON.stringify(name)} is not a status (${JSON.stringify(text.slice(0, 80))}): ` +
      'only its controller may write it. It does so again when the rollout changes.',
  );
}

/** Requests that wait for an answer. */
export function pendingOf({ metadata: { annotations = {} } }: ConfigMapObject): PendingCommand[] {
  return ROLLOUT_VERBS.flatMap((verb) => {
    const value = annotations[ROLLOUT_ANNOTATION_PREFIX + verb];
    return value === undefined ? [] : [{ verb, ...commandOf(value) }];
  });
}
