export type { LeaseObject, RolloutAccess } from './access';
export { decisionText, type LoggedDecision, parseDecisions } from './decisions';
export { type FoundRollout, findRollout } from './find-rollout';
export { type AccessOptions, openAccess } from './open-access';
export { type CommandOptions, type RolloutVerb, sendCommand } from './send-command';
export { type PendingCommand, type RolloutSnapshot, snapshotOf } from './snapshot';
export { type UntilOptions, untilSeen } from './until';
