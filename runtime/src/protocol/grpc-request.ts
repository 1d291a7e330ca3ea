import { WIRE, WireReader } from './grpc-wire';
import type { JsonObject } from './json-body';

/** Value of a parameter; integers beyond 2^53 are bigint. */
type ParameterValue = string | number | bigint | boolean;

/** `inference.ModelInferRequest`, with the contents of its tensors still as they were sent. */
export interface InferRequest {
  readonly model: string;

  /** Empty = none is named. */
  readonly version: string;

  /** Empty = none. */
  readonly id: string;
  readonly parameters: JsonObject | undefined;
  readonly inputs: readonly InferInput[];
  readonly outputs: readonly InferOutput[];
  readonly raw: readonly Uint8Array[];
}

/** `InferInputTensor`. */
export interface InferInput {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];

  /** Its `InferTensorContents`; a message that is given in parts is the parts one after the other. */
  readonly contents: readonly WireReader[];
}

/** `InferRequestedOutputTensor`. */
export interface InferOutput {
  readonly name: string;
  readonly parameters: JsonObject | undefined;
}

type Parameters = Record<string, ParameterValue>;

/**
 * Reads an `inference.ModelInferRequest`. Nothing is copied: the bytes must not change as long as the result is used.
 *
 * By hand, because a generated reader makes an array of numbers of every tensor, one element at a time.
 *
 * @throws RequestError 400 when the bytes are no such message
 */
export function readInferRequest(bytes: Buffer): InferRequest {
  const reader = new WireReader(bytes);
  let model = '';
  let version = '';
  let id = '';
  let parameters: Parameters | undefined;
  const inputs: InferInput[] = [];
  const outputs: InferOutput[] = [];
  const raw: Uint8Array[] = [];
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        model = reader.text();
        break;
      case 2:
        version = reader.text();
        break;
      case 3:
        id = reader.text();
        break;
      case 4:
        parameters ??= noParameters();
        readEntry(reader.delimited(), parameters);
        break;
      case 5:
        inputs.push(readInput(reader.delimited()));
        break;
      case 6:
        outputs.push(readOutput(reader.delimited()));
        break;
      case 7:
        raw.push(reader.binary());
        break;
      default:
        reader.skip();
    }
  }
  return { model, version, id, parameters, inputs, outputs, raw };
}

function readInput(reader: WireReader): InferInput {
  let name = '';
  let datatype = '';
  const shape: number[] = [];
  const contents: WireReader[] = [];
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        name = reader.text();
        break;
      case 2:
        datatype = reader.text();
        break;
      case 3:
        readSizes(reader, shape);
        break;
      case 4:
        // The protocol has no parameter for an input; only its form is read.
        readEntry(reader.delimited(), noParameters());
        break;
      case 5:
        contents.push(reader.delimited());
        break;
      default:
        reader.skip();
    }
  }
  return { name, datatype, shape, contents };
}

function readOutput(reader: WireReader): InferOutput {
  let name = '';
  let parameters: Parameters | undefined;
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        name = reader.text();
        break;
      case 2:
        parameters ??= noParameters();
        readEntry(reader.delimited(), parameters);
        break;
      default:
        reader.skip();
    }
  }
  return { name, parameters };
}

/** `repeated int64`: packed, as it is written today, or one field an element. */
function readSizes(reader: WireReader, sizes: number[]): void {
  if (reader.type !== WIRE.bytes) {
    sizes.push(reader.int64());
    return;
  }
  const packed = reader.delimited();
  while (packed.at < packed.end) {
    sizes.push(packed.int64());
  }
}

/** Without a prototype, because the names come from outside. */
function noParameters(): Parameters {
  return Object.create(null);
}

/** An entry of `map<string, InferParameter>`; of entries with one key, the last counts. */
function readEntry(reader: WireReader, parameters: Parameters): void {
  let key = '';
  let value: ParameterValue | undefined;
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        key = reader.text();
        break;
      case 2:
        value = readParameter(reader.delimited()) ?? value;
        break;
      default:
        reader.skip();
    }
  }
  if (value !== undefined) {
    parameters[key] = value;
  }
}

/** `InferParameter`: of its choices, the last counts; undefined when it has none. */
function readParameter(reader: WireReader): ParameterValue | undefined {
  let value: ParameterValue | undefined;
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        reader.expect(WIRE.varint);
        reader.varint();
        value = reader.low !== 0 || reader.high !== 0;
        break;
      case 2:
        reader.expect(WIRE.varint);
        reader.varint();
        value = integer((BigInt(reader.high) << 32n) | BigInt(reader.low >>> 0));
        break;
      case 3:
        value = reader.text();
        break;
      case 4: {
        reader.expect(WIRE.fixed64);
        const start = reader.at;
        reader.advance(8);
        value = reader.bytes.readDoubleLE(start);
        break;
      }
      case 5:
        reader.expect(WIRE.varint);
        reader.varint();
        value = integer((BigInt(reader.high >>> 0) << 32n) | BigInt(reader.low >>> 0));
        break;
      default:
        reader.skip();
    }
  }
  return value;
}

function integer(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
