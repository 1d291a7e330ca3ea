import fc from 'fast-check';
import type { Datatype, Signature, Tensor } from '../../runtime/src/model';
import { RequestError, V1Codec, V2Codec, WIRE_LIMITS } from '../../runtime/src/protocol';
import { readV1Directly } from '../../runtime/src/protocol/v1-direct';
import { readV2Directly } from '../../runtime/src/protocol/v2-direct';
import { Skeletons } from '../../runtime/src/protocol/v2-skeletons';
import { mutate, seededRandom } from '../support/mutation';

const RUNS = 3000;
const original = Skeletons.prototype.read;

const signatureOf = (datatype: Datatype, ...shapes: number[][]): Signature => ({
  inputs: shapes.map((shape, index) => ({ name: `x${index}`, datatype, shape, symbols: [] })),
  outputs: [{ name: 'y', datatype, shape: [-1], symbols: [] }],
});

/** What a codec makes of a body, in a form that can be compared. */
function outcome(decode: () => { inputs: readonly Tensor[]; rows: number | undefined; id?: string }): unknown {
  try {
    const { inputs, rows, id } = decode();
    return {
      rows,
      id,
      inputs: inputs.map(({ datatype, shape, data }) => ({
        datatype,
        shape,
        kind: data.constructor.name,
        bytes: Array.isArray(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex'),
      })),
    };
  } catch (error) {
    if (error instanceof RequestError) {
      return { status: error.status, message: error.message };
    }
    throw error;
  }
}

const space = fc.constantFrom('', '', '', ' ', '\n', '\t', '\r\n  ');
const element = fc.oneof(
  { arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }).map(String), weight: 4 },
  { arbitrary: fc.integer({ min: -300, max: 300 }).map(String), weight: 4 },
  fc.constantFrom(
    '0',
    '-0',
    '1.0',
    '5e0',
    '1E2',
    '3.5e38',
    '3.4028235677973366e38',
    '1e999',
    '-1e-400',
    '12345678901234567890',
  ),
  fc.constantFrom('"NaN"', '"Infinity"', 'null', 'true', '"x"', '[]', '{}', '01', '1.', '-', 'NaN', '[1]', ''),
);
const joined = (items: fc.Arbitrary<string>, min: number, max: number) =>
  fc
    .tuple(fc.array(fc.tuple(space, items, space), { minLength: min, maxLength: max }), space)
    .map(([list, inner]) => `[${list.length === 0 ? inner : list.map((parts) => parts.join('')).join()}]`);
const plain = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e30, max: 1e30 }).map(String),
  fc.integer({ min: 0, max: 100 }).map(String),
);
const regular = (row: number) => joined(joined(plain, row, row), 1, 6);
const rows = fc.oneof(
  { arbitrary: regular(3), weight: 4 },
  regular(2),
  joined(joined(element, 0, 4), 0, 4),
  joined(joined(joined(plain, 2, 2), 3, 3), 1, 3),
  joined(element, 0, 6),
  element,
);

const V1_MODELS = [
  signatureOf('FP32', [-1, 3]),
  signatureOf('FP64', [-1, -1]),
  signatureOf('FP32', [-1]),
  signatureOf('FP32', [-1, 1]),
  signatureOf('FP32', [-1, 3, 2]),
  signatureOf('INT8', [-1, 3]),
  signatureOf('UINT32', [2, 3]),
  signatureOf('INT64', [-1, 3]),
];
const v1Body = fc
  .tuple(
    fc.array(space, { minLength: 7, maxLength: 7 }),
    fc.oneof(
      { arbitrary: fc.constantFrom('"instances"', '"inputs"'), weight: 4 },
      fc.constantFrom('"instanc\\u0065s"', '"__proto__"', '"other"'),
    ),
    rows,
    fc.constantFrom(
      '',
      '',
      '',
      '',
      '',
      '',
      ',"instances":[[1,2,3]]',
      ',"inputs":1',
      ',"__proto__":{}',
      ',',
      '}',
      ',"a":"]"',
    ),
  )
  .map(([s, key, list, more]) => `${s[0]}{${s[1]}${key}${s[2]}:${s[3]}${list}${s[4]}${more}${s[5]}}${s[6]}`);

/** A body that means the same, in a form that is never read directly. */
const generalV1 = (body: string) => body.replace('{', '{"-":0,');
const generalV2 = (body: string) => body.replace('{', '{"\\u002d":0,');

