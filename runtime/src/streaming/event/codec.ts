import type { Tensor } from '../../model';
import type { ConsumedEvent, ProducedEvent } from './event';
import type { EventFailure, RecordRefusal } from './failure';

/** The events of a micro-batch as rows of the model's inputs. */
export interface DecodedBatch {
  readonly events: readonly ConsumedEvent[];

  /** One tensor an input, in the order of the signature; all have so many rows as there are events that could be decoded. */
  readonly inputs: readonly Tensor[];

  readonly rows: number;

  /** Position in `events` of the event of each row, ascending. */
  readonly eventOfRow: { readonly [row: number]: number };

  /** Events that could not be decoded. */
  readonly failures: readonly EventFailure[];
}

/** Turns values of events into rows. Reusable memory may be behind a batch; it is free again when the batch is encoded. */
export interface EventDecoder<Batch extends DecodedBatch = DecodedBatch> {
  /** Decodes what can be; never rejects for an event. Rejects with a `StreamError` when the declaration is wrong. */
  decode(events: readonly ConsumedEvent[]): Promise<Batch> | Batch;
}

/** Some rows of a batch, with what was predicted for them. */
export interface PredictedRows {
  /** First row in the batch. */
  readonly firstRow: number;

  readonly rows: number;

  /** One tensor an output, in the order of the signature; rows of others may be in them. */
  readonly outputs: readonly Tensor[];

  /** Row of the outputs that `firstRow` is at. */
  readonly firstOutputRow: number;

  readonly source: 'model' | 'fallback';
}

/** Produced events, and events whose prediction cannot be written. */
export interface EncodedRows {
  readonly outputs: readonly ProducedEvent[];
  readonly failures: readonly EventFailure[];
}

/** Turns predictions into events. */
export interface EventEncoder<Batch extends DecodedBatch = DecodedBatch> {
  encode(batch: Batch, predicted: PredictedRows): Promise<EncodedRows> | EncodedRows;
}

/** Makes the record of an event that could not be scored: its value, key and headers as they came, and what is wrong. */
export interface DeadLetterEncoder {
  encode(event: ConsumedEvent, index: number, failure: RecordRefusal): ProducedEvent;
}
