import fc from 'fast-check';
import { DecimalReader } from '../../runtime/src/protocol/decimal';

const RUNS = 20_000;
const reader = new DecimalReader();
const read = (text: string, narrow: boolean) => reader.read(Buffer.from(`${text} `), 0, narrow);

const digits = (min: number, max: number) =>
  fc.array(fc.integer({ min: 0, max: 9 }), { minLength: min, maxLength: max }).map((list) => list.join(''));
const whole = fc.oneof(
  fc.constant('0'),
  fc.tuple(fc.integer({ min: 1, max: 9 }), digits(0, 24)).map(([first, rest]) => `${first}${rest}`),
);
const fraction = fc.oneof(
  fc.constant(''),
  digits(1, 25).map((text) => `.${text}`),
);
const exponent = fc.oneof(
  { arbitrary: fc.constant(''), weight: 3 },
  fc
    .tuple(fc.constantFrom('e', 'E', 'e+', 'e-', 'E-'), fc.integer({ min: 0, max: 400 }))
    .map(([sign, power]) => `${sign}${power}`),
);
const numberText = fc.tuple(fc.constantFrom('', '-'), whole, fraction, exponent).map((parts) => parts.join(''));

/** Decimals at, and close to, the middle between two FP32. */
const halfWay = fc
  .tuple(fc.integer({ min: 0x0080_0000, max: 0x7f7f_fffe }), fc.constantFrom('', '0000001', '9', '1'), fc.boolean())
  .map(([bits, tail, below]) => {
    const float = new Float32Array(new Uint32Array([bits, bits + 1]).buffer);
    const middle = (float[0] + float[1]) / 2;
    const text = middle.toPrecision(below ? 17 : 25);
    return text.includes('e') ? text : `${text}${text.includes('.') ? tail : ''}`;
  });

describe('numbers read from bytes', () => {
  it('are those of JSON.parse, bit for bit', () => {
    fc.assert(
      fc.property(
        fc.oneof(numberText, halfWay, fc.double({ noNaN: true, noDefaultInfinity: true }).map(String)),
        (text) => {
          expect(Object.is(read(text, false), JSON.parse(text))).toBe(true);
          expect(reader.end).toBe(text.length);
        },
      ),
      { numRuns: RUNS },
    );
  });

  it('become the same FP32 where only that is asked', () => {
    fc.assert(
      fc.property(
        fc.oneof(numberText, halfWay, fc.float({ noNaN: true, noDefaultInfinity: true }).map(String)),
        (text) => {
          const narrow = Math.fround(read(text, true));
          expect([text, Object.is(narrow, Math.fround(JSON.parse(text)))]).toEqual([text, true]);
        },
      ),
      { numRuns: RUNS },
    );
  });

  it.each([
    '',
    '-',
    '+1',
    '.5',
    '1.',
    '1.e5',
    '1e',
    '1e+',
    '--1',
    'NaN',
    'Infinity',
    'true',
    '"1"',
    '[1]',
    'e5',
    '-"NaN"',
  ])('are none in %p', (text) => {
    read(text, true);
    expect(reader.end).toBe(-1);
  });

  it('end before what JSON does not take', () => {
    expect(read('01', true)).toBe(0);
    expect(reader.end).toBe(1);
    expect(read('1.5.2', true)).toBe(1.5);
    expect(reader.end).toBe(3);
  });

  it('may be the text NaN', () => {
    expect(read('"NaN"', true)).toBeNaN();
    expect(reader.end).toBe(5);
  });
});
