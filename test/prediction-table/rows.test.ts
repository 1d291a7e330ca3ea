import fc from 'fast-check';
import { DATATYPES, type Datatype, elementCount, type Tensor } from '../../runtime/src/model';
import {
  bucketOf,
  bucketsFor,
  columnsText,
  type PredictionColumn,
  pointerCommand,
  readPointer,
  readRow,
  rowText,
  sameColumns,
} from '../../runtime/src/prediction-table';

const big = (minimum: bigint, maximum: bigint) => fc.bigInt({ min: minimum, max: maximum });
const element: Readonly<Partial<Record<Datatype, fc.Arbitrary<unknown>>>> = {
  BOOL: fc.integer({ min: 0, max: 1 }),
  INT8: fc.integer({ min: -128, max: 127 }),
  INT32: fc.integer(),
  INT64: big(-(2n ** 63n), 2n ** 63n - 1n),
  UINT64: big(0n, 2n ** 64n - 1n),
  FP32: fc.float(),
  FP64: fc.double(),
  BYTES: fc.string({ unit: 'binary' }),
};

const columnAndTensor = fc
  .tuple(fc.constantFrom(...(Object.keys(element) as Datatype[])), fc.constantFrom([], [1], [3]))
  .chain(([datatype, shape]) => {
    const count = 2 * elementCount(shape);
    return fc
      .array(element[datatype] as fc.Arbitrary<unknown>, { minLength: count, maxLength: count })
      .map((values) => {
        const data = DATATYPES[datatype].allocate(count);
        values.forEach((value, index) => {
          (data as unknown[])[index] = value;
        });
        const column: PredictionColumn = { name: datatype, datatype, shape };
        const tensor: Tensor = { datatype, shape: [2, ...shape], data };
        return { column, tensor };
      });
  });

describe('rows of a table', () => {
  it('are read as they were written, bit by bit', () => {
    fc.assert(
      fc.property(fc.array(columnAndTensor, { minLength: 1, maxLength: 4 }), (all) => {
        const columns = all.map(({ column }) => column);
        const tensors = all.map(({ tensor }) => tensor);
        const targets = tensors.map(({ datatype, data }) => DATATYPES[datatype].allocate(data.length));
        for (const row of [1, 0]) {
          expect(readRow(rowText(columns, tensors, row), columns, targets, row)).toBe(true);
        }
        expect(targets).toEqual(tensors.map(({ data }) => data));
      }),
    );
  });

  it.each(['', '{', '[]', '[1,2]', '["x"]', '{"0":1}', 'null', '[[1]]'])('are none when they are %j', (text) => {
    const columns: PredictionColumn[] = [{ name: 'score', datatype: 'FP32', shape: [] }];
    expect(readRow(text, columns, [new Float32Array(1)], 0)).toBe(false);
  });

  it('are in the bucket of the CRC-32 of their key, of which none is crowded', () => {
    // The check value of the CRC-32 in its catalogue.
    expect(bucketOf('123456789', 2 ** 32)).toBe(0xcbf43926);
    const buckets = bucketsFor(200_000);
    const sizes = new Uint32Array(buckets);
    for (let user = 0; user < 200_000; user += 1) {
      sizes[bucketOf(`user-${user}`, buckets)] += 1;
    }
    // Redis packs hashes of at most 128 entries.
    expect(Math.max(...sizes)).toBeLessThanOrEqual(128);
  });
});

describe('the pointer of a table', () => {
  const columns: PredictionColumn[] = [{ name: 'score', datatype: 'FP32', shape: [2] }];
  const record = {
    run: 'r1',
    time: 1,
    completedAt: 2,
    expiresAt: 3,
    model: { name: 'm', version: '1', sha256: 'a' },
    columns,
    rows: 4,
    duplicates: 0,
    withoutKey: 0,
    buckets: 1,
  };
  const text = JSON.stringify(record);

  it('names the current run and the one before', () => {
    expect(pointerCommand('t:current')).toEqual(['HMGET', 't:current', 'current', 'previous']);
    expect(readPointer([null, null])).toBeUndefined();
    expect(readPointer([text, null])).toEqual({ current: record });
    expect(readPointer([text, text])).toEqual({ current: record, previous: record });
  });

  it('is invalid when another program wrote it; a run before that is not understood is none', () => {
    for (const other of ['', '{}', 'x', JSON.stringify({ ...record, buckets: 0 })]) {
      expect(readPointer([other, null])).toBe('invalid');
      expect(readPointer([text, other])).toEqual({ current: record });
    }
    const unknown = [{ ...columns[0], datatype: 'FP8' }];
    expect(readPointer([JSON.stringify({ ...record, columns: unknown }), null])).toBe('invalid');
  });

  it('says whether runs have the same columns', () => {
    expect(sameColumns(columns, JSON.parse(columnsText(columns)))).toBe(true);
    expect(sameColumns(columns, [{ ...columns[0], shape: [3] }])).toBe(false);
  });
});
