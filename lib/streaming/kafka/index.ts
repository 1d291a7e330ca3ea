export { isSameLogin, type KafkaClusterOptions } from './kafka-cluster';
export { renderKafkaSink, renderKafkaSource } from './kafka-config';
export { KafkaLogin } from './kafka-login';
export { KafkaCompression, type KafkaSinkOptions, type KafkaSourceOptions } from './kafka-options';
export { checkKafkaSink, checkKafkaSource } from './kafka-rules';
