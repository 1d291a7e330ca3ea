import fc from 'fast-check';
import { writeText } from '../../runtime/src/features/feature-value';
import { DATATYPES, type Datatype } from '../../runtime/src/model';

/** The element that a text becomes; undefined when it is none. */
function read(datatype: Datatype, text: string | Buffer): unknown {
  const data = DATATYPES[datatype].allocate(1);
  return writeText(datatype, Buffer.from(text), data, 0) ? data[0] : undefined;
}

describe('the text of a store as an element', () => {
  it.each<[Datatype, string, unknown]>([
    ['FP32', '1.5', 1.5],
    ['FP32', ' -2e3\n', -2000],
    ['FP32', '.5', 0.5],
    ['FP32', '7.', 7],
    ['FP32', 'nan', Number.NaN],
    ['FP32', 'NaN', Number.NaN],
    ['FP32', 'inf', Number.POSITIVE_INFINITY],
    ['FP32', '-Infinity', Number.NEGATIVE_INFINITY],
    ['FP16', '1', 0x3c00],
    ['BF16', '1', 0x3f80],
    ['BF16', '-inf', 0xff80],
    ['FP64', '0.1', 0.1],
    ['INT8', '-128', -128],
    ['INT32', '+7', 7],
    ['INT32', '3.0', 3],
    ['UINT8', '255', 255],
    ['INT64', '9007199254740993', 9007199254740993n],
    ['INT64', '+5', 5n],
    ['UINT64', '18446744073709551615', 18446744073709551615n],
    ['BOOL', 'True', 1],
    ['BOOL', '0', 0],
    ['BYTES', 'Zürich', 'Zürich'],
    ['BYTES', '', ''],
  ])('%s takes %j', (datatype, text, expected) => {
    expect(read(datatype, text)).toEqual(expected);
  });

  it.each<[Datatype, string | Buffer]>([
    ['FP32', ''],
    ['FP32', 'seven'],
    ['FP32', '0x10'],
    ['FP32', '1,5'],
    ['FP32', '1 2'],
    ['FP32', '1e39'],
    ['FP32', '9'.repeat(1000)],
    ['FP16', '70000'],
    ['BF16', '3.4e38'],
    ['INT8', '128'],
    ['INT32', '1.5'],
    ['INT32', '1e3'],
    ['INT32', ''],
    ['UINT8', '-1'],
    ['INT64', '9223372036854775808'],
    ['UINT64', '-1'],
    ['BOOL', 'yes'],
    ['BOOL', '2'],
    ['BYTES', Buffer.of(0xff)],
    ['BYTES', 'a\0b'],
  ])('%s refuses %j', (datatype, text) => {
    expect(read(datatype, text)).toBeUndefined();
  });

  it('takes every number as languages print it, and never throws', () => {
    fc.assert(fc.property(fc.double(), (number) => Object.is(read('FP64', String(number)), number) || number === 0));
    fc.assert(fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (n) => read('INT64', `${n}`) === n));
    const datatypes = Object.keys(DATATYPES) as Datatype[];
    fc.assert(
      fc.property(fc.constantFrom(...datatypes), fc.uint8Array(), (datatype, bytes) => {
        read(datatype, Buffer.from(bytes));
      }),
    );
  });
});
