export { PROTOBUF, protobufSubject } from './protobuf-format';
