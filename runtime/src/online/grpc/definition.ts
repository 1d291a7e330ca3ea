/** A message, as protobufjs describes it. */
export interface Message {
  fields: Record<string, Field>;
  options?: Record<string, unknown>;
  oneofs?: Record<string, { oneof: string[] }>;
  nested?: Record<string, Message | { values: Record<string, number> }>;
}

interface Field {
  type: string;
  id: number;
  rule?: 'repeated';
}

/** A field with one value. */
export function field(type: string, id: number): Field {
  return { type, id };
}

/** A field with any number of values. */
export function repeated(type: string, id: number): Field {
  return { type, id, rule: 'repeated' };
}

/** A message of its fields. */
export function message(fields: Record<string, Field>, rest: Omit<Message, 'fields'> = {}): Message {
  return { fields, ...rest };
}

/** A method, whose messages are named after it. */
export function method(name: string, options: { responseStream?: boolean } = {}) {
  return { requestType: `${name}Request`, responseType: `${name}Response`, comment: '', ...options };
}

/** The entries of `map<string, type>`, as they are on the wire: tools know them by the option, and by their name. */
export function mapEntry(type: string): Message {
  return message({ key: field('string', 1), value: field(type, 2) }, { options: { map_entry: true } });
}

/** The entries of `map<string, type> parameters`. */
export function parametersEntry(type: string): Record<'ParametersEntry', Message> {
  return { ParametersEntry: mapEntry(type) };
}
