import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import type { Datatype } from '../../../runtime/src/model';
import { inputFields } from '../../../runtime/src/streaming/format/input-field';
import { JsonRows } from '../../../runtime/src/streaming/format/json';
import { parseForText } from '../../../runtime/src/streaming/format/json/exact-text';
import { parsePointer } from '../../../runtime/src/streaming/format/json-pointer';
import { RowBatch } from '../../../runtime/src/streaming/format/row-batch';
import { mutate, seededRandom } from '../../support/mutation';
import { event, signatureOf } from './formats';

const RUNS = { numRuns: 1000 };
const DATATYPES: readonly Datatype[] = [
  'FP32',
  'FP64',
  'INT8',
  'UINT32',
  'INT64',
  'UINT64',
  'BOOL',
  'BYTES',
  'FP16',
  'BF16',
];

/** A model with one input of each datatype at `/<name>`, two elements at `/o/a` and `/o/b`, and a list of three at `/l`. */
function rowsOf(missing?: number): { rows: JsonRows; begin: () => RowBatch } {
  const signature = signatureOf([
    ...DATATYPES.map((datatype) => [datatype, [-1]] as const),
    ['FP32', [-1, 2]],
    ['FP64', [-1, 3]],
  ]);
  const paths = [...DATATYPES.map((datatype) => [`/${datatype}`]), ['/o/a', '/o/b'], ['/l']];
  const problems: string[] = [];
  const fields = inputFields(
    signature,
    {
      format: 'json',
      inputs: paths.map((pointers, index) => ({
        input: `x${index}`,
        pointers,
        ...(missing !== undefined && index >= DATATYPES.length && { missing }),
      })),
    },
    problems,
  );
  expect(problems).toEqual([]);
  const carried = ['/id', '/o', '/l', '/FP32', ''].flatMap((text) => parsePointer(text) ?? []);
  const rows = new JsonRows({ fields, carried });
  return { rows, begin: () => new RowBatch([event('{}'), event('{}')], fields) };
}

/** What becomes of a value in a row, in a form that can be compared. */
function outcome(way: 'read' | 'parse', value: Buffer, { rows, begin }: ReturnType<typeof rowsOf>): unknown {
  const batch = begin();
  const carried = rows.begin(batch);
  Object.assign(batch.events[0], { value });
  const refusal = rows[way](value, 0);
  if (refusal !== undefined) {
    return refusal;
  }
  return {
    data: batch.data.map((data) =>
      Array.isArray(data)
        ? data.slice(0, data.length / 2)
        : Buffer.from(data.buffer, 0, data.byteLength / 2).toString('hex'),
    ),
    carried: [0, 1, 2, 3, 4].map((field) => canonical(carried.text(0, field))),
  };
}

/** Without white space, and with one way to write texts and members that are there twice; numbers keep their digits. */
function canonical(text: string | undefined): string | undefined {
  return text === undefined ? undefined : JSON.stringify(parseForText(text));
}

const space = fc.constantFrom('', '', '', ' ', '\n\t', '\r\n ');
const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.integer({ min: -130, max: 300 }).map(String),
  fc
    .tuple(fc.integer({ min: 0, max: 99 }), fc.integer({ min: 0, max: 999_999 }))
    .map(([whole, part]) => `-${whole}.${part}`),
  fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }).map(String),
  fc.constantFrom(
    '0',
    '-0',
    '1.0',
    '5e0',
    '1E2',
    '3.4028235677973366e38',
    '1e999',
    '-1e-400',
    '01',
    '1.',
    '.5',
    '+1',
    '--1',
    '1e',
    '0x1',
  ),
);
const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 6 }).map((value) => JSON.stringify(value)),
  fc.constantFrom(
    '"NaN"',
    '"-Infinity"',
    '"\\u0041"',
    '"\\ud800"',
    '"\\u0000"',
    '"a\\"b"',
    '"\\x"',
    '"\n"',
    '"é"',
    '""',
  ),
);
const scalar = fc.oneof(
  { arbitrary: number, weight: 5 },
  { arbitrary: text, weight: 2 },
  fc.constantFrom('true', 'false', 'null', 'nul', 'NaN', ''),
);
const value: fc.Arbitrary<string> = fc.oneof(
  { arbitrary: scalar, weight: 6 },
  fc.array(scalar, { maxLength: 4 }).map((list) => `[${list.join()}]`),
  fc.array(fc.tuple(text, scalar), { maxLength: 2 }).map((list) => `{${list.map((pair) => pair.join(':')).join()}}`),
);
const fitting: Readonly<Record<string, fc.Arbitrary<string>>> = {
  ...Object.fromEntries(DATATYPES.map((name) => [name, fc.integer({ min: 0, max: 120 }).map(String)])),
  FP32: fc.float({ noNaN: true, noDefaultInfinity: true }).map(String),
  FP64: fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  BOOL: fc.constantFrom('true', 'false'),
  BYTES: fc.constantFrom('"a"', '"é"', '""'),
  o: fc
    .tuple(space, fc.integer(), fc.float({ noNaN: true, noDefaultInfinity: true }))
    .map(([blank, a, b]) => `{${blank}"a":${a},"c":[{}],"b":${b}}`),
  l: fc
    .tuple(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), space)
    .map(([a, b, blank]) => `[${a},${blank}${b},0]`),
  id: value,
};
const names = Object.keys(fitting);
const usual = fc.record(fitting).map((members) => names.map((name): [string, string] => [name, members[name]]));
const unusual = fc
  .tuple(
    usual,
    fc.array(fc.tuple(fc.constantFrom(...names, 'other', 'F\\u0050' + '32', '__proto__'), value), { maxLength: 3 }),
    fc.array(fc.nat(20), { maxLength: 2 }),
    space,
  )
  .map(([members, more, dropped, blank]) => {
    const list = [...members.filter((_, index) => !dropped.includes(index)), ...more];
    return `${blank}{${list.map(([name, member]) => `${blank}"${name}"${blank}:${blank}${member}`).join()}${blank}}${blank}`;
  });

