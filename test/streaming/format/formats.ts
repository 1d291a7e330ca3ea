import type { EventInputConfig, EventOutputConfig } from '../../../lib/contract/stream-config';
import type { Datatype, Signature, Tensor, TensorData } from '../../../runtime/src/model';
import type {
  ConsumedEvent,
  DecodedBatch,
  EncodedRows,
  EventHeader,
  PredictedRows,
} from '../../../runtime/src/streaming/event';
import { type FormatContext, openFormat, type StreamFormat } from '../../../runtime/src/streaming/format';
import { createLogger } from '../../../runtime/src/telemetry';

/** SHA-256 of the model of these tests. */
export const SHA256 = 'abcdef012345'.padEnd(64, '6');

/** A model with inputs and outputs of these datatypes and shapes, named x0, x1, … and y0, y1, …. */
export function signatureOf(
  inputs: readonly (readonly [Datatype, readonly number[]])[],
  outputs: readonly (readonly [Datatype, readonly number[]])[] = [['FP32', [-1, 1]]],
): Signature {
  const specs = (prefix: string, list: readonly (readonly [Datatype, readonly number[]])[]) =>
    list.map(([datatype, shape], index) => ({ name: `${prefix}${index}`, datatype, shape, symbols: [] }));
  return { inputs: specs('x', inputs), outputs: specs('y', outputs) };
}

/** Opens formats; input and output are JSON, and nothing is passed through, unless it is said. */
export async function open(
  signature: Signature,
  input: Partial<EventInputConfig>,
  output: Partial<EventOutputConfig> = {},
  context: Partial<FormatContext> = {},
): Promise<StreamFormat> {
  const format = await openFormat(
    { input: { format: 'json', ...input }, output: { format: 'json', passThrough: [], ...output } },
    {
      model: { name: 'iris', version: '2', sha256: SHA256 },
      signature,
      topic: 'predictions',
      maxEventBytes: 1_000_000,
      logger: createLogger({ level: 'silent' }),
      ...context,
    },
  );
  opened.push(format);
  return format;
}

const opened: StreamFormat[] = [];

afterAll(() => {
  for (const format of opened) {
    format.close();
  }
});

/** An event at `logs/0/<offset>`. Text is UTF-8, and what is neither text nor bytes becomes JSON. */
export function event(value: unknown, more: Partial<ConsumedEvent> & { offset?: number } = {}): ConsumedEvent {
  const { offset = 0, ...rest } = more;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return {
    value: value === null || Buffer.isBuffer(value) ? value : Buffer.from(text),
    headers: [],
    timestampMillis: 1_700_000_000_000,
    partition: 0,
    position: `logs/0/${offset}`,
    handle: undefined,
    ...rest,
  };
}

/** Decodes values that are all of what is of interest in their events. */
export async function decode({ decoder }: StreamFormat, ...values: unknown[]): Promise<DecodedBatch> {
  return decoder.decode(values.map((value, offset) => event(value, { offset })));
}

/** Elements of each input of a batch, in a form that shows everything. */
export function elements({ inputs }: Pick<DecodedBatch, 'inputs'>): unknown[] {
  return inputs.map(({ data }) => [...data]);
}

/** Reasons of all failures, as `class: reason`. */
export function reasons({ failures }: Pick<DecodedBatch, 'failures'>): string[] {
  return failures.map(({ errorClass, reason }) => `${errorClass}: ${reason}`);
}

/** Encodes all rows of a batch. */
export async function encode(
  { encoder }: StreamFormat,
  batch: DecodedBatch,
  outputs: readonly Tensor[],
  more: Partial<PredictedRows> = {},
): Promise<EncodedRows> {
  // biome-ignore lint/suspicious/noExplicitAny: an encoder takes the batches of its own decoder
  return encoder.encode(batch as any, {
    firstRow: 0,
    rows: batch.rows,
    firstOutputRow: 0,
    source: 'model',
    outputs,
    ...more,
  });
}

/** A tensor. */
export function tensor(datatype: Datatype, shape: readonly number[], data: TensorData): Tensor {
  return { datatype, shape, data };
}

/** Scores of so many rows, 0.5, 1.5, …. */
export function scores(rows: number): Tensor[] {
  return [
    tensor(
      'FP32',
      [rows, 1],
      Float32Array.from({ length: rows }, (_, row) => row + 0.5),
    ),
  ];
}

/** Values of the produced events, as text. */
export function texts({ outputs }: EncodedRows): string[] {
  return outputs.map(({ value }) => value.toString());
}

/** Headers as an object of texts. */
export function headersOf({ headers }: { readonly headers: readonly EventHeader[] }): Record<string, string> {
  return Object.fromEntries(headers.map(([name, value]) => [name, value.toString()]));
}
