import type { Signature, TensorSpec } from '../model';
import { WireReader } from './grpc-wire';
import { booleanField, delimitedField, packedIntegers } from './grpc-writer';

/** `inference.ModelReadyRequest`, `ModelMetadataRequest` and `ModelStatisticsRequest`: which model is meant. */
export interface ModelRequest {
  readonly name: string;

  /** Empty = none is named. */
  readonly version: string;
}

/** What `inference.ServerMetadataResponse` says. */
export interface ServerMetadata {
  readonly name: string;
  readonly version: string;
  readonly extensions: readonly string[];
}

/** What `inference.ModelMetadataResponse` says. */
export interface ModelMetadata extends Signature {
  readonly name: string;
  readonly versions: readonly string[];
  readonly platform: string;
  readonly properties?: Readonly<Record<string, string>>;
}

/** States of `grpc.health.v1.HealthCheckResponse`. */
export const HEALTH = { serving: 1, notServing: 2, serviceUnknown: 3 } as const;

/** One of {@link HEALTH}. */
export type HealthStatus = (typeof HEALTH)[keyof typeof HEALTH];

/** @throws RequestError 400 when the bytes are no such message */
export function readModelRequest(bytes: Buffer): ModelRequest {
  const [name, version] = readTexts(bytes, 2);
  return { name, version };
}

/**
 * Reads a `grpc.health.v1.HealthCheckRequest`.
 *
 * @returns the name of the service; empty = the whole server
 * @throws RequestError 400 when the bytes are no such message
 */
export function readHealthRequest(bytes: Buffer): string {
  return readTexts(bytes, 1)[0];
}

/** Reads a message without fields: `inference.ServerLiveRequest` and others. */
export function readEmptyRequest(bytes: Buffer): void {
  readTexts(bytes, 0);
}

/** `inference.ServerLiveResponse`, `ServerReadyResponse` or `ModelReadyResponse`. */
export function writeFlag(value: boolean): Buffer {
  return booleanField(1, value);
}

/** `inference.ServerMetadataResponse`. */
export function writeServerMetadata({ name, version, extensions }: ServerMetadata): Buffer {
  return Buffer.concat([delimitedField(1, name), delimitedField(2, version), ...texts(3, extensions)]);
}

/** `inference.ModelMetadataResponse`. */
export function writeModelMetadata(metadata: ModelMetadata): Buffer {
  const { name, versions, platform, inputs, outputs, properties = {} } = metadata;
  return Buffer.concat([
    delimitedField(1, name),
    ...texts(2, versions),
    delimitedField(3, platform),
    ...inputs.map((input) => delimitedField(4, tensorMetadata(input))),
    ...outputs.map((output) => delimitedField(5, tensorMetadata(output))),
    ...Object.entries(properties).map((entry) =>
      delimitedField(6, Buffer.concat([delimitedField(1, entry[0]), delimitedField(2, entry[1])])),
    ),
  ]);
}

/** `grpc.health.v1.HealthCheckResponse`. */
export function writeHealth(status: HealthStatus): Buffer {
  return Buffer.from([1 << 3, status]);
}

function tensorMetadata({ name, datatype, shape }: TensorSpec): Buffer {
  return Buffer.concat([delimitedField(1, name), delimitedField(2, datatype), packedIntegers(3, shape)]);
}

function texts(field: number, values: readonly string[]): Buffer[] {
  return values.map((value) => delimitedField(field, value));
}

/** Reads a message whose first fields are strings, and that has no others. */
function readTexts(bytes: Buffer, count: number): string[] {
  const values = new Array<string>(count).fill('');
  const reader = new WireReader(bytes);
  while (reader.next()) {
    if (reader.field <= count) {
      values[reader.field - 1] = reader.text();
    } else {
      reader.skip();
    }
  }
  return values;
}
