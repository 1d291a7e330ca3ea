import { randomUUID } from 'node:crypto';
import { ROLLOUT_ANNOTATION_PREFIX, ROLLOUT_KEYS, type ROLLOUT_VERBS, type RolloutCommand } from '../../contract';
import type { RolloutAccess } from './access';
import { type LoggedDecision, parseDecisions } from './decisions';
import type { FoundRollout } from './find-rollout';
import { localUser } from './local-user';
import { isRollout, type PendingCommand, pendingOf } from './snapshot';
import { untilSeen } from './until';

export type RolloutVerb = (typeof ROLLOUT_VERBS)[number];

/** Options of {@link sendCommand}. */
export interface CommandOptions {
  /** For the log of decisions. */
  readonly why: string;

  /** Longest time until the controller has answered. */
  readonly timeoutMillis: number;
}

/**
 * Asks the controller of a rollout for something: annotates its ConfigMap, and waits for the decision about it.
 *
 * @returns the decision
 * @throws Error when none comes in time; NoRolloutError
 */
export async function sendCommand(
  access: RolloutAccess,
  { name, object }: FoundRollout,
  verb: RolloutVerb,
  { why, timeoutMillis }: CommandOptions,
): Promise<LoggedDecision> {
  if (!isRollout(object ?? (await access.read(name)))) {
    throw new Error(`The ConfigMap ${JSON.stringify(name)} in ${access.place} does not hold a rollout.`);
  }
  // An abort does not wait for the cluster to say who asks.
  const by = verb === 'abort' ? localUser() : await access.user();
  const command: RolloutCommand = { id: randomUUID(), by, why };
  await access.annotate(name, ROLLOUT_ANNOTATION_PREFIX + verb, JSON.stringify(command));
  let pending: PendingCommand | undefined;
  const answer = await untilSeen(access, name, { timeoutMillis }, (object) => {
    pending = pendingOf(object).find((each) => each.verb === verb);
    const decisions = parseDecisions(object.data?.[ROLLOUT_KEYS.decisions] ?? '');
    return pending?.id === command.id ? undefined : decisions.find((decision) => decision.command === command.id);
  });
  if (answer === undefined) {
    throw new Error(unanswered(verb, command, pending, timeoutMillis));
  }
  return answer;
}

function unanswered(
  verb: RolloutVerb,
  { id }: RolloutCommand,
  pending: PendingCommand | undefined,
  timeoutMillis: number,
): string {
  const seconds = timeoutMillis / 1000;
  if (pending !== undefined && pending.id !== id) {
    return `The request was replaced by another ${verb}${pending.by === undefined ? '' : ` of ${pending.by}`} before it was answered.`;
  }
  const agents =
    verb === 'abort'
      ? ' The agents of the gateway obey an abort by themselves: each gives the candidate no requests as soon as it sees it.'
      : '';
  return (
    `The controller has not answered within ${seconds} s. The request stays, and counts as soon as the controller is there: ` +
    `see \`model-serving rollout status\`, and the log of its pod.${agents}`
  );
}
