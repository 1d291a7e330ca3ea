import type { EventInputConfig, SchemaRegistryConfig } from '../../contract';
import { StreamError } from '../event';
import type { FormatContext } from './format';
import type { InputField } from './input-field';
import { JsonReader } from './json';
import type { JsonPointer } from './json-pointer';
import type { SchemaFormat, SchemaRegistry } from './registry';
import type { EventReader } from './row-decoder';

/** What readers and writers are opened with. */
export interface OpeningContext extends FormatContext {
  /** Ends what waits for a schema registry. */
  readonly signal: AbortSignal;
}

/** Makes the reader of a format. Programs of formats are loaded when they are declared. */
export function openReader(
  { format, schemaRegistry }: EventInputConfig,
  fields: readonly InputField[],
  carried: readonly JsonPointer[],
  context: OpeningContext,
): EventReader {
  switch (format) {
    case 'json':
      return new JsonReader({ fields, carried });
    case 'cloudevents': {
      const { CloudEventReader } = require('./cloud-events') as typeof import('./cloud-events');
      return new CloudEventReader(fields, carried);
    }
    case 'tensor': {
      const { TensorReader } = require('./tensor') as typeof import('./tensor');
      return new TensorReader(fields);
    }
    case 'avro': {
      const { AVRO } = require('./avro') as typeof import('./avro');
      return schemaReader(AVRO, schemaRegistry, fields, carried, context);
    }
    case 'protobuf': {
      const { PROTOBUF } = require('./protobuf') as typeof import('./protobuf');
      return schemaReader(PROTOBUF, schemaRegistry, fields, carried, context);
    }
    default:
      throw StreamError.declaration(
        `input.format is '${format}'; it must be json, cloudevents, avro, protobuf or tensor.`,
      );
  }
}

function schemaReader<Schema>(
  format: SchemaFormat<Schema>,
  config: SchemaRegistryConfig | undefined,
  fields: readonly InputField[],
  carried: readonly JsonPointer[],
  context: OpeningContext,
): EventReader {
  const { KnownSchemas, SchemaReader } = require('./registry') as typeof import('./registry');
  return new SchemaReader(new KnownSchemas(openRegistry(config, 'input', context), format), fields, carried);
}

/** @throws StreamError when none is declared, or its address is none */
export function openRegistry(
  config: SchemaRegistryConfig | undefined,
  where: 'input' | 'output',
  { logger, onRetry, signal }: OpeningContext,
): SchemaRegistry {
  if (config === undefined) {
    throw StreamError.declaration(`${where}.schemaRegistry is missing; avro and protobuf need a registry.`);
  }
  const { SchemaRegistry } = require('./registry') as typeof import('./registry');
  return new SchemaRegistry({ config, logger, onRetry, signal });
}
