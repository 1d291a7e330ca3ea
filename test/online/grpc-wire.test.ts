import { loadSync, type MessageTypeDefinition } from '@grpc/proto-loader';
import fc from 'fast-check';
import { DATATYPES, type Datatype, type Tensor } from '../../runtime/src/model';
import { GrpcCodec, readInferRequest } from '../../runtime/src/protocol';
import { INFERENCE_PROTO } from '../support/grpc-client';

/** The reading and writing of another implementation. */
const types = loadSync(INFERENCE_PROTO, {
  keepCase: true,
  longs: String,
  arrays: true,
  defaults: true,
  oneofs: true,
});
type Type = MessageTypeDefinition<object, Record<string, never>>;
const request = types['inference.ModelInferRequest'] as Type;
const response = types['inference.ModelInferResponse'] as Type;

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const text = fc.string({ unit: 'grapheme' }).filter((value) => !value.includes('\0'));

/** Datatype, field of its contents, and elements as a generated writer takes them. */
const ELEMENTS: [Datatype, string, fc.Arbitrary<unknown>][] = [
  ['BOOL', 'bool_contents', fc.boolean()],
  ['INT8', 'int_contents', fc.integer({ min: -128, max: 127 })],
  ['INT16', 'int_contents', fc.integer({ min: -(2 ** 15), max: 2 ** 15 - 1 })],
  ['INT32', 'int_contents', int32],
  ['INT64', 'int64_contents', int64.map(String)],
  ['UINT8', 'uint_contents', fc.integer({ min: 0, max: 255 })],
  ['UINT16', 'uint_contents', fc.integer({ min: 0, max: 65535 })],
  ['UINT32', 'uint_contents', fc.integer({ min: 0, max: 2 ** 32 - 1 })],
  ['UINT64', 'uint64_contents', uint64.map(String)],
  ['FP32', 'fp32_contents', fc.float({ noNaN: true })],
  ['FP64', 'fp64_contents', fc.double({ noNaN: true })],
  ['BYTES', 'bytes_contents', text.map((value) => Buffer.from(value))],
];

function codecOf(datatype: Datatype): GrpcCodec {
  const spec = { name: 'x', datatype, shape: [-1], symbols: [undefined] };
  return new GrpcCodec({ inputs: [spec], outputs: [{ ...spec, name: 'y' }] }, 'm', '1');
}

