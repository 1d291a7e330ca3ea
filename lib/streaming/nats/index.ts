export {
  checkNatsSink,
  checkNatsSource,
  matchesSubject,
  renderNatsSink,
  renderNatsSource,
  type WorkInProgress,
} from './nats';
export type { NatsServerOptions, NatsSinkOptions, NatsSourceOptions } from './nats-options';
