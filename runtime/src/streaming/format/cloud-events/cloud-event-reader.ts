import { base64Data, checkEvent, type JsonObject } from '../../../protocol';
import type { ConsumedEvent, RecordRefusal } from '../../event';
import type { InputField } from '../input-field';
import { type CarriedJson, JsonRows, parsedOf } from '../json';
import { type JsonPointer, pointerOf } from '../json-pointer';
import type { CarriedFields, RowBatch } from '../row-batch';
import type { EventReader } from '../row-decoder';
import { shownValue } from '../shown-value';
import { checkBinary, checked, cloudEventHeaders, modeOf, refused } from './attributes';

/** Attributes that every event has. */
const REQUIRED = ['id', 'source', 'type'];
const ATTRIBUTES = ['specversion', ...REQUIRED, 'datacontenttype', 'data_base64', 'time'];
const [SPEC_VERSION, , , , CONTENT_TYPE, BASE64, TIME] = ATTRIBUTES.keys();
const USUAL_TIME = /^"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"$/;

/**
 * Reads CloudEvents with data of JSON: in the structured mode, or with their attributes in headers `ce_…` or `ce-…`.
 * Pointers are relative to the data.
 *
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md
 */
export class CloudEventReader implements EventReader {
  private readonly structured: JsonRows;

  /** Reads data alone. */
  private readonly plain: JsonRows;
  private readonly carriedCount: number;
  private fromData = new Set<number>();
  private ofStructured: CarriedJson | undefined;
  private ofPlain: CarriedJson | undefined;

  constructor(fields: readonly InputField[], carried: readonly JsonPointer[]) {
    this.carriedCount = carried.length;
    const outer = ATTRIBUTES.map((name) => pointerOf([name]));
    this.structured = new JsonRows({ fields, carried, inside: ['data'], outer });
    this.plain = new JsonRows({ fields, carried });
  }

  begin(batch: RowBatch): void {
    const structured = this.structured.begin(batch);
    const plain = this.plain.begin(batch);
    const fromData = new Set<number>();
    const of = (row: number): CarriedFields => (fromData.size > 0 && fromData.has(row) ? plain : structured);
    batch.carried = {
      text: (row, field) => of(row).text(row, field),
      value: (row, field) => of(row).value(row, field),
    };
    this.ofStructured = structured;
    this.ofPlain = plain;
    this.fromData = fromData;
  }

  read(event: ConsumedEvent, value: Buffer, row: number): RecordRefusal | undefined {
    const headers = cloudEventHeaders(event.headers);
    const mode = modeOf(headers);
    this.fromData.delete(row);
    if (mode === 'structured') {
      return this.readStructured(value, row);
    }
    return mode === 'binary' ? (checkBinary(headers) ?? this.readData(value, row)) : mode;
  }

  private readData(value: Buffer, row: number): RecordRefusal | undefined {
    this.fromData.add(row);
    return this.plain.read(value, row);
  }

  private readStructured(value: Buffer, row: number): RecordRefusal | undefined {
    if (this.structured.scan(value, row) && this.isUsual(row)) {
      return undefined;
    }
    const parsed = parsedOf(value);
    if ('refusal' in parsed) {
      return parsed.refusal;
    }
    const event = parsed.value;
    if (typeof event !== 'object' || event === null || Array.isArray(event)) {
      return refused(`The value is ${shownValue(event)}; a CloudEvent is a JSON object.`);
    }
    let data: Buffer | undefined;
    const refusal = checked(() => {
      checkEvent(event as JsonObject);
      data = base64Data(event as JsonObject);
    });
    if (refusal !== undefined) {
      return refusal;
    }
    if (data === undefined) {
      return Object.hasOwn(event, 'data') ? this.structured.parse(value, row) : refused('The event has no data.');
    }
    const wrong = this.readData(data, row);
    this.ofPlain?.putSource(row, data);
    return wrong;
  }

  /** Whether a scanned event is as most are: others are looked at in the general way. */
  private isUsual(row: number): boolean {
    const attribute = (index: number) => this.ofStructured?.text(row, this.carriedCount + index);
    for (let index = SPEC_VERSION + 1; index <= REQUIRED.length; index += 1) {
      const text = attribute(index);
      if (text === undefined || text.length < 3 || !text.startsWith('"')) {
        return false;
      }
    }
    const time = attribute(TIME);
    const type = attribute(CONTENT_TYPE);
    return (
      attribute(SPEC_VERSION) === '"1.0"' &&
      attribute(BASE64) === undefined &&
      (type === undefined || type === '"application/json"') &&
      (time === undefined || USUAL_TIME.test(time))
    );
  }
}
