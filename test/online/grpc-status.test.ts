import type { IncomingHttpHeaders } from 'node:http2';
import { status } from '@grpc/grpc-js';
import { statusOf } from '../../runtime/src/online/grpc/status';
import { RequestError } from '../../runtime/src/protocol';
import { eventually } from '../support/eventually';
import { GrpcClient, type GrpcInput } from '../support/grpc-client';
import { RawGrpc } from '../support/grpc-raw';
import { fixture, listenTestPredictor, startTestPredictor, type TestPredictor } from '../support/predictor';

const SECRET = 7_654_321;
const CONTENTS = { fp32_contents: [1, 2, 3, SECRET] };
const ROW: GrpcInput = { name: 'input', datatype: 'FP32', shape: [1, 4], contents: CONTENTS };
const RAW = Buffer.alloc(16);

/** What a client can do wrong: model, inputs and the rest of the request. */
const FAULTS: Record<string, [model: string, inputs: GrpcInput[], rest?: Record<string, unknown>]> = {
  'no inputs': ['mlp', []],
  'an input is missing': ['two-inputs', [{ ...ROW, name: 'a', shape: [1, 2], contents: { fp32_contents: [1, 2] } }]],
  'an input twice': ['mlp', [ROW, ROW]],
  'an unknown input': ['mlp', [{ ...ROW, name: 'other' }]],
  'no shape': ['mlp', [{ ...ROW, shape: [] }]],
  'a negative size': ['mlp', [{ ...ROW, shape: [-1, 4] }]],
  'a size beyond all memory': ['mlp', [{ ...ROW, shape: ['1152921504606846976', 4] }]],
  'sizes that overflow': ['mlp', [{ ...ROW, shape: ['9223372036854775807', 4] }]],
  'too few elements': ['mlp', [{ ...ROW, shape: [2, 4] }]],
  'too many elements': ['mlp', [{ ...ROW, contents: { fp32_contents: [1, 2, 3, 4, SECRET] } }]],
  'the wrong number of dimensions': ['mlp', [{ ...ROW, shape: [4] }]],
  'the wrong width': ['mlp', [{ ...ROW, shape: [2, 2] }]],
  'an unknown datatype': ['mlp', [{ ...ROW, datatype: 'FLOAT' }]],
  'another datatype': ['mlp', [{ ...ROW, datatype: 'FP64', contents: { fp64_contents: [1, 2, 3, SECRET] } }]],
  'no datatype': ['mlp', [{ ...ROW, datatype: '' }]],
  'contents of another datatype': ['mlp', [{ ...ROW, contents: { fp64_contents: [1, 2, 3, SECRET] } }]],
  'contents of two datatypes': ['mlp', [{ ...ROW, contents: { ...CONTENTS, int_contents: [SECRET] } }]],
  'an integer outside its range': [
    'identity-int8',
    [{ ...ROW, datatype: 'INT8', shape: [1, 2], contents: { int_contents: [1, SECRET] } }],
  ],
  'an unsigned integer outside its range': [
    'identity-uint8',
    [{ ...ROW, datatype: 'UINT8', shape: [1, 2], contents: { uint_contents: [1, SECRET] } }],
  ],
  'FP16 as typed contents': [
    'identity-fp16',
    [{ ...ROW, datatype: 'FP16', shape: [1, 2], contents: { fp32_contents: [1, SECRET] } }],
  ],
  'BF16 as typed contents': [
    'identity-bf16',
    [{ ...ROW, datatype: 'BF16', shape: [1, 2], contents: { fp32_contents: [1, SECRET] } }],
  ],
  'bytes that are no UTF-8': [
    'identity-string',
    [
      {
        ...ROW,
        datatype: 'BYTES',
        shape: [1, 2],
        contents: { bytes_contents: [Buffer.from([0xff]), Buffer.from('a')] },
      },
    ],
  ],
  'a string with U+0000': [
    'identity-string',
    [
      {
        ...ROW,
        datatype: 'BYTES',
        shape: [1, 2],
        contents: { bytes_contents: [Buffer.from('a\0b'), Buffer.from('a')] },
      },
    ],
  ],
  'an unknown output': ['mlp', [ROW], { outputs: [{ name: 'other' }] }],
  'an output twice': ['mlp', [ROW], { outputs: [{ name: 'output' }, { name: 'output' }] }],
  'the classification extension': [
    'mlp',
    [ROW],
    { outputs: [{ name: 'output', parameters: { classification: { int64_param: 1 } } }] },
  ],
  'contents and raw contents': ['mlp', [ROW], { raw_input_contents: [RAW] }],
  'too many raw contents': ['mlp', [{ ...ROW, contents: undefined }], { raw_input_contents: [RAW, RAW] }],
  'raw contents for one of two inputs': [
    'two-inputs',
    [
      { ...ROW, name: 'a', contents: undefined },
      { ...ROW, name: 'b', contents: undefined },
    ],
    { raw_input_contents: [RAW] },
  ],
  'raw contents that are too short': [
    'mlp',
    [{ ...ROW, contents: undefined }],
    { raw_input_contents: [Buffer.alloc(15)] },
  ],
  'raw contents that are too long': [
    'mlp',
    [{ ...ROW, contents: undefined }],
    { raw_input_contents: [Buffer.alloc(17)] },
  ],
  'a timeout that is no number': ['mlp', [ROW], { parameters: { timeout: { string_param: 'soon' } } }],
  'a negative priority': ['mlp', [ROW], { parameters: { priority: { int64_param: -1 } } }],
  'values that the model cannot evaluate': [
    'gather-fails',
    [{ name: 'index', datatype: 'INT64', shape: [1], contents: { int64_contents: [SECRET] } }],
  ],
};

