export { AVRO, avroSubject } from './avro-format';
