import type { StreamConfig } from '../../contract';
import type { Signature } from '../../model';
import type { Logger } from '../../telemetry';
import { type DeadLetterEncoder, type EventDecoder, type EventEncoder, StreamError } from '../event';
import { DeadLetters } from './dead-letters';
import { HeaderCopy, type NamedModel } from './event-headers';
import { inputFields } from './input-field';
import { openReader } from './open-reader';
import { openWriter } from './open-writer';
import { outputFields } from './output/output-field';
import type { RowBatch } from './row-batch';
import { RowDecoder } from './row-decoder';
import { RowEncoder } from './row-encoder';

/** What formats are resolved against. */
export interface FormatContext {
  readonly model: NamedModel;

  /** Inputs that events give, features left out, and outputs. */
  readonly signature: Signature;

  /** Topic, stream or subject of the sink, from which a subject of the registry gets its name; empty = there is none. */
  readonly topic: string;

  /**
   * Kind of the sink: it decides how attributes of CloudEvents are named in headers.
   *
   * @default kafka
   */
  readonly sink?: string;

  /** Larger values are refused, in bytes. */
  readonly maxEventBytes: number;

  readonly logger: Logger;

  /** Learns of a failed attempt to reach the schema registry. */
  readonly onRetry?: (error: unknown) => void;
}

/** How events become rows, and predictions events. */
export interface StreamFormat {
  readonly decoder: EventDecoder<RowBatch>;
  readonly encoder: EventEncoder<RowBatch>;
  readonly deadLetters: DeadLetterEncoder;

  /** Ends what waits for a schema registry. */
  close(): void;
}

/**
 * Resolves the declared formats against the model. Waits for the schema registry where there is one.
 *
 * @throws StreamError (43) when pointers, outputs or schemas do not fit
 */
export async function openFormat(
  { input, output }: Pick<StreamConfig, 'input' | 'output'>,
  context: FormatContext,
): Promise<StreamFormat> {
  const { model, signature, maxEventBytes } = context;
  const problems: string[] = [];
  const fields = inputFields(signature, input, problems);
  const produced = outputFields(signature, output, problems);
  if (input.format === 'tensor' && produced.carried.length > 0) {
    problems.push(
      'output.passThrough and output.keyPointer need fields, which events of the format tensor do not have.',
    );
  }
  if (output.format === 'tensor' && (output.predictions !== undefined || produced.passed.length > 0)) {
    problems.push('output.predictions and output.passThrough need fields, which the format tensor does not have.');
  }
  if (problems.length > 0) {
    throw StreamError.declaration(`The declared events do not fit the model:\n- ${problems.join('\n- ')}`);
  }
  const closing = new AbortController();
  const opening = { ...context, signal: closing.signal };
  const reader = openReader(input, fields, produced.carried, opening);
  const writer = await openWriter(output, produced, opening);
  return {
    decoder: new RowDecoder(reader, fields, maxEventBytes),
    encoder: new RowEncoder({ model, writer, fields: produced, headers: new HeaderCopy(output.headers) }),
    deadLetters: new DeadLetters(model),
    close: () => closing.abort(),
  };
}