describe('the status of a call over gRPC', () => {
  let server: TestPredictor;
  let client: GrpcClient;
  const address = ({ predictor }: TestPredictor) => `127.0.0.1:${predictor.addresses.grpc.port}`;

  beforeAll(async () => {
    const names = [
      'mlp',
      'two-inputs',
      'identity-int8',
      'identity-uint8',
      'identity-fp16',
      'identity-bf16',
      'identity-string',
      'identity-fp32',
      'gather-fails',
      'slow',
    ];
    const limits = { maxResponseBytes: 100_000 };
    server = await startTestPredictor(
      names.map((name) => fixture(`${name}.onnx`)),
      { maxBodyBytes: 200_000, limits },
    );
    client = new GrpcClient(address(server));
  });
  afterAll(() => client.close());

  it.each(Object.entries(FAULTS))('INVALID_ARGUMENT: %s', async (_, [model, inputs, rest]) => {
    const { code, details } = await client.infer(model, inputs, rest);
    expect(code).toBe('INVALID_ARGUMENT');
    expect(details).toMatch(/\S{2,}/);
    expect(details).not.toContain(String(SECRET));
    expect((await client.infer('mlp', [ROW])).code).toBe('OK');
  });

  it('counts refusals by the class of the HTTP status that the code stands for', async () => {
    const counted = async () =>
      Number(
        /requests_total\{model="two-inputs",version="1",protocol="grpc",code="4xx"\} (\d+)/.exec(
          await server.metrics(),
        )?.[1],
      );
    const before = await counted();
    await client.infer('two-inputs', []);
    expect(await counted()).toBe(before + 1);
  });

  it('NOT_FOUND: a model or a version that does not exist', async () => {
    for (const [method, request] of [
      ['ModelInfer', { model_name: 'other' }],
      ['ModelInfer', { model_name: 'mlp', model_version: '9' }],
      ['ModelInfer', {}],
      ['ModelReady', { name: 'other' }],
      ['ModelMetadata', { name: 'mlp', version: '9' }],
      ['ModelStatistics', { name: 'other' }],
      ['ModelStatistics', { name: 'mlp', version: '9' }],
      ['Check', { service: 'other' }],
    ] as const) {
      expect((await client.call(method, request)).code).toBe('NOT_FOUND');
    }
  });

  it('names that are cut within a character can be told', async () => {
    const name = `${'x'.repeat(79)}😀😀`;
    expect(await client.call('ModelReady', { name })).toMatchObject({
      code: 'NOT_FOUND',
      details: expect.stringMatching(/^Model with name x+\ufffd… does not exist/),
    });
  });

  it('UNIMPLEMENTED: what is not offered', async () => {
    const raw = new RawGrpc(server.predictor.addresses.grpc.port);
    const none = new Uint8Array();
    const codeOf = async (answer: Promise<IncomingHttpHeaders>) => status[Number((await answer)['grpc-status'])];
    expect(await codeOf(raw.send('ModelStreamInfer', none))).toBe('UNIMPLEMENTED');
    expect(await codeOf(raw.send('/other.Service/Method', none))).toBe('UNIMPLEMENTED');
    expect(await codeOf(raw.send('ModelInfer', [none, none]))).toBe('UNIMPLEMENTED');
    expect(await codeOf(raw.send('ModelInfer', []))).toBe('UNIMPLEMENTED');
    const compressed = raw.exchange('/inference.GRPCInferenceService/ModelInfer', Buffer.from([1, 0, 0, 0, 1, 0]), {
      'grpc-encoding': 'br',
    });
    expect(await codeOf(compressed)).toBe('UNIMPLEMENTED');
    expect(await raw.send('ServerLive', none, { 'content-type': 'application/json' })).toMatchObject({
      ':status': 415,
    });
    raw.close();
  });

  it('INVALID_ARGUMENT: bytes that are no message', async () => {
    const raw = new RawGrpc(server.predictor.addresses.grpc.port);
    for (const method of [
      'ServerLive',
      'ServerReady',
      'ServerMetadata',
      'ModelReady',
      'ModelMetadata',
      'ModelInfer',
      'ModelStatistics',
      'RepositoryIndex',
    ]) {
      const { 'grpc-status': code } = await raw.send(method, Buffer.from([0x0a, 0xff]));
      expect([method, status[Number(code)]]).toEqual([method, 'INVALID_ARGUMENT']);
    }
    raw.close();
  });

  it('INTERNAL, as gRPC prescribes: what cannot be decompressed, and a timeout that is none; in no series of a model', async () => {
    const raw = new RawGrpc(server.predictor.addresses.grpc.port);
    const infer = '/inference.GRPCInferenceService/ModelInfer';
    const counted = async () => (await server.metrics()).split('\n').filter((line) => /requests_total\{/.test(line));
    const before = await counted();
    const damaged = Buffer.from([1, 0, 0, 0, 4, 0x1f, 0x8b, 0xff, 0xff]);
    for (const encoding of ['gzip', 'deflate']) {
      const { 'grpc-status': code } = await raw.exchange(infer, damaged, { 'grpc-encoding': encoding });
      expect([encoding, status[Number(code)]]).toEqual([encoding, 'INTERNAL']);
    }
    for (const timeout of ['soon', '5', 'S', '-']) {
      const { 'grpc-status': code } = await raw.send('ModelInfer', new Uint8Array(), { 'grpc-timeout': timeout });
      expect([timeout, status[Number(code)]]).toEqual([timeout, 'INTERNAL']);
    }
    expect(await counted()).toEqual(before);
    expect(await server.metrics()).toMatch(/requests_in_flight 0/);
    expect(await raw.send('ServerLive', new Uint8Array())).toMatchObject({ 'grpc-status': '0' });
    raw.close();
  });

  it('RESOURCE_EXHAUSTED: a message that is too large', async () => {
    const rows = 20_000;
    const large = { name: 'input', datatype: 'FP32', shape: [rows, 4] };
    const { code } = await client.infer('mlp', [large], { raw_input_contents: [Buffer.alloc(rows * 16)] });
    expect(code).toBe('RESOURCE_EXHAUSTED');
    expect((await client.infer('mlp', [ROW])).code).toBe('OK');
  });

  it('refuses an answer that is too large', async () => {
    const rows = 15_000;
    const large = { name: 'input', datatype: 'FP32', shape: [rows, 2] };
    const { code, details } = await client.infer('identity-fp32', [large], {
      raw_input_contents: [Buffer.alloc(rows * 8)],
    });
    expect([code, details]).toEqual(['INVALID_ARGUMENT', expect.stringContaining('maxResponseBytes')]);
  });

  it('DEADLINE_EXCEEDED, or RESOURCE_EXHAUSTED when that is known before: by the deadline of the call, and by the parameter', async () => {
    const busy = Array.from({ length: 20 }, () => client.infer('slow', [ROW]));
    const [called, asked] = await Promise.all([
      client.infer('slow', [ROW], {}, {}, { deadline: Date.now() + 5 }),
      client.infer('slow', [ROW], { parameters: { timeout: { int64_param: 1 } } }),
    ]);
    for (const { code } of [called, asked]) {
      expect(['DEADLINE_EXCEEDED', 'RESOURCE_EXHAUSTED']).toContain(code);
    }
    await Promise.all(busy);
  });

  it('a deadline that is years away is none', async () => {
    expect((await client.infer('mlp', [ROW], {}, { 'grpc-timeout': '99999999H' })).code).toBe('OK');
  });

  it('CANCELLED: the request is not run, and is off the books', async () => {
    const calls = Array.from({ length: 40 }, () => client.start('ModelInfer', { model_name: 'slow', inputs: [ROW] }));
    await eventually('calls in flight', async () => !/requests_in_flight 0/.test(await server.metrics()));
    for (const { cancel } of calls.slice(1)) {
      cancel();
    }
    const codes = await Promise.all(calls.map(async ({ outcome }) => (await outcome).code));
    expect(codes[0]).toBe('OK');
    expect(codes.slice(1)).toContain('CANCELLED');
    await eventually('no call in flight', async () => /requests_in_flight 0/.test(await server.metrics()));
  });

  it('UNAVAILABLE: a model that is loading', async () => {
    const loading = await listenTestPredictor(
      Array.from({ length: 20 }, (_, index) => fixture('slow.onnx', { name: `slow-${index}` })),
    );
    const early = new GrpcClient(address(loading));
    const outcome = await early.infer('slow-19', [ROW]);
    expect(outcome).toMatchObject({ code: 'UNAVAILABLE', trailer: { 'retry-after-ms': '1000' } });
    expect((await early.call('ModelMetadata', { name: 'slow-19' })).code).toBe('UNAVAILABLE');
    expect((await early.call('ModelReady', { name: 'slow-19' })).message ?? {}).not.toMatchObject({ ready: true });
    await loading.predictor.ready;
    expect((await early.infer('slow-19', [ROW])).code).toBe('OK');
    expect(await loading.metrics()).toMatch(
      /requests_total\{model="slow-19",version="1",protocol="grpc",code="5xx"\} 1/,
    );
    early.close();
  });

  it.each([
    [400, 'INVALID_ARGUMENT'],
    [401, 'UNAUTHENTICATED'],
    [403, 'PERMISSION_DENIED'],
    [404, 'NOT_FOUND'],
    [413, 'RESOURCE_EXHAUSTED'],
    [415, 'UNIMPLEMENTED'],
    [429, 'RESOURCE_EXHAUSTED'],
    [499, 'CANCELLED'],
    [500, 'INTERNAL'],
    [501, 'UNIMPLEMENTED'],
    [503, 'UNAVAILABLE'],
    [504, 'DEADLINE_EXCEEDED'],
  ])('%i is %s', (http, name) => {
    const { code, metadata } = statusOf(new RequestError(http, 'x', { 'Retry-After': '2' }));
    expect(status[code]).toBe(name);
    expect(metadata?.getMap()).toEqual({ 'retry-after-ms': '2000', 'grpc-retry-pushback-ms': '2000' });
  });
});
