import { AVRO, avroSubject } from '../../../runtime/src/streaming/format/avro';
import { PROTOBUF, protobufSubject } from '../../../runtime/src/streaming/format/protobuf';
import type { RegisteredSchema } from '../../../runtime/src/streaming/format/registry';
import { mutate, seededRandom } from '../../support/mutation';
// Written by fastavro and by Google's protobuf: see make_values.py.
import avro from './fixtures/avro.json';
import protobuf from './fixtures/protobuf.json';

const schema = (type: string, text: unknown, references: RegisteredSchema['references'] = []): RegisteredSchema => ({
  id: 7,
  type,
  text: typeof text === 'string' ? text : JSON.stringify(text),
  references,
});
const ofAvro = (...args: Parameters<typeof schema> extends [string, ...infer Rest] ? Rest : never) =>
  schema('AVRO', ...args);
const ofProto = (...args: Parameters<typeof schema> extends [string, ...infer Rest] ? Rest : never) =>
  schema('PROTOBUF', ...args);

/** Values as they are read, from the form that JSON gives them in the fixtures. */
function revived(_key: string, value: unknown): unknown {
  const { $bytes, $integer, $number } = (value ?? {}) as { $bytes?: string; $integer?: string; $number?: string };
  if ($bytes !== undefined) {
    return Buffer.from($bytes, 'hex');
  }
  return $integer !== undefined ? BigInt($integer) : $number !== undefined ? Number($number) : value;
}
const casesOf = (cases: readonly { hex: string; value: unknown }[]) =>
  cases.map(({ hex, value }) => ({
    hex,
    value: JSON.parse(JSON.stringify(value), revived) as Record<string, unknown>,
  }));
const bytes = (hex: string) => Buffer.from(hex, 'hex');

/** Reads with one schema, with the newest names of another one. */
const readAvro = (written: unknown, latest?: unknown) =>
  AVRO.reader(AVRO.compile(ofAvro(written)), latest === undefined ? undefined : AVRO.compile(ofAvro(latest)));
const recordOf = (...fields: unknown[]) => ({ type: 'record', name: 'R', fields });

