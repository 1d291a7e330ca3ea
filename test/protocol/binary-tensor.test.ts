import { DATATYPES, type Datatype } from '../../runtime/src/model';
import { binaryAll, binaryRows, readBinary, widthOf } from '../../runtime/src/protocol/binary-tensor';

const NUMBERS = (Object.keys(DATATYPES) as Datatype[]).filter((datatype) => datatype !== 'BYTES');

describe.each(NUMBERS)('binary %s', (datatype) => {
  const width = widthOf(datatype);
  const bytes = Buffer.from(Array.from({ length: 6 * width }, (_, index) => (datatype === 'BOOL' ? index % 2 : index)));
  const spec = { name: 'x', datatype, shape: [-1, 2], symbols: [] };

  it('is read wherever it begins in memory', () => {
    for (let offset = 0; offset < 8; offset += 1) {
      const body = Buffer.concat([Buffer.alloc(offset), bytes, Buffer.alloc(3)]);
      const tensor = readBinary(body.subarray(offset, offset + bytes.length), spec, [3, 2]);
      expect(tensor.data).toHaveLength(6);
      expect(tensor.data.constructor).toBe(DATATYPES[datatype].allocate(0).constructor);
      expect(Buffer.from(binaryAll(tensor)).equals(bytes)).toBe(true);
      expect(Buffer.from(binaryRows(tensor, 1, 1)).equals(bytes.subarray(2 * width, 4 * width))).toBe(true);
    }
  });

  it('must have exactly its bytes', () => {
    for (const length of [0, bytes.length - 1, bytes.length + 1]) {
      expect(() => readBinary(Buffer.alloc(length), spec, [3, 2])).toThrow(/needs \d+\.$/);
    }
  });
});
