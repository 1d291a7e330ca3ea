export { NatsSink } from './nats-sink';
export { NatsSource } from './nats-source';
