export {
  CloudEventMode,
  type CloudEventsOptions,
  checkFormat,
  EventFormat,
  type RegisteredFormatOptions,
  renderRegistry,
} from './event-format';
export { checkInputFields, renderInputFields } from './event-input';
export { checkEventOutput, renderEventOutput } from './event-output';
export { InputFields, type InputFieldsOptions } from './input-fields';
