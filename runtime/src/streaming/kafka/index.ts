export { KafkaSink } from './kafka-sink';
export { KafkaSource } from './kafka-source';
export { KafkaTransaction, type TransactionPoint, type TransactionWatch } from './kafka-transaction';