describe('messages that are read and written by hand', () => {
  it.each(ELEMENTS)('are those of a generated reader and writer: %s', (datatype, field, element) => {
    const codec = codecOf(datatype);
    fc.assert(
      fc.property(fc.array(element, { maxLength: 40 }), text, (elements, id) => {
        const input = { name: 'x', datatype, shape: [String(elements.length)], contents: { [field]: elements } };
        const bytes = request.serialize({ model_name: 'm', id, inputs: [input] });
        const { inputs, answer } = codec.decode(readInferRequest(bytes));
        const written = response.deserialize(answer(inputs, undefined));
        expect(written).toMatchObject({
          model_name: 'm',
          model_version: '1',
          id,
          outputs: [{ ...input, name: 'y' }],
        });
        expect(written.raw_output_contents).toEqual([]);
      }),
    );
  });

  it('have names, sizes and parameters as a generated writer gives them', () => {
    const parameter = fc.oneof(
      fc.boolean().map((bool_param) => ({ sent: { bool_param }, read: bool_param as unknown })),
      int64.map((value) => ({ sent: { int64_param: String(value) }, read: exact(value) })),
      uint64.map((value) => ({ sent: { uint64_param: String(value) }, read: exact(value) })),
      fc.double().map((double_param) => ({ sent: { double_param }, read: double_param as unknown })),
      text.map((string_param) => ({ sent: { string_param }, read: string_param as unknown })),
    );
    const parameters = fc.dictionary(text, parameter);
    const shape = fc.array(fc.integer({ min: -5, max: Number.MAX_SAFE_INTEGER }), { maxLength: 5 });
    fc.assert(
      fc.property(text, text, parameters, shape, fc.array(fc.uint8Array()), (model, name, given, sizes, raw) => {
        const sent = Object.fromEntries(Object.entries(given).map(([key, value]) => [key, value.sent]));
        const read = readInferRequest(
          request.serialize({
            model_name: model,
            model_version: name,
            parameters: sent,
            inputs: [{ name, datatype: model, shape: sizes.map(String), parameters: sent }],
            outputs: [{ name: model, parameters: sent }],
            raw_input_contents: raw.map((bytes) => Buffer.from(bytes)),
          }),
        );
        const expected = Object.entries(given).map(([key, value]) => [key, value.read]);
        expect(read).toMatchObject({ model, version: name, inputs: [{ name, datatype: model, shape: sizes }] });
        expect(new Map(Object.entries(read.parameters ?? {}))).toEqual(new Map(expected as [string, unknown][]));
        expect(read.raw.map((bytes) => Buffer.from(bytes))).toEqual(raw.map((bytes) => Buffer.from(bytes)));
      }),
    );
  });

  it('give the rows of one request out of a shared run', () => {
    const data = Float32Array.of(0, 1, 2, 3, 4, 5);
    const spec = { name: 'x', datatype: 'FP32' as const, shape: [-1, 2], symbols: [undefined, undefined] };
    const codec = new GrpcCodec({ inputs: [spec], outputs: [spec] }, 'm', '1');
    const outputs: Tensor[] = [{ datatype: 'FP32', shape: [3, 2], data }];
    const input = { name: 'x', datatype: 'FP32', shape: [1, 2] };
    const typed = codec.decode(
      readInferRequest(request.serialize({ inputs: [{ ...input, contents: { fp32_contents: [1, 2] } }] })),
    );
    expect(response.deserialize(typed.answer(outputs, 1))).toMatchObject({
      outputs: [{ shape: ['1', '2'], contents: { fp32_contents: [2, 3] } }],
    });
    const raw = codec.decode(
      readInferRequest(request.serialize({ inputs: [input], raw_input_contents: [Buffer.alloc(8)] })),
    );
    expect(response.deserialize(raw.answer(outputs, 2))).toMatchObject({
      outputs: [{ shape: ['1', '2'], contents: null }],
      raw_output_contents: [Buffer.from(Float32Array.of(4, 5).buffer)],
    });
  });

  it('may have elements one by one, in parts, with fields that nobody knows, and in any order', () => {
    const float = (value: number) => [0x35, ...new Uint8Array(Float32Array.of(value).buffer)];
    const unknown = [0x9a, 0x06, 2, 1, 2, 0xa0, 0x06, 1, 0xa3, 0x06, 0x08, 1, 0xa4, 0x06];
    const part = (...bytes: number[]) => [0x2a, bytes.length, ...bytes];
    const packed = [0x32, 4, ...new Uint8Array(Float32Array.of(3).buffer)];
    const input = [
      ...part(...float(1), ...float(2)),
      0x18,
      4,
      ...unknown,
      ...part(...packed, ...float(4)),
      0x12,
      4,
      ...Buffer.from('FP32'),
      0x0a,
      1,
      0x78,
    ];
    const message = Buffer.from([...unknown, 0x2a, input.length, ...input, ...unknown]);
    const [tensor] = codecOf('FP32').decode(readInferRequest(message)).inputs;
    expect(tensor).toEqual({ datatype: 'FP32', shape: [4], data: Float32Array.of(1, 2, 3, 4) });
  });

  it.each([
    ['a number without end', [0x08, 0xff]],
    ['a number of more than ten bytes', [0x08, ...Array(10).fill(0xff), 1]],
    ['a length beyond the message', [0x0a, 5, 0x61]],
    ['a length beyond all memory', [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]],
    ['field 0', [0x02, 0]],
    ['a wire type that does not exist', [0x0f]],
    ['a group without end', [0xa3, 0x06, 0x08, 1]],
    ['the end of a group without its start', [0xa4, 0x06]],
    ['a name as a number', [0x08, 1]],
    ['an input as a number', [0x28, 1]],
    ['a string that is no UTF-8', [0x0a, 1, 0xff]],
    ['groups in groups', Array(5000).fill(0x0b)],
  ])('are refused: %s', (_, bytes) => {
    expect(() => readInferRequest(Buffer.from(bytes))).toThrow(expect.objectContaining({ status: 400 }));
  });

  it('are read or refused with 400, whatever the bytes', () => {
    const valid = request.serialize({
      model_name: 'm',
      parameters: { a: { int64_param: '5' } },
      inputs: [{ name: 'x', datatype: 'INT64', shape: ['3'], contents: { int64_contents: ['1', '-2', '3'] } }],
      outputs: [{ name: 'y' }],
    });
    const codecs = Object.keys(DATATYPES).map((datatype) => codecOf(datatype as Datatype));
    const mutated = fc
      .array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { maxLength: 4 })
      .map((changes) => changes.reduce((bytes, [at, byte]) => bytes.with(at, byte), new Uint8Array(valid)));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated), (bytes) => {
        for (const codec of codecs) {
          try {
            codec.decode(readInferRequest(Buffer.from(bytes)));
          } catch (error) {
            expect(error).toMatchObject({ name: 'RequestError', status: 400 });
          }
        }
      }),
      { numRuns: 2000 },
    );
  });
});

function exact(value: bigint): unknown {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}
