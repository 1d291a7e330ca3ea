export { type RolloutOptions, type RunningRollout, startRollout } from './run';
export {
  type AccessOptions,
  decisionText,
  type FoundRollout,
  findRollout,
  type LeaseObject,
  type LoggedDecision,
  openAccess,
  type PendingCommand,
  type RolloutAccess,
  type RolloutSnapshot,
  type RolloutVerb,
  sendCommand,
  snapshotOf,
  untilSeen,
} from './verbs';
