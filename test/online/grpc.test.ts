import { GrpcClient, type GrpcInput } from '../support/grpc-client';
import { fixture, startTestPredictor, type TestPredictor } from '../support/predictor';

const TYPED: [datatype: string, field: string, values: unknown[]][] = [
  ['BOOL', 'bool_contents', [true, false, false, true]],
  ['INT8', 'int_contents', [-128, 127, 0, -1]],
  ['INT16', 'int_contents', [-32768, 32767, 0, -1]],
  ['INT32', 'int_contents', [-2147483648, 2147483647, 0, -1]],
  ['INT64', 'int64_contents', ['-9223372036854775808', '9223372036854775807', '9007199254740993', '-1']],
  ['UINT8', 'uint_contents', [0, 255, 1, 128]],
  ['UINT16', 'uint_contents', [0, 65535, 1, 128]],
  ['UINT32', 'uint_contents', [0, 4294967295, 1, 2147483648]],
  ['UINT64', 'uint64_contents', ['0', '18446744073709551615', '9007199254740993', '128']],
  ['FP32', 'fp32_contents', [0.5, -3.4028234663852886e38, Number.NaN, Number.POSITIVE_INFINITY]],
  ['FP64', 'fp64_contents', [0.1, -1.7976931348623157e308, Number.NaN, Number.NEGATIVE_INFINITY]],
  ['BYTES', 'bytes_contents', [Buffer.from(''), Buffer.from('\ufeffé😀'), Buffer.from('a'), Buffer.from('b\n')]],
];

const RAW: [datatype: string, bytes: Buffer][] = [
  ['BOOL', Buffer.from([1, 0, 0, 1])],
  ['INT8', Buffer.from(Int8Array.of(-128, 127, 0, -1).buffer)],
  ['INT16', Buffer.from(Int16Array.of(-32768, 32767, 0, -1).buffer)],
  ['INT32', Buffer.from(Int32Array.of(-2147483648, 2147483647, 0, -1).buffer)],
  ['INT64', Buffer.from(BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n, 2n ** 53n + 1n, -1n).buffer)],
  ['UINT8', Buffer.from([0, 255, 1, 128])],
  ['UINT16', Buffer.from(Uint16Array.of(0, 65535, 1, 128).buffer)],
  ['UINT32', Buffer.from(Uint32Array.of(0, 4294967295, 1, 128).buffer)],
  ['UINT64', Buffer.from(BigUint64Array.of(0n, 2n ** 64n - 1n, 2n ** 53n + 1n, 128n).buffer)],
  ['FP16', Buffer.from(Uint16Array.of(0x3c00, 0xfc00, 0x7bff, 0).buffer)],
  ['BF16', Buffer.from(Uint16Array.of(0x3f80, 0xff80, 0x7f7f, 0x8001).buffer)],
  ['FP32', Buffer.from(Float32Array.of(0.5, -0, Number.NaN, Number.POSITIVE_INFINITY).buffer)],
  ['FP64', Buffer.from(Float64Array.of(0.1, -0, Number.NaN, 1e300).buffer)],
  ['BYTES', Buffer.from('\0\0\0\0\u0002\0\0\0é\u0001\0\0\0a\u0001\0\0\0b')],
];

const modelOf = (datatype: string) => `identity-${datatype === 'BYTES' ? 'string' : datatype.toLowerCase()}`;
const ROW: GrpcInput = { name: 'input', datatype: 'FP32', shape: [1, 4], contents: { fp32_contents: [5, 3, 1, 0] } };