describe('values of Avro', () => {
  const cases = casesOf(avro.cases);
  const read = readAvro(avro.schema);
  const subject = avroSubject(ofAvro(avro.schema));

  it('are read as another implementation wrote them', () => {
    for (const { hex, value } of cases) {
      expect(read(bytes(hex))).toEqual(value);
    }
  });

  it('are written as another implementation does', () => {
    for (const { hex, value } of cases) {
      expect(subject.encode(value).toString('hex')).toBe(hex);
    }
    expect(subject.header.toString('hex')).toBe('0000000007');
  });

  it('are read in blocks with their size, too', () => {
    const list = readAvro({ type: 'array', items: 'int' });
    // Two elements in 2 bytes, then one, then the end.
    expect(list(bytes('0304020402' + '06' + '00'))).toEqual([1, 2, 3]);
  });

  it('throw when bytes are not exactly a value, and end with bytes of any kind', () => {
    const random = seededRandom(3);
    let read_ = 0;
    for (let run = 0; run < 5000; run += 1) {
      const changed = mutate(bytes(avro.cases[run % avro.cases.length].hex), random);
      try {
        read(changed);
        read_ += 1;
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    }
    expect(read_).toBeLessThan(5000);
    expect(() => read(bytes(`${avro.cases[0].hex}00`))).toThrow('1 bytes are left behind it');
    expect(() => read(bytes(avro.cases[0].hex.slice(0, -2)))).toThrow('are left');
    // A list of 2^40 elements that take no bytes, and one of 2^40 numbers.
    const many = 'ffffffffff3f';
    expect(() => readAvro({ type: 'array', items: 'null' })(bytes(`${many}00`))).toThrow('elements without bytes');
    expect(() => readAvro({ type: 'array', items: 'double' })(bytes(many.replace('ff', 'fe')))).toThrow('are needed');
  });

  it('have the newest names and defaults besides their own', () => {
    const written = recordOf(
      { name: 'old', type: 'double' },
      { name: 'gone', type: 'string' },
      { name: 'in', type: ['null', recordOf({ name: 'x', type: 'int' })] },
    );
    const latest = recordOf(
      { name: 'amount', type: 'double', aliases: ['old'] },
      { name: 'added', type: 'long', default: 5 },
      { name: 'maybe', type: ['null', 'double'], default: null },
      { name: 'in', type: ['null', recordOf({ name: 'y', type: 'int', aliases: ['x'] })] },
    );
    written.fields[2] = { name: 'in', type: ['null', { ...recordOf({ name: 'x', type: 'int' }), name: 'In' }] };
    latest.fields[3] = {
      name: 'in',
      type: ['null', { ...recordOf({ name: 'y', type: 'int', aliases: ['x'] }), name: 'In' }],
    };
    const value = avroSubject(ofAvro(written)).encode({ old: 1.5, gone: 'g', in: { x: 3 } });
    expect(readAvro(written, latest)(value)).toEqual({
      old: 1.5,
      gone: 'g',
      in: { x: 3, y: 3 },
      amount: 1.5,
      added: 5,
      maybe: null,
    });
  });

  it('refer to types of other schemas', () => {
    const inner = {
      name: 'com.example.Inner',
      schema: ofAvro({
        type: 'record',
        name: 'Inner',
        namespace: 'com.example',
        fields: [{ name: 'v', type: 'double' }],
      }),
    };
    const outer = ofAvro(recordOf({ name: 'inner', type: 'com.example.Inner' }), [inner]);
    expect(AVRO.reader(AVRO.compile(outer), undefined)(avroSubject(outer).encode({ inner: { v: 2 } }))).toEqual({
      inner: { v: 2 },
    });
  });

  it('are refused when they do not fit, with the field and the rule', () => {
    const record = avroSubject(
      ofAvro(
        recordOf(
          { name: 'n', type: { type: 'array', items: 'int' } },
          { name: 'k', type: ['null', 'string'] },
          { name: 'd', type: 'double', default: 0.5 },
        ),
      ),
    );
    expect(record.encode({ n: [1], more: 1 }).toString('hex')).toBe('020200' + '00' + '000000000000e03f');
    expect(() => record.encode({ n: [1, 1.5] })).toThrow("field 'n.1' is 1.5; an integer of 32 bits is needed");
    expect(() => record.encode({ n: [], k: 7 })).toThrow("field 'k' is 7; one of null, string is needed");
    expect(() => record.encode({})).toThrow("field 'n' is absent; a list is needed");
    expect(record.problems(['n', 'score'])).toEqual(["it has no field 'score'; it has 'n', 'k', 'd'"]);
    expect(record.problems(['k'])).toEqual(["its field 'n' has no default, and nothing is declared for it"]);
    expect(() => avroSubject(ofAvro('"string"'))).toThrow('predictions are records');
  });
});

describe('values of protocol buffers', () => {
  const shared = { name: 'com/example/shared.proto', schema: ofProto(protobuf.shared) };
  const registered = ofProto(protobuf.schema, [shared]);
  const cases = casesOf(protobuf.cases);
  const read = PROTOBUF.reader(PROTOBUF.compile(registered), undefined);
  const subject = protobufSubject(registered);
  const first = (hex: string) => bytes(`00${hex}`);

  it('are read as another implementation wrote them', () => {
    for (const { hex, value } of cases) {
      expect(read(first(hex))).toEqual(value);
    }
  });

  it('are written as another implementation does', () => {
    for (const { hex, value } of cases) {
      expect(subject.encode(value).toString('hex')).toBe(hex);
    }
    expect(subject.header.toString('hex')).toBe('000000000700');
    expect(subject.encode({ double: -0 }).toString('hex')).toBe('090000000000000080');
  });

  it('are of the message that the positions say', () => {
    expect(read(bytes(`040200${protobuf.nested}`))).toEqual({ name: 'n' });
    expect(read(bytes('0202'))).toEqual({ x: 0 });
    expect(() => read(bytes('0204'))).toThrow('has no message 2');
    expect(() => read(bytes('03'))).toThrow('positions');
  });

  it('keep the rules of proto2: what is required, declared defaults, and lists that are not packed', () => {
    const old = ofProto(protobuf.oldSchema);
    const readOld = PROTOBUF.reader(PROTOBUF.compile(old), undefined);
    expect(readOld(first(protobuf.old))).toEqual({ id: 7, share: 0.25, name: 'n', list: [1, 2] });
    expect(readOld(first('0807'))).toEqual({ id: 7, share: 0.25, list: [] });
    expect(() => readOld(first(''))).toThrow("the field 'id' is absent");
    expect(
      protobufSubject(old)
        .encode({ id: 7, name: 'n', list: [1, 2] })
        .toString('hex'),
    ).toBe(protobuf.old);
    expect(protobufSubject(old).problems(['name', 'y'])).toEqual([
      "it has no field 'y'; it has 'id', 'share', 'name', 'list'",
      "its field 'id' is required, and nothing is declared for it",
    ]);
    expect(() => protobufSubject(old).encode({})).toThrow("field 'id' is absent; a value is needed");
  });

  it('pass over fields that are not known, merge messages, and let the last of a oneof count', () => {
    const text =
      'syntax = "proto3"; message M { oneof o { int32 a = 1; string b = 2; } M m = 3; int32 x = 4; int32 y = 5; }';
    const readM = PROTOBUF.reader(PROTOBUF.compile(ofProto(text)), undefined);
    expect(readM(first('0801' + '120178' + '1a022001' + '1a022802' + 'a20601ff' + 'a80601'))).toEqual({
      b: 'x',
      m: { x: 1, y: 2 },
      x: 0,
      y: 0,
    });
    // A group that the schema does not know, and a field in another form than in the schema.
    expect(readM(first('5b08015c' + '220101'))).toEqual({ x: 0, y: 0 });
  });

  it('have the newest names for the same numbers besides their own', () => {
    const compile = (text: string) => PROTOBUF.compile(ofProto(`syntax = "proto3"; ${text}`));
    const written = compile('message M { double old = 1; N n = 2; } message N { int32 x = 1; }');
    const latest = compile('message N { int32 y = 1; } message M { double amount = 1; N n = 2; int32 added = 3; }');
    const value = first('09000000000000f83f' + '12020803');
    expect(PROTOBUF.reader(written, latest)(value)).toEqual({ old: 1.5, amount: 1.5, n: { x: 3, y: 3 } });
  });

  it('throw for bytes that are none, and end with bytes of any kind', () => {
    const random = seededRandom(4);
    for (let run = 0; run < 5000; run += 1) {
      const changed = mutate(first(protobuf.cases[run % protobuf.cases.length].hex), random);
      try {
        read(changed);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    }
    expect(() => read(first('720180'))).toThrow('a string is not UTF-8');
    expect(() => read(first('8a01ff7f'))).toThrow('are left');
    expect(() => read(first('20ffffffffffffffffffff01'))).toThrow('more than 10 bytes');
  });

  it('are refused when they do not fit, with the field and the rule', () => {
    for (const [value, message] of [
      [{ int32: 2 ** 31 }, "field 'int32' is 2147483648; an integer of 32 bits is needed"],
      [{ uint64: -1n }, "field 'uint64' is -1; an integer of 64 bits without sign is needed"],
      [{ list: [1, 'x'] }, 'field \'list.1\' is "x"; a number is needed'],
      [{ inner: { v: 'x' } }, 'field \'inner.v\' is "x"; a number is needed'],
      [{ kind: 'C' }, 'field \'kind\' is "C"; one of A, B is needed'],
      [{ bool: 1 }, "field 'bool' is 1; true or false is needed"],
      [{ string: 1 }, "field 'string' is 1; a text is needed"],
    ] as const) {
      expect(() => subject.encode(value)).toThrow(message);
    }
  });

  it.each([
    'message M { Nope x = 1; }',
    'not a schema',
    'syntax = "proto3"; import "absent.proto"; message M { Absent a = 1; }',
  ])('need a schema that can be read: %s', (text) => {
    expect(() => PROTOBUF.compile(ofProto(text))).toThrow();
  });
});
