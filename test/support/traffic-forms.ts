import { gunzipSync, inflateSync } from 'node:zlib';
import { binaryTexts, bytesOf, LENGTH_HEADER } from './binary-tensors';
import type { GrpcInput } from './grpc-client';
import type { PipelinedAnswer } from './pipelined-http';
import type { Column } from './traffic-models';

/** Ways to send a prediction over HTTP. */
export const HTTP_FORMS = [
  'v1',
  'event-binary',
  'event-structured',
  'v2',
  'v2-binary-in',
  'v2-binary-out',
  'v2-binary',
  'v2-raw',
] as const;

/** One of {@link HTTP_FORMS}. */
export type HttpForm = (typeof HTTP_FORMS)[number];

/** What is sent besides the tensors. */
export interface Extras {
  readonly id?: string;
  readonly priority?: number;
  readonly timeoutMicros?: number;
}

/** A request as it is sent. */
export interface HttpRequest {
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

/** An answer, whatever form it had. */
export interface TrafficAnswer {
  readonly status: number;

  /** What is said of a request that failed. */
  readonly error?: string;

  /** Of V2. */
  readonly model?: string;
  readonly version?: string;
  readonly id?: string;

  /** By name; of a model with one output, V1 has no name: `''`. */
  readonly outputs: Readonly<Record<string, { readonly shape?: readonly number[]; readonly data: readonly unknown[] }>>;
}

const EVENT = { specversion: '1.0', id: '7', source: '/test', type: 'traffic' };

/** Writes a request. */
export function writeHttp(
  form: HttpForm,
  columns: readonly Column[],
  { id, priority, timeoutMicros }: Extras,
): HttpRequest {
  const parameters = { priority, timeout: timeoutMicros };
  switch (form) {
    case 'v1':
      return { headers: {}, body: json(instances(columns)) };
    case 'event-binary': {
      const headers = Object.entries(EVENT).map(([name, value]) => [`ce-${name}`, value]);
      return { headers: Object.fromEntries(headers), body: json(instances(columns)) };
    }
    case 'event-structured':
      return {
        headers: { 'Content-Type': 'application/cloudevents+json' },
        body: json({ ...EVENT, data: instances(columns) }),
      };
    case 'v2-raw':
      return { headers: { [LENGTH_HEADER]: '0' }, body: rawOf(columns[0], true) };
    default: {
      const isBinary = form === 'v2-binary-in' || form === 'v2-binary';
      const data = columns.map((column) => rawOf(column, false));
      const inputs = columns.map(({ name, datatype, shape, data: values }, index) => ({
        name,
        datatype,
        shape,
        ...(isBinary ? { parameters: { binary_data_size: data[index].length } } : { data: values }),
      }));
      const binaryOut = form === 'v2-binary-out' || form === 'v2-binary';
      const head = json({ id, inputs, parameters: { ...parameters, binary_data_output: binaryOut } });
      const headers: Record<string, string> = isBinary ? { [LENGTH_HEADER]: String(head.length) } : {};
      return { headers, body: isBinary ? Buffer.concat([head, ...data]) : head };
    }
  }
}

/** Reads an answer. */
export function readHttp(form: HttpForm, { status, headers, body: coded }: PipelinedAnswer): TrafficAnswer {
  const coding = headers['content-encoding'];
  const body = coding === 'gzip' ? gunzipSync(coded) : coding === 'deflate' ? inflateSync(coded) : coded;
  if (status !== 200) {
    return { status, error: JSON.parse(body.toString()).error, outputs: {} };
  }
  if (form.startsWith('v2')) {
    return { status, ...readV2(body, headers) };
  }
  const value = JSON.parse(body.toString());
  const event = form === 'event-structured' ? value : undefined;
  const type = event?.type ?? headers['ce-type'];
  if (form !== 'v1' && type !== 'io.kserve.inference.response') {
    throw new Error(`an answer to ${form} is no event: ${type}`);
  }
  const source: string | undefined = event?.source ?? headers['ce-source'];
  return {
    status,
    model: source?.slice('io.kserve.inference.'.length),
    outputs: readPredictions((event?.data ?? value).predictions),
  };
}

/** The inputs of a call of gRPC. */
export function writeGrpc(
  columns: readonly Column[],
  isRaw: boolean,
  { id, priority, timeoutMicros }: Extras,
): { inputs: GrpcInput[]; rest: Record<string, unknown> } {
  const fields = { FP32: 'fp32_contents', INT64: 'int64_contents', BYTES: 'bytes_contents' };
  const inputs = columns.map(({ name, datatype, shape, data }) => {
    const values = datatype === 'BYTES' ? data.map((value) => Buffer.from(String(value))) : data;
    return { name, datatype, shape, ...(isRaw ? {} : { contents: { [fields[datatype]]: values } }) };
  });
  const parameters = Object.fromEntries(
    Object.entries({ priority, timeout: timeoutMicros }).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, { int64_param: value }]],
    ),
  );
  const raw = isRaw ? { raw_input_contents: columns.map((column) => rawOf(column, false)) } : {};
  return { inputs, rest: { id: id ?? '', parameters, ...raw } };
}

