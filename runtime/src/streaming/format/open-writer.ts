import type { EventOutputConfig } from '../../contract';
import { errorMessage } from '../../telemetry';
import { StreamError } from '../event';
import { type OpeningContext, openRegistry } from './open-reader';
import { JsonObjects } from './output/json-objects';
import type { OutputFields } from './output/output-field';
import type { ValueWriter } from './output/value-writer';
import type { RegisteredSchema, SchemaOfSubject } from './registry';

/** Makes the writer of a format. Programs of formats are loaded when they are declared. */
export async function openWriter(
  config: EventOutputConfig,
  fields: OutputFields,
  context: OpeningContext,
): Promise<ValueWriter> {
  const { format, mode, eventType } = config;
  const { model, sink = 'kafka', signature } = context;
  switch (format) {
    case 'json':
      return new JsonObjects(fields, sink === 'http' ? [['content-type', Buffer.from('application/json')]] : []);
    case 'cloudevents': {
      const { CloudEventWriter, DEFAULT_EVENT_TYPE } = require('./cloud-events') as typeof import('./cloud-events');
      return new CloudEventWriter({
        model,
        objects: new JsonObjects(fields),
        mode: mode === 'binary' ? 'binary' : 'structured',
        type: eventType ?? DEFAULT_EVENT_TYPE,
        sink,
      });
    }
    case 'tensor': {
      const { TensorWriter } = require('./tensor') as typeof import('./tensor');
      return new TensorWriter(signature.outputs.length);
    }
    case 'avro': {
      const { avroSubject } = require('./avro') as typeof import('./avro');
      return schemaWriter(avroSubject, config, fields, context);
    }
    case 'protobuf': {
      const { protobufSubject } = require('./protobuf') as typeof import('./protobuf');
      return schemaWriter(protobufSubject, config, fields, context);
    }
    default:
      throw StreamError.declaration(
        `output.format is '${format}'; it must be json, cloudevents, avro, protobuf or tensor.`,
      );
  }
}

/** Writes with the newest schema of the subject, as it is now. */
async function schemaWriter(
  open: (schema: RegisteredSchema) => SchemaOfSubject,
  { format, schemaRegistry, subject }: EventOutputConfig,
  fields: OutputFields,
  context: OpeningContext,
): Promise<ValueWriter> {
  const name = subject ?? (context.topic === '' ? undefined : `${context.topic}-value`);
  if (name === undefined) {
    throw StreamError.declaration('output.subject is missing; a sink without topic needs the name of its schema.');
  }
  const schema = await openRegistry(schemaRegistry, 'output', context).latest(name);
  if (schema === undefined) {
    throw StreamError.declaration(
      `The schema registry has no schema for the subject '${name}'; register one, or correct output.subject.`,
    );
  }
  const problem = (text: string) =>
    StreamError.declaration(`The schema ${schema.id} of the subject '${name}' cannot be written: ${text}.`);
  if (schema.type.toLowerCase() !== format) {
    throw problem(`it is ${schema.type}, but output.format is ${format}`);
  }
  const written = opened(open, schema, problem);
  const problems = written.problems([...fields.passed, ...fields.predictions.map((prediction) => prediction.name)]);
  if (problems.length > 0) {
    throw problem(problems.join('; '));
  }
  const { SchemaWriter } = require('./registry') as typeof import('./registry');
  return new SchemaWriter(written, fields);
}

function opened(
  open: (schema: RegisteredSchema) => SchemaOfSubject,
  schema: RegisteredSchema,
  problem: (text: string) => StreamError,
): SchemaOfSubject {
  try {
    return open(schema);
  } catch (error) {
    throw problem(errorMessage(error));
  }
}
