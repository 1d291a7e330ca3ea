export { CloudEventReader } from './cloud-event-reader';
export { CloudEventWriter, DEFAULT_EVENT_TYPE } from './cloud-event-writer';