interface GrpcOutput {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly string[];
  readonly contents?: Readonly<Record<string, readonly unknown[]>> | null;
}

/** Reads the message of an answer of gRPC. */
export function readGrpc(message: {
  readonly model_name: string;
  readonly model_version: string;
  readonly id?: string;
  readonly outputs: readonly GrpcOutput[];
  readonly raw_output_contents?: readonly Buffer[];
}): TrafficAnswer {
  const outputs = message.outputs.map(({ name, datatype, shape = [], contents }, index) => {
    const raw = message.raw_output_contents?.[index];
    const values = Object.values(contents ?? {}).flat();
    const typed = values.map((value) => (Buffer.isBuffer(value) ? value.toString() : Number(value)));
    return [name, { shape: shape.map(Number), data: raw === undefined ? typed : valuesOf(raw, datatype) }];
  });
  return {
    status: 200,
    model: message.model_name,
    version: message.model_version,
    ...(message.id ? { id: message.id } : {}),
    outputs: Object.fromEntries(outputs),
  };
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** The body of V1: a row is its numbers, or an object when there are several inputs. */
function instances(columns: readonly Column[]): object {
  const rows = Array.from({ length: columns[0].shape[0] }, (_, row) => {
    const values = columns.map(({ name, shape, data }) => [name, data.slice(row * shape[1], (row + 1) * shape[1])]);
    return columns.length === 1 ? values[0][1] : Object.fromEntries(values);
  });
  return { instances: rows };
}

/** @param bare whether text stands without its length */
function rawOf({ datatype, data }: Column, bare: boolean): Buffer {
  switch (datatype) {
    case 'FP32':
      return bytesOf(Float32Array.from(data, Number));
    case 'INT64':
      return bytesOf(BigInt64Array.from(data, BigInt));
    case 'BYTES':
      return bare ? Buffer.from(String(data[0])) : binaryTexts(...data.map(String));
  }
}

function valuesOf(bytes: Buffer, datatype: string): (number | string)[] {
  const values: (number | string)[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (datatype === 'BYTES') {
      const length = bytes.readUInt32LE(at);
      values.push(bytes.toString('utf8', at + 4, at + 4 + length));
      at += 4 + length;
    } else if (datatype === 'INT64') {
      values.push(Number(bytes.readBigInt64LE(at)));
      at += 8;
    } else {
      values.push(bytes.readFloatLE(at));
      at += 4;
    }
  }
  return values;
}

function readV2(body: Buffer, headers: Readonly<Record<string, string>>): Omit<TrafficAnswer, 'status'> {
  const length = headers[LENGTH_HEADER.toLowerCase()];
  let at = length === undefined ? body.length : Number(length);
  const { model_name, model_version, id, outputs } = JSON.parse(body.toString('utf8', 0, at));
  const read: Record<string, { shape: number[]; data: unknown[] }> = {};
  for (const { name, datatype, shape, data, parameters } of outputs) {
    const size: number = parameters?.binary_data_size ?? 0;
    read[name] = { shape, data: data ?? valuesOf(body.subarray(at, at + size), datatype) };
    at += size;
  }
  if (at !== body.length) {
    throw new Error(`${body.length - at} bytes behind the last output`);
  }
  return { model: model_name, version: model_version, ...(id === undefined ? {} : { id }), outputs: read };
}

/** Predictions of V1: rows of the only output, or objects with all of them. */
function readPredictions(predictions: readonly unknown[]): TrafficAnswer['outputs'] {
  const outputs: Record<string, { data: unknown[] }> = {};
  for (const prediction of predictions) {
    const isRecord = typeof prediction === 'object' && prediction !== null && !Array.isArray(prediction);
    for (const [name, value] of Object.entries(isRecord ? prediction : { '': prediction })) {
      outputs[name] ??= { data: [] };
      outputs[name].data.push(...[value].flat(Number.POSITIVE_INFINITY));
    }
  }
  return outputs;
}