describe('V1 bodies read from their bytes', () => {
  it('mean what they mean to JSON.parse, and are refused in the same words', () => {
    let direct = 0;
    fc.assert(
      fc.property(v1Body, fc.constantFrom(...V1_MODELS), (body, signature) => {
        const codec = new V1Codec(signature);
        const bytes = Buffer.from(body);
        direct += readV1Directly(bytes, signature, 16) === undefined ? 0 : 1;
        const read = outcome(() => codec.decode(bytes));
        // The key in front makes what is no JSON no JSON either.
        expect(read).toEqual(outcome(() => codec.decode(Buffer.from(generalV1(body)))));
      }),
      { numRuns: RUNS },
    );
    expect(direct).toBeGreaterThan(RUNS / 50);
  });

  it('keep the limit of nesting', () => {
    const signature = signatureOf('FP32', [-1, 1, 1]);
    const limits = { jsonDepth: 3, elements: 10, responseBytes: 100 };
    const codec = new V1Codec(signature, '', limits);
    expect(() => codec.decode(Buffer.from('{"instances":[[[1]]]}'))).toThrow('deeper than 3');
    expect(
      new V1Codec(signature, '', { ...limits, jsonDepth: 4 }).decode(Buffer.from('{"instances":[[[1]]]}')).rows,
    ).toBe(1);
  });

  it('keep the limit of elements', () => {
    const codec = new V1Codec(signatureOf('FP32', [-1, 2]), '', { jsonDepth: 16, elements: 4, responseBytes: 100 });
    expect(codec.decode(Buffer.from('{"instances":[[1,2],[3,4]]}')).rows).toBe(2);
    expect(() => codec.decode(Buffer.from('{"instances":[[1,2],[3,4],[5,6]]}'))).toThrow(/6 elements.*4.*maxElements/);
  });

  it('survive mutations unchanged in meaning', () => {
    const random = seededRandom(7);
    const signature = signatureOf('FP32', [-1, 4]);
    const codec = new V1Codec(signature);
    const seed = Buffer.from('{"instances": [[5.1, 3.5e-1, 1.4, -0.2], [1, 20, 300, 0.25]]}');
    for (let run = 0; run < RUNS; run += 1) {
      const body = mutate(seed, random);
      const at = body.indexOf('{');
      const general = Buffer.concat([body.subarray(0, at + 1), Buffer.from('"-":0,'), body.subarray(at + 1)]);
      if (at >= 0) {
        expect(outcome(() => codec.decode(body))).toEqual(outcome(() => codec.decode(general)));
      }
    }
  });
});

const v2Input = (name: string) =>
  fc
    .record({
      order: fc.shuffledSubarray(['name', 'shape', 'datatype', 'data', 'parameters', 'more'], { minLength: 4 }),
      name: fc.constantFrom(`"${name}"`, `"${name}"`, `"${name}"`, '"x\\u0030"', '"other"', '7'),
      shape: fc.constantFrom('[2,3]', '[2,3]', '[1,6]', '[6]', '[3,3]', '[1,3]', '[]', '[2,3,1]', '"x"'),
      datatype: fc.constantFrom('"FP32"', '"FP32"', '"FP32"', '"FP64"'),
      data: fc.oneof({ arbitrary: regular(3), weight: 3 }, { arbitrary: joined(plain, 6, 6), weight: 3 }, rows),
      parameters: fc.constantFrom('{}', '{"a":1}', '{"a":[1]}', '{"binary_data_size":4}'),
      more: fc.constantFrom('"]"', '"\\"data\\":[1]"', '{"data":[1,2]}', '[{"name":"x0","data":[3]}]', 'nul'),
      again: fc.constantFrom(
        '',
        '',
        '',
        ',"data":0',
        ',"data":[1,2,3,4,5,6]',
        ',"d\\u0061ta":[[1,2,3]]',
        ',"name":"x1"',
      ),
      gap: space,
    })
    .map((input) => {
      const keys = input.order.map(
        (key) => `${input.gap}"${key}"${input.gap}:${input.gap}${input[key as keyof typeof input]}`,
      );
      return `{${keys.join()}${input.again}${input.gap}}`;
    });
const v2Body = fc
  .record({
    first: v2Input('x0'),
    second: fc.option(v2Input('x1')),
    before: fc.constantFrom('', '', '"id":"a",', '"id":"\\"inputs\\":[",', '"__proto__":{"inputs":[]},', '"id":7,'),
    after: fc.constantFrom(
      '',
      '',
      ',"outputs":[{"name":"y"}]',
      ',"inputs":[]',
      ',"inp\\u0075ts":0',
      ',"outputs":[1]',
      '}',
    ),
  })
  .map(
    ({ first, second, before, after }) =>
      `{${before}"inputs":[${first}${second === null ? '' : `,${second}`}]${after}}`,
  );
/** Small bodies are not read directly, so these are made long. */
const padded = (body: string) => `${body}${' '.repeat(400)}`;