describe('the V2 protocol over gRPC', () => {
  let server: TestPredictor;
  let client: GrpcClient;

  beforeAll(async () => {
    const identities = RAW.map(([datatype]) => fixture(`${modelOf(datatype)}.onnx`));
    const others = ['mlp', 'two-inputs', 'scalar-input', 'mixed-columns', 'slow'].map((name) =>
      fixture(`${name}.onnx`),
    );
    server = await startTestPredictor([...identities, ...others, fixture('mlp.onnx', { version: '2' })]);
    const { host, port } = server.predictor.addresses.grpc;
    client = new GrpcClient(`${host}:${port}`);
  });
  afterAll(() => client.close());

  it('tells of the server and of its models', async () => {
    expect((await client.call('ServerLive', {})).message).toEqual({ live: true });
    expect((await client.call('ServerReady', {})).message).toEqual({ ready: true });
    const { name, version, extensions } = (await client.call('ServerMetadata', {})).message;
    expect(name).toBe('model-serving');
    expect(version).toMatch(/^\d+\.\d+\.\d+/);
    expect((await server.get('/v2')).body.extensions).toEqual(extensions);
    expect(extensions).toEqual(expect.arrayContaining(['model_repository', 'statistics']));
    expect((await client.call('ModelReady', { name: 'mlp' })).message).toEqual({ ready: true });
    const rest = (await server.get('/v2/models/mlp')).body;
    const shaped = (tensors: { shape: number[] }[]) => tensors.map((one) => ({ ...one, shape: one.shape.map(String) }));
    expect((await client.call('ModelMetadata', { name: 'mlp', version: '1' })).message).toMatchObject({
      name: 'mlp',
      versions: ['1', '2'],
      platform: rest.platform,
      inputs: shaped(rest.inputs),
      outputs: shaped(rest.outputs),
    });
  });

  it.each(TYPED)('carries %s as typed contents both ways', async (datatype, field, values) => {
    const input = { name: 'input', datatype, shape: [2, 2], contents: { [field]: values } };
    const { code, message } = await client.infer(modelOf(datatype), [input]);
    expect(code).toBe('OK');
    expect(message.raw_output_contents ?? []).toEqual([]);
    expect(message.outputs).toMatchObject([
      { name: 'output', datatype, shape: ['2', '2'], contents: { [field]: values } },
    ]);
  });

  it.each(RAW)('carries %s as raw contents both ways', async (datatype, bytes) => {
    const input = { name: 'input', datatype, shape: [2, 2] };
    const { code, message } = await client.infer(modelOf(datatype), [input], { raw_input_contents: [bytes] });
    expect(code).toBe('OK');
    expect(message.outputs).toMatchObject([{ name: 'output', datatype, shape: ['2', '2'] }]);
    expect(message.outputs[0].contents).toBeFalsy();
    expect(message.raw_output_contents).toEqual([bytes]);
  });

  it('gives the numbers that REST gives, of the version that is asked for', async () => {
    const rest = await server.post('/v2/models/mlp/infer', {
      inputs: [{ name: 'input', datatype: 'FP32', shape: [1, 4], data: [5, 3, 1, 0] }],
    });
    const newest = (await client.infer('mlp', [ROW])).message;
    expect(newest.model_version).toBe('2');
    expect(newest.outputs[0].contents.fp32_contents.map(Math.fround)).toEqual(
      rest.body.outputs[0].data.map(Math.fround),
    );
    expect((await client.infer('mlp', [ROW], { model_version: '1' })).message).toMatchObject({
      model_name: 'mlp',
      model_version: '1',
    });
  });

  it('answers the outputs that are asked for, in that order, with the id of the request', async () => {
    const inputs = ['a', 'b'].map((name, index) => ({
      name,
      datatype: 'FP32',
      shape: [1, 2],
      contents: { fp32_contents: [index + 1, 5] },
    }));
    const outputs = [{ name: 'difference' }, { name: 'sum' }];
    const { message } = await client.infer('two-inputs', inputs.reverse(), { id: 'é-1', outputs });
    expect(message.id).toBe('é-1');
    expect(message.outputs).toMatchObject([
      { name: 'difference', contents: { fp32_contents: [-1, 0] } },
      { name: 'sum', contents: { fp32_contents: [3, 10] } },
    ]);
    const one = await client.infer('two-inputs', inputs, { outputs: [{ name: 'sum' }] });
    expect(one.message.outputs).toHaveLength(1);
    expect(one.message.id).toBeUndefined();
  });

  it('answers requests without rows, and tensors of one dimension', async () => {
    const none = { name: 'input', datatype: 'FP32', shape: [0, 4] };
    expect((await client.infer('mlp', [none])).message.outputs).toMatchObject([{ shape: ['0', '3'] }]);
    const raw = await client.infer('mlp', [none], { raw_input_contents: [Buffer.alloc(0)] });
    expect(raw.message).toMatchObject({ outputs: [{ shape: ['0', '3'] }], raw_output_contents: [Buffer.alloc(0)] });
    const vector = { name: 'input', datatype: 'FP32', shape: [3], contents: { fp32_contents: [1, 2, 3] } };
    expect((await client.infer('scalar-input', [vector])).message.outputs[0].contents.fp32_contents).toEqual([2, 4, 6]);
  });

  it('accepts compressed messages', async () => {
    const { host, port } = server.predictor.addresses.grpc;
    const gzip = new GrpcClient(`${host}:${port}`, { 'grpc.default_compression_algorithm': 2 });
    expect((await gzip.infer('mlp', [ROW])).code).toBe('OK');
    gzip.close();
  });

  it('counts its requests apart', async () => {
    const counted = async () =>
      /requests_total\{model="slow",version="1",protocol="grpc",code="2xx"\} (\d+)/.exec(await server.metrics())?.[1];
    const before = Number(await counted());
    await client.infer('slow', [ROW]);
    expect(Number(await counted())).toBe(before + 1);
    expect(await server.metrics()).toMatch(/requests_in_flight 0/);
  });

  it('never gives an answer to the wrong caller, over gRPC and REST at a time', async () => {
    const { host, port } = server.predictor.addresses.grpc;
    const clients = Array.from({ length: 6 }, () => new GrpcClient(`${host}:${port}`));
    const send = async (index: number) => {
      const rows = 1 + (index % 3);
      const data = Array.from({ length: rows * 4 }, (_, element) => index * 16 + element);
      if (index % 3 === 0) {
        const input = { name: 'input', datatype: 'FP32', shape: [rows, 4], data };
        const answer = await server.post('/v2/models/slow/infer', { id: `${index}`, inputs: [input] });
        return [answer.body.id, answer.body.outputs?.[0].data, index, data];
      }
      const raw = index % 3 === 1;
      const input = {
        name: 'input',
        datatype: 'FP32',
        shape: [rows, 4],
        ...(raw ? {} : { contents: { fp32_contents: data } }),
      };
      const contents = raw ? { raw_input_contents: [Buffer.from(Float32Array.from(data).buffer)] } : {};
      const { message } = await clients[index % clients.length].infer('slow', [input], { id: `${index}`, ...contents });
      const bytes: Buffer | undefined = message.raw_output_contents?.[0];
      const values = raw
        ? Array.from({ length: data.length }, (_, element) => bytes?.readFloatLE(element * 4))
        : message.outputs[0].contents.fp32_contents;
      return [message.id, values, index, data];
    };
    for (let wave = 0; wave < 12; wave += 1) {
      const calls = Array.from({ length: 120 }, (_, index) => send(wave * 120 + index));
      for (const [id, values, index, data] of await Promise.all(calls)) {
        expect([id, values]).toEqual([`${index}`, data]);
      }
    }
    for (const one of clients) {
      one.close();
    }
  });
});
