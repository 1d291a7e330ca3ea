import { STREAM_HEADERS } from '../../contract';
import {
  type ConsumedEvent,
  type EncodedRows,
  type EventEncoder,
  type EventFailure,
  type EventHeader,
  eventIdOf,
  eventIdSuffix,
  type PredictedRows,
  type ProducedEvent,
  type RecordRefusal,
} from '../event';
import type { HeaderCopy, NamedModel } from './event-headers';
import { bytesOfTexts } from './output/bytes-of-texts';
import type { OutputFields } from './output/output-field';
import type { ValueWriter } from './output/value-writer';
import type { RowBatch } from './row-batch';

/** Options of {@link RowEncoder}. */
export interface RowEncoderOptions {
  readonly model: Pick<NamedModel, 'sha256'>;
  readonly writer: ValueWriter;
  readonly fields: OutputFields;
  readonly headers: HeaderCopy;
}

const FALLBACK: EventHeader = [STREAM_HEADERS.predictionSource, Buffer.from('fallback')];

/**
 * Turns predictions into events of any format. Their first header is the id of the event, which tells the model; more of them
 * would cost more than everything else here.
 */
export class RowEncoder implements EventEncoder<RowBatch> {
  private readonly suffix: string;

  constructor(private readonly options: RowEncoderOptions) {
    this.suffix = eventIdSuffix(options.model.sha256);
  }

  encode(batch: RowBatch, predicted: PredictedRows): EncodedRows {
    const { firstRow, rows, source } = predicted;
    const { writer } = this.options;
    const ids = new Array<string>(rows);
    for (let row = 0; row < rows; row += 1) {
      ids[row] = eventIdOf(batch.eventAt(firstRow + row), this.suffix);
    }
    const { values, headers = [] } = writer.write(batch, predicted, ids);
    const idBytes = bytesOfTexts(ids);
    const common = [...(source === 'fallback' ? [FALLBACK] : []), ...headers];
    const outputs: ProducedEvent[] = [];
    const failures: EventFailure[] = [];
    for (let row = 0; row < rows; row += 1) {
      const index = batch.eventOfRow[firstRow + row];
      const event = batch.events[index];
      const value = values[row];
      const key = this.keyOf(batch, firstRow + row, event);
      if (!Buffer.isBuffer(value)) {
        failures.push({ index, ...value });
      } else if (key !== undefined && !Buffer.isBuffer(key)) {
        failures.push({ index, ...key });
      } else {
        const { timestampMillis } = event;
        outputs.push({
          value,
          key,
          headers: this.headersOf(event, idBytes[row], common),
          id: ids[row],
          index,
          timestampMillis: timestampMillis > 0 ? timestampMillis : undefined,
        });
      }
    }
    return { outputs, failures };
  }

  private headersOf(event: ConsumedEvent, id: Buffer, common: readonly EventHeader[]): EventHeader[] {
    const { idHeader } = this.options.writer;
    const headers: EventHeader[] = [[STREAM_HEADERS.eventId, id], ...common];
    if (idHeader !== undefined) {
      headers.push([idHeader, id]);
    }
    if (event.headers.length > 0) {
      this.options.headers.addTo(headers, event);
    }
    return headers;
  }

  private keyOf(batch: RowBatch, row: number, event: ConsumedEvent): Buffer | RecordRefusal | undefined {
    const { key: field, carried } = this.options.fields;
    if (field === undefined) {
      return event.key;
    }
    const text = batch.carried.text(row, field);
    if (text === undefined || text === 'null') {
      return {
        errorClass: 'mapping',
        reason: `Field '${carried[field].text}' is ${text ?? 'absent'}; it is needed as the key of the produced event.`,
      };
    }
    return Buffer.from(text.startsWith('"') ? (JSON.parse(text) as string) : text);
  }
}