describe('V2 bodies read from their bytes', () => {
  it('mean what they mean to JSON.parse, and are refused in the same words', () => {
    let direct = 0;
    fc.assert(
      fc.property(v2Body, fc.constantFrom(1, 2), (body, inputs) => {
        const signature = signatureOf(
          'FP32',
          ...[
            [-1, 3],
            [-1, 3],
          ].slice(0, inputs),
        );
        const codec = new V2Codec(signature, 'm', '1');
        const specOf = (name: string | undefined) => signature.inputs.find((spec) => spec.name === (name ?? 'x0'));
        const bytes = Buffer.from(padded(body));
        direct += readV2Directly(bytes, specOf, 16) === undefined ? 0 : 1;
        const read = outcome(() => codec.decode(bytes, {}));
        expect(read).toEqual(outcome(() => codec.decode(Buffer.from(generalV2(padded(body))), {})));
      }),
      { numRuns: RUNS },
    );
    expect(direct).toBeGreaterThan(RUNS / 50);
  });

  it('survive mutations unchanged in meaning', () => {
    const random = seededRandom(11);
    const codec = new V2Codec(signatureOf('FP32', [-1, 4]), 'm', '1');
    const input = {
      name: 'x0',
      shape: [2, 4],
      datatype: 'FP32',
      data: [
        [5.1, 3.5, 1.4, 0.2],
        [6, 2.2, 5, 1.5],
      ],
    };
    const seed = Buffer.from(JSON.stringify({ id: 'a', inputs: [input] }));
    for (let run = 0; run < RUNS; run += 1) {
      const body = Buffer.concat([mutate(seed, random), Buffer.alloc(400, ' ')]);
      const at = body.indexOf('{');
      const general = Buffer.concat([body.subarray(0, at + 1), Buffer.from('"\\u002d":0,'), body.subarray(at + 1)]);
      if (at >= 0) {
        expect(outcome(() => codec.decode(body, {}))).toEqual(outcome(() => codec.decode(general, {})));
      }
    }
  });

  it('mean the same when all but their numbers was there before', () => {
    const signature: Signature = {
      inputs: [...signatureOf('FP32', [-1, 3]).inputs, { name: 't', datatype: 'BYTES', shape: [-1], symbols: [] }],
      outputs: signatureOf('FP32').outputs,
    };
    const other = '{"name":"t","shape":[2],"datatype":"BYTES","data":["]","\\u00fc"]}';
    const skeletons = ['[1,3]', '[2,3]', '[1,3],"parameters":{"a":1}', '[3]'].flatMap((shape) =>
      ['', ' ', ',"outputs":[{"name":"y"}]', ',"inputs":[]', ',"id":"b"'].map((after) => [
        `{"id":"a","inputs":[${other},{"name":"x0","datatype":"FP32","shape":${shape},"data":`,
        `}]${after}}`,
      ]),
    );
    let known = 0;
    const read = jest.spyOn(Skeletons.prototype, 'read').mockImplementation(function (this: Skeletons, body) {
      const found = original.call(this, body);
      known += found === undefined ? 0 : 1;
      return found;
    });
    fc.assert(
      fc.property(
        fc.constantFrom(...skeletons),
        fc.oneof(regular(3), rows),
        fc.nat(4),
        fc.nat(),
        fc.constantFrom(4, 5, 16),
        ([prefix, suffix], list, again, seed, jsonDepth) => {
          const limits = { ...WIRE_LIMITS, jsonDepth };
          const codec = new V2Codec(signature, 'm', '1', limits);
          const [body, nested, plain] = [list, '[[1,2,3]]', '[1,2,3]'].map((data) =>
            Buffer.from(`${prefix}${data}${suffix}`),
          );
          const bodies = [...Array(again).fill(body), mutate(body, seededRandom(seed)), plain, body, nested, plain];
          for (const bytes of bodies) {
            const at = bytes.indexOf('{');
            const general = Buffer.concat([
              bytes.subarray(0, at + 1),
              Buffer.from('"\\u002d":0,'),
              bytes.subarray(at + 1),
            ]);
            if (at >= 0) {
              const fresh = new V2Codec(signature, 'm', '1', limits);
              expect(outcome(() => codec.decode(bytes, {}))).toEqual(outcome(() => fresh.decode(general, {})));
            }
          }
        },
      ),
      { numRuns: RUNS / 5 },
    );
    read.mockRestore();
    expect(known).toBeGreaterThan(RUNS / 50);
  });

  it('keep texts, and integers beyond 2^53, of other inputs', () => {
    const spec = (name: string, datatype: Datatype) => ({ name, datatype, shape: [-1], symbols: [] });
    const inputs = [spec('n', 'FP32'), spec('t', 'BYTES'), spec('i', 'INT64')];
    const codec = new V2Codec({ inputs, outputs: [] }, 'm', '1');
    const body = padded(
      '{"inputs":[{"name":"t","datatype":"BYTES","shape":[2],"data":["\\"]","\\u00fc,["]},' +
        '{"name":"i","datatype":"INT64","shape":[1],"data":[9007199254740993]},' +
        '{"name":"n","datatype":"FP32","shape":[2],"data":[1.5,"NaN"]}]}',
    );
    const [n, t, i] = codec.decode(Buffer.from(body), {}).inputs;
    expect([...(n.data as Float32Array)]).toEqual([1.5, Number.NaN]);
    expect(t.data).toEqual(['"]', 'ü,[']);
    expect([...(i.data as BigInt64Array)]).toEqual([9007199254740993n]);
  });
});
