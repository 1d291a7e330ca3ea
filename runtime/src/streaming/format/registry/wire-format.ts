import type { ConsumedEvent, RecordRefusal } from '../../event';

/** First byte of values with the number of their schema. */
const MAGIC = 0;

/** That byte, and the number. */
export const HEADER_BYTES = 5;

/**
 * The number of the schema of a value.
 *
 * @see https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html#wire-format
 * @returns undefined when the value has none
 */
export function schemaIdOf({ value }: Pick<ConsumedEvent, 'value'>): number | undefined {
  return value !== null && value.length >= HEADER_BYTES && value[0] === MAGIC ? value.readUInt32BE(1) : undefined;
}

/** The value is not in this form. */
export function notInWireFormat(value: Buffer): RecordRefusal {
  const found =
    value.length === 0 ? 'is empty' : `begins with the bytes ${value.subarray(0, HEADER_BYTES).toString('hex')}`;
  return {
    errorClass: 'decode',
    reason: `The value ${found}; a byte 0 and the number of its schema in 4 bytes are needed.`,
  };
}

/** Begin of a value with the number of its schema. */
export function wireHeader(id: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32BE(id, 1);
  return header;
}
