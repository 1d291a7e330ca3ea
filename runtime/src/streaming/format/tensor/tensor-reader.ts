import { elementCount, type TensorData } from '../../../model';
import { RequestError, readBinary, widthOf } from '../../../protocol';
import type { ConsumedEvent, RecordRefusal } from '../../event';
import type { InputField } from '../input-field';
import type { RowBatch } from '../row-batch';
import type { EventReader } from '../row-decoder';

const LENGTH_BYTES = 4;

/** Reads events that are a row of each input, one after the other, as binary tensors of protocol V2 are. */
export class TensorReader implements EventReader {
  private data: readonly TensorData[] = [];

  constructor(private readonly fields: readonly InputField[]) {}

  begin(batch: RowBatch): void {
    this.data = batch.data;
  }

  read(_event: ConsumedEvent, value: Buffer, row: number): RecordRefusal | undefined {
    let at = 0;
    for (let input = 0; input < this.fields.length; input += 1) {
      const field = this.fields[input];
      const { spec, width } = field;
      const length = spec.datatype === 'BYTES' ? lengthOfTexts(value, at, width) : width * widthOf(spec.datatype);
      const bytes = value.subarray(at, at + length);
      const reason = writeRow(bytes, field, this.data[input], row);
      if (reason !== undefined) {
        return { errorClass: 'decode', reason };
      }
      at += length;
    }
    return at === value.length
      ? undefined
      : {
          errorClass: 'decode',
          reason: `The value has ${value.length} bytes, but a row of the model's inputs has ${at}.`,
        };
  }
}

function writeRow(
  bytes: Buffer,
  { spec, width, rowShape }: InputField,
  data: TensorData,
  row: number,
): string | undefined {
  const bytesOfRow = width * widthOf(spec.datatype);
  if (!Array.isArray(data) && spec.datatype !== 'BOOL' && bytes.length === bytesOfRow) {
    new Uint8Array(data.buffer, data.byteOffset + row * bytesOfRow, bytesOfRow).set(bytes);
    return undefined;
  }
  try {
    const tensor = readBinary(bytes, spec, [1, ...rowShape]);
    for (let element = 0; element < elementCount(rowShape); element += 1) {
      data[row * width + element] = tensor.data[element];
    }
    return undefined;
  } catch (error) {
    if (error instanceof RequestError) {
      return error.message;
    }
    throw error;
  }
}

/** Bytes of so many texts, each with its length in front; more than there are when the last one is cut off. */
function lengthOfTexts(value: Buffer, start: number, count: number): number {
  let at = start;
  for (let text = 0; text < count && at + LENGTH_BYTES <= value.length; text += 1) {
    at += LENGTH_BYTES + value.readUInt32LE(at);
  }
  return at - start;
}