describe('the scanner of events', () => {
  it('decides what is usual', () => {
    const { rows, begin } = rowsOf();
    fc.assert(
      fc.property(usual, (members) => {
        rows.begin(begin());
        const valid = members.map(([name, member]) => `"${name}": ${name === 'id' ? '"7"' : member}`);
        return rows.scan(Buffer.from(`{${valid.join(', ')}}`), 0);
      }),
      { numRuns: 300 },
    );
  });

  it.each([undefined, 7])('gives what the parser gives, whatever comes; missing = %p', (missing) => {
    const [one, other] = [rowsOf(missing), rowsOf(missing)];
    fc.assert(
      fc.property(unusual, (json) => {
        const bytes = Buffer.from(json);
        expect(outcome('read', bytes, one)).toEqual(outcome('parse', bytes, other));
      }),
      RUNS,
    );
  });

  it('gives what the parser gives for bytes of any kind', () => {
    const [one, other] = [rowsOf(), rowsOf()];
    const random = seededRandom(8);
    const seeds = fc.sample(unusual, { numRuns: 50, seed: 8 }).map((json) => Buffer.from(json));
    const wrong: string[] = [];
    for (let run = 0; run < 4000; run += 1) {
      let bytes: Buffer = seeds[run % seeds.length];
      for (let count = 1 + (run % 3); count > 0; count -= 1) {
        bytes = mutate(bytes, random);
      }
      if (!isDeepStrictEqual(outcome('read', bytes, one), outcome('parse', bytes, other))) {
        wrong.push(bytes.toString('latin1'));
      }
    }
    expect(wrong).toEqual([]);
  });

  it('takes UTF-8 alone, in values that nobody looks at, too', () => {
    const { rows, begin } = rowsOf();
    rows.begin(begin());
    const members = DATATYPES.map(
      (name) => `"${name}":${name === 'BOOL' ? 'true' : name === 'BYTES' ? '"a"' : 0}`,
    ).join();
    const bytesOf = (text: string) =>
      Buffer.from(`{${members},"l":[1,2,3],"o":{"a":1,"b":2},"other":"${text}"}`, 'latin1');
    expect(rows.scan(bytesOf('\xc3\xa9'), 0)).toBe(true);
    expect(rows.scan(bytesOf('\xff'), 0)).toBe(false);
    expect(rows.read(bytesOf('\xff'), 0)).toMatchObject({ reason: expect.stringContaining('not UTF-8') });
  });

  it('reads no deeper than it may, and forgets names that are long', () => {
    const { rows, begin } = rowsOf();
    rows.begin(begin());
    const deep = `{"other":${'['.repeat(100_000)}${']'.repeat(100_000)},"FP32":1}`;
    expect(rows.scan(Buffer.from(deep), 0)).toBe(false);
    expect(rows.read(Buffer.from(deep), 0)).toMatchObject({ errorClass: 'mapping' });
    expect(rows.scan(Buffer.from(`{"${'x'.repeat(10_000)}":1}`), 0)).toBe(false);
  });
});
