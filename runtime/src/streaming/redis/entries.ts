import type { ConsumedEvent, EventHeader } from '../event';

/** An entry as the server gives it: id, and names and values of its fields; null fields = it was deleted. */
export type RawEntry = readonly [id: Buffer, fields: readonly Buffer[] | null];

/** Reads entries of a stream as events. */
export class EntryReader {
  private readonly valueField: string;
  private readonly keyField: string | undefined;

  constructor(
    private readonly stream: string,
    { valueField, keyField }: { readonly valueField: string; readonly keyField?: string },
  ) {
    this.valueField = valueField;
    this.keyField = keyField;
  }

  /** @param deliveries how often the entry was delivered, with this time */
  read(id: string, fields: readonly Buffer[], deliveries: number): ConsumedEvent {
    let value: Buffer | null = null;
    let key: Buffer | undefined;
    const headers: EventHeader[] = [];
    for (let index = 0; index + 1 < fields.length; index += 2) {
      const name = fields[index].toString();
      const field = fields[index + 1];
      if (name === this.valueField) {
        value = field;
      } else if (name === this.keyField) {
        key = field;
      } else {
        headers.push([name, field]);
      }
    }
    const event = {
      value,
      headers,
      timestampMillis: Number(id.slice(0, id.indexOf('-'))),
      partition: 0,
      position: `${this.stream}/${id}`,
      deliveries,
      handle: id,
    };
    return key === undefined ? event : { ...event, key };
  }
}

/** Id of the entry of an event that this source has read. */
export function idOf(event: ConsumedEvent): string {
  return event.handle as string;
}
