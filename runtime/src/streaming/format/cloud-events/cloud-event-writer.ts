import { headerValue } from '../../../protocol';
import type { EventHeader, PredictedRows } from '../../event';
import type { NamedModel } from '../event-headers';
import { bytesOfTexts } from '../output/bytes-of-texts';
import type { JsonObjects } from '../output/json-objects';
import type { ValueWriter, WrittenValues } from '../output/value-writer';
import type { RowBatch } from '../row-batch';

/** Options of {@link CloudEventWriter}. */
export interface CloudEventWriterOptions {
  readonly model: Pick<NamedModel, 'name' | 'version'>;

  /** Writes the data. */
  readonly objects: JsonObjects;
  readonly mode: 'structured' | 'binary';

  /** Attribute `type`. */
  readonly type: string;

  /** Kind of the sink: it decides how attributes are named in headers. */
  readonly sink: string;
}

const JSON_TYPE = 'application/json';
const STRUCTURED: readonly EventHeader[] = [['content-type', Buffer.from('application/cloudevents+json')]];

/** Type of events where none is declared. */
export const DEFAULT_EVENT_TYPE = 'io.github.cdk8s-model-serving.stream-prediction.v1';

/**
 * Writes predictions as CloudEvents. Their attribute `id` is the id of the event, and `time` when the prediction was written.
 *
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md
 */
export class CloudEventWriter implements ValueWriter {
  readonly idHeader: string | undefined;
  private readonly prefix: string;
  private readonly source: string;

  constructor(private readonly options: CloudEventWriterOptions) {
    const { model, mode, sink } = options;
    this.prefix = sink === 'nats' || sink === 'http' ? 'ce-' : 'ce_';
    this.idHeader = mode === 'binary' ? `${this.prefix}id` : undefined;
    this.source = `/models/${encodeURIComponent(model.name)}/versions/${encodeURIComponent(model.version)}`;
  }

  write(batch: RowBatch, predicted: PredictedRows, ids: readonly string[]): WrittenValues {
    const { objects, mode, type } = this.options;
    const data = objects.texts(batch, predicted);
    const time = new Date().toISOString();
    if (mode === 'binary') {
      return { values: bytesOfTexts(data), headers: this.headers(time) };
    }
    const { source } = this;
    const attributes = JSON.stringify({ source, type, time, datacontenttype: JSON_TYPE }).slice(1, -1);
    const texts = data.map(
      (text, row) => `{"specversion":"1.0","id":${JSON.stringify(ids[row])},${attributes},"data":${text}}`,
    );
    return { values: bytesOfTexts(texts), headers: STRUCTURED };
  }

  private headers(time: string): EventHeader[] {
    const { prefix, source } = this;
    const { type, sink } = this.options;
    // Headers of NATS are ASCII; the sink of HTTP encodes what it sends itself.
    const encode = sink === 'nats' ? headerValue : (value: string) => value;
    const attributes = { specversion: '1.0', source, type, time };
    return [
      ['content-type', Buffer.from(JSON_TYPE)],
      ...Object.entries(attributes).map(
        ([name, value]): EventHeader => [`${prefix}${name}`, Buffer.from(encode(value))],
      ),
    ];
  }
}
