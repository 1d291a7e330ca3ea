import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { fixture, startTestPredictor, type TestPredictor } from '../support/predictor';

const LIMIT = 64 * 1024;
const ROW = [5.1, 3.5, 1.4, 0.2];
const V1 = '/v1/models/mlp:predict';
const V2 = '/v2/models/mlp/infer';

/** A V2 body for the MLP with some keys of its input changed; `undefined` removes a key. */
function infer(changes: object = {}, rest: object = {}): string {
  return JSON.stringify({
    inputs: [{ name: 'input', datatype: 'FP32', shape: [1, 4], data: ROW, ...changes }],
    ...rest,
  });
}

const identity = (datatype: string, data: string, shape = '[1,2]') =>
  `{"inputs":[{"name":"input","datatype":"${datatype}","shape":${shape},"data":${data}}]}`;

type Case = [what: string, path: string, body: string, status: number, error: RegExp];

const BODIES: Case[] = [
  ['body empty', V1, '', 400, /empty/],
  ['body empty', V2, '', 400, /empty/],
  ['not JSON', V1, '{"instances":[[5.1,', 400, /not valid JSON/],
  ['not JSON', V2, 'inputs', 400, /not valid JSON/],
  ['NaN', V1, '{"instances":[[NaN,1,1,1]]}', 400, /not valid JSON/],
  ['not an object', V1, '[[1,2,3,4]]', 400, /a list of 1 element; send a JSON object/],
  ['not an object', V2, 'null', 400, /null; send a JSON object/],
  ['V1: neither instances nor inputs', V1, '{}', 400, /neither "instances".*nor "inputs"/],
  ['V1: both', V1, '{"instances":[],"inputs":[]}', 400, /both/],
  ['V1: instances not a list', V1, '{"instances":{"a":1}}', 400, /"instances" must be a list of rows; found an object/],
  [
    'V1: ragged rows',
    V1,
    '{"instances":[[1,2,3,4],[1,2,3]]}',
    400,
    /instances\[1\] must be a list of 4 elements; found a list of 3/,
  ],
  ['V1: wrong width', V1, '{"instances":[[1,2,3,4,5]]}', 400, /instances\[0\] must be a list of 4/],
  ['V1: too deep', V1, '{"instances":[[[1],2,3,4]]}', 400, /instances\[0\]\[0\] must be a number.*found a list of 1/],
  [
    'V1: a string',
    V1,
    '{"instances":[[1,2,3,4],[1,"x",3,4]]}',
    400,
    /Input 'input': instances\[1\]\[1\] must be a number.*found a string/,
  ],
  [
    'V1: null',
    V1,
    '{"instances":[[1,2,null,4]]}',
    400,
    /instances\[0\]\[2\].*found null; send "NaN" for a missing value\.$/,
  ],
  ['null', V2, infer({ data: [1, null, 3, 4] }), 400, /data\[1\].*found null; send "NaN" for a missing value\.$/],
  ...['nan', '+Infinity', 'inf', '', '1'].map(
    (text): Case => [
      `the text '${text}' in FP32`,
      V1,
      JSON.stringify({ instances: [[1, 2, text, 4]] }),
      400,
      /found a string/,
    ],
  ),
  ['NaN in an integer', '/v2/models/identity-int32/infer', identity('INT32', '["NaN",2]'), 400, /found a string/],
  ['NaN in INT64', '/v2/models/identity-int64/infer', identity('INT64', '["NaN",2]'), 400, /found a string/],
  ['NaN in BOOL', '/v2/models/identity-bool/infer', identity('BOOL', '["NaN",true]'), 400, /found a string/],
  ['V1: a boolean', V1, '{"instances":[[1,2,true,4]]}', 400, /found a boolean/],
  [
    'V1: FP32 overflow',
    V1,
    '{"instances":[[1,2,3e39,4]]}',
    400,
    /number that FP32 can hold.*found a number outside its range\.$/,
  ],
  [
    'a number for INT8 that is no exact integer',
    '/v2/models/identity-int8/infer',
    identity('INT8', '[1e39,2]'),
    400,
    /from -128 to 127; found a number\.$/,
  ],
  ['V1: a scalar row', V1, '{"instances":[1]}', 400, /instances\[0\] must be a list of 4/],
  ['V1: columns, wrong width', V1, '{"inputs":[[1,2,3]]}', 400, /inputs\[0\] must be a list of 4/],
  ['V1: columns, a number', V1, '{"inputs":7}', 400, /inputs must be a list; found an integer/],
  [
    'V1: missing input',
    '/v1/models/two-inputs:predict',
    '{"instances":[{"a":[1,2]}]}',
    400,
    /instances\[0\] lacks the input 'b'/,
  ],
  [
    'V1: unknown input',
    '/v1/models/two-inputs:predict',
    '{"instances":[{"a":[1,2],"b":[1,2],"c":1}]}',
    400,
    /instances\[0\] has the key 'c'/,
  ],
  [
    'V1: a list instead of an object',
    '/v1/models/two-inputs:predict',
    '{"instances":[[1,2]]}',
    400,
    /must be an object from input to value/,
  ],
  [
    'V1: key __proto__',
    '/v1/models/two-inputs:predict',
    '{"instances":[{"a":[1,2],"__proto__":{"b":[1,2]}}]}',
    400,
    /lacks the input 'b'/,
  ],
  [
    'V1: columns of different length',
    '/v1/models/two-inputs:predict',
    '{"inputs":{"a":[[1,2]],"b":[[1,2],[3,4]]}}',
    400,
    /Dimension 'N'.* is 1 in input 'a' and 2 in input 'b'/,
  ],
  [
    'V1: columns with different numbers of rows',
    '/v1/models/mixed-columns:predict',
    '{"inputs":{"age":[35,61],"income":[42000],"city":["Rome","Oslo"]}}',
    400,
    /same number of rows; input 'age' has 2, 'income' has 1, 'city' has 2\.$/,
  ],
  [
    'V1: one element too few',
    '/v1/models/mixed-columns:predict',
    '{"instances":[{"age":[],"income":1,"city":"a"}]}',
    400,
    /must be a list of 1 element; found a list of 0 elements\.$/,
  ],
  [
    'V1: missing column',
    '/v1/models/two-inputs:predict',
    '{"inputs":{"a":[[1,2]]}}',
    400,
    /inputs lacks the input 'b'/,
  ],
  [
    'V1: fixed batch',
    '/v1/models/fixed-batch:predict',
    JSON.stringify({ instances: [ROW, ROW] }),
    400,
    /dimension 0 is 2.*\[1, 4\]/,
  ],
  ['inputs missing', V2, '{}', 400, /"inputs" must be a list of tensors; found nothing/],
  ['inputs empty', V2, '{"inputs":[]}', 400, /Input 'input' is missing/],
  ['inputs: not objects', V2, '{"inputs":[1]}', 400, /inputs\[0\] must be an object/],
  [
    'required input missing',
    '/v2/models/two-inputs/infer',
    '{"inputs":[{"name":"a","datatype":"FP32","shape":[1,2],"data":[1,2]}]}',
    400,
    /Input 'b' is missing/,
  ],
  [
    'input given twice',
    V2,
    `{"inputs":[${[1, 2].map(() => JSON.stringify(JSON.parse(infer()).inputs[0]))}]}`,
    400,
    /'input' is given twice/,
  ],
  [
    'unknown input name',
    V2,
    infer({ name: 'other' }),
    400,
    /inputs\[0\]\.name must be an input of the model \('input'\); found 'other'/,
  ],
  ['name missing', V2, infer({ name: undefined }), 400, /found nothing/],
  ['shape missing', V2, infer({ shape: undefined }), 400, /inputs\[0\]\.shape must be a list of sizes; found nothing/],
  ['negative dimension', V2, infer({ shape: [-1, 4] }), 400, /shape\[0\] must be an integer from 0/],
  ['fractional dimension', V2, infer({ shape: [1.5, 4] }), 400, /found 1\.5/],
  ['overflowing dimension', V2, infer({ shape: [2 ** 60, 4] }), 400, /shape\[0\]/],
  ['dimension as text', V2, infer({ shape: ['1', 4] }), 400, /found a string/],
  [
    'rows without elements',
    '/v2/models/identity-fp32/infer',
    identity('FP32', '[]', '[2147483647,0]'),
    400,
    /dimension 1 is 0/,
  ],
  [
    'element count ≠ product of shape',
    V2,
    infer({ data: [1, 2, 3] }),
    400,
    /3 elements, but the shape \[1,4\] needs 4/,
  ],
  [
    'nested data ≠ shape',
    V2,
    infer({ shape: [2, 4], data: [ROW, [1, 2, 3]] }),
    400,
    /data\[1\] must be a list of 4 elements; found a list of 3/,
  ],
  ['nested data, huge shape', V2, infer({ shape: [2 ** 30, 4], data: [ROW] }), 400, /fewer elements than the shape/],
  ['nested and flat data', V2, infer({ shape: [2, 4], data: [ROW, 1] }), 400, /data\[1\] must be a list of 4/],
  ['rank ≠ signature', V2, infer({ shape: [4] }), 400, /has 1 dimension, but the model's shape \[-1, 4\] has 2/],
  ['fixed dimension ≠ signature', V2, infer({ shape: [1, 3], data: [1, 2, 3] }), 400, /dimension 1 is 3/],
  ['data missing', V2, infer({ data: undefined }), 400, /data must be a list; found nothing/],
  ['data an object', V2, infer({ data: {} }), 400, /found an object/],
  [
    'unknown datatype',
    V2,
    infer({ datatype: 'FP99' }),
    400,
    /Input 'input' is FP32, but inputs\[0\]\.datatype is 'FP99'/,
  ],
  ["datatype ≠ model's", V2, infer({ datatype: 'FP64' }), 400, /is FP32/],
  ['datatype missing', V2, infer({ datatype: undefined }), 400, /is nothing/],
  [
    'FP16 as JSON numbers',
    '/v2/models/identity-fp16/infer',
    identity('FP16', '[1,2]'),
    400,
    /FP16, which V2 cannot carry as JSON numbers; send it as binary data.*over V1\.$/,
  ],
  [
    'V1: FP16 overflow',
    '/v1/models/identity-fp16:predict',
    '{"instances":[[65520,1]]}',
    400,
    /instances\[0\]\[0\] must be a number that FP16 can hold.*found a number outside its range/,
  ],
  [
    'BF16 as JSON numbers',
    '/v2/models/identity-bf16/infer',
    identity('BF16', '[1,2]'),
    400,
    /BF16, which V2 cannot carry as JSON numbers; send it as binary data.*over V1\.$/,
  ],
  [
    'V1: BF16 overflow',
    '/v1/models/identity-bf16:predict',
    '{"instances":[[3.4e38,1]]}',
    400,
    /instances\[0\]\[0\] must be a number that BF16 can hold.*found a number outside its range/,
  ],
  ['string in FP32', V2, infer({ data: ['a', 1, 2, 3] }), 400, /data\[0\] must be a number/],
  [
    '1.5 in INT32',
    '/v2/models/identity-int32/infer',
    identity('INT32', '[1.5,2]'),
    400,
    /integer from -2147483648 to 2147483647/,
  ],
  ['300 in INT8', '/v2/models/identity-int8/infer', identity('INT8', '[300,2]'), 400, /from -128 to 127/],
  ['-1 in UINT8', '/v2/models/identity-uint8/infer', identity('UINT8', '[1,-1]'), 400, /data\[1\].*from 0 to 255/],
  ['2^63 in INT64', '/v2/models/identity-int64/infer', identity('INT64', '[9223372036854775808,0]'), 400, /data\[0\]/],
  ['-1 in UINT64', '/v2/models/identity-uint64/infer', identity('UINT64', '[0,-1]'), 400, /data\[1\]/],
  [
    '2^64 in UINT64',
    '/v2/models/identity-uint64/infer',
    identity('UINT64', '[0,18446744073709551616]'),
    400,
    /data\[1\]/,
  ],
  [
    'INT64 beyond 2^53 with exponent',
    '/v2/models/identity-int64/infer',
    identity('INT64', '[1e18,0]'),
    400,
    /written in digits/,
  ],
  ['0 in BOOL', '/v2/models/identity-bool/infer', identity('BOOL', '[true,0]'), 400, /data\[1\] must be true or false/],
  [
    'number in BYTES',
    '/v2/models/identity-string/infer',
    identity('BYTES', '["a",7]'),
    400,
    /data\[1\] must be a string/,
  ],
  [
    'half a surrogate pair in BYTES',
    '/v2/models/identity-string/infer',
    identity('BYTES', '["a","\\ud800"]'),
    400,
    /valid Unicode/,
  ],
  ['FP32 overflow', V2, infer({ data: [3.5e38, 1, 2, 3] }), 400, /FP32 can hold/],
  ['FP64 overflow', '/v2/models/identity-fp64/infer', identity('FP64', '[1e999,0]'), 400, /FP64 can hold/],
  [
    'unknown name in outputs',
    V2,
    infer({}, { outputs: [{ name: 'nope' }] }),
    400,
    /outputs\[0\]\.name must be an output of the model \('output'\); found 'nope'/,
  ],
  ['output given twice', V2, infer({}, { outputs: [{ name: 'output' }, { name: 'output' }] }), 400, /twice/],
  ['outputs not a list', V2, infer({}, { outputs: {} }), 400, /"outputs" must be a list/],
  ['id not a string', V2, infer({}, { id: 7 }), 400, /"id" must be a string/],
  ['parameters not an object', V2, infer({}, { parameters: [] }), 400, /"parameters" must be an object/],
  [
    'parameter with a list',
    V2,
    infer({}, { parameters: { a: [1] } }),
    400,
    /'a' must be a string, a number or a boolean/,
  ],
  [
    'data and binary_data_size',
    V2,
    infer({ parameters: { binary_data_size: 16 } }),
    400,
    /both "data" and binary_data_size/,
  ],
  [
    'binary_data_size without binary data',
    V2,
    infer({ data: undefined, parameters: { binary_data_size: 16 } }),
    400,
    /lacks the header Inference-Header-Content-Length/,
  ],
  ...(
    [
      ['timeout', -1, 'an integer'],
      ['timeout', 1.5, 'a number'],
      ['timeout', '50', 'a string'],
      ['timeout', true, 'a boolean'],
      ['priority', -1, 'an integer'],
      ['priority', 0.5, 'a number'],
      ['priority', 'high', 'a string'],
    ] as const
  ).map(
    ([name, value, kind]): Case => [
      `${name} ${value}`,
      V2,
      infer({}, { parameters: { [name]: value } }),
      400,
      new RegExp(`parameters\\.${name} must be a whole number.*found ${kind}\\.$`),
    ],
  ),
  [
    'binary_data_output no flag',
    V2,
    infer({}, { parameters: { binary_data_output: 'true' } }),
    400,
    /parameters\.binary_data_output must be true or false; found a string/,
  ],
  [
    'classification',
    V2,
    infer({}, { outputs: [{ name: 'output', parameters: { classification: 2 } }] }),
    400,
    /classification/,
  ],
  ['nested too deep', V1, `{"instances":${'['.repeat(20)}${']'.repeat(20)}}`, 400, /deeper than 16/],
  ['nested far too deep', V2, '['.repeat(60_000), 400, /deeper than 16/],
  ['body too large', V1, `{"instances":[${' '.repeat(LIMIT)}]}`, 413, /larger than the limit of 65536 bytes/],
  [
    'engine fails for the values',
    '/v2/models/gather-fails/infer',
    '{"inputs":[{"name":"index","datatype":"INT64","shape":[1],"data":[4]}]}',
    400,
    /operator Gather failed/,
  ],
];

describe('status codes of REST', () => {
  let server: TestPredictor;
  const files = [
    'mlp',
    'two-inputs',
    'fixed-batch',
    'gather-fails',
    'mixed-columns',
    ...['bool', 'int8', 'int32', 'int64', 'uint8', 'uint64', 'fp16', 'bf16', 'fp32', 'fp64', 'string'].map(
      (type) => `identity-${type}`,
    ),
  ];

  beforeAll(async () => {
    server = await startTestPredictor(
      files.map((name) => fixture(`${name}.onnx`)),
      { maxBodyBytes: LIMIT },
      { onLoadFailure: 'report', unusable: [{ name: 'broken', version: '1', reason: 'the file is gone' }] },
    );
  });
  afterEach(async () => {
    expect((await server.post(V1, { instances: [ROW] })).status).toBe(200);
  });

  it.each(BODIES)('%s: %s', async (_what, path, body, status, error) => {
    const answer = await server.post(path, body);

    expect([answer.status, answer.body]).toEqual([status, { error: expect.stringMatching(error) }]);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(answer.headers.get('connection')).toBe(status === 413 ? 'close' : 'keep-alive');
  });

  it('shows no value of the request', async () => {
    const secret = 'swordfish';
    const bodies = [
      `{"instances":[["${secret}",1,1,1]]}`,
      `{"instances":[[1,1,1,1],["${secret}"]]}`,
      infer({ data: [secret, 1, 1, 1] }),
      `{"instances": ${secret}`,
    ];
    for (const body of bodies) {
      for (const path of [V1, V2]) {
        const { status, text } = await server.post(path, body);
        expect([status, text]).toEqual([400, expect.not.stringContaining(secret)]);
      }
    }
  });

  it.each([
    ['DELETE', '/', 'GET, HEAD'],
    ['POST', '/v1/models', 'GET, HEAD'],
    ['POST', '/v1/models/mlp', 'GET, HEAD'],
    ['PUT', '/v1/models/mlp', 'GET, HEAD'],
    ['GET', V1, 'POST'],
    ['HEAD', V1, 'POST'],
    ['PUT', V1, 'POST'],
    ['GET', '/v1/models/mlp/versions/1:predict', 'POST'],
    ['POST', '/v2', 'GET, HEAD'],
    ['POST', '/v2/health/live', 'GET, HEAD'],
    ['POST', '/v2/health/ready', 'GET, HEAD'],
    ['PATCH', '/v2/models/mlp', 'GET, HEAD'],
    ['POST', '/v2/models/mlp/ready', 'GET, HEAD'],
    ['GET', V2, 'POST'],
    ['OPTIONS', V2, 'POST'],
    ['GET', '/v2/models/mlp/versions/1/infer', 'POST'],
  ])('wrong method: %s %s', async (method, path, allow) => {
    const { status, headers } = await server.send(method, path);

    expect([status, headers.get('allow')]).toEqual([405, allow]);
  });

  it.each([
    ['GET', '/nope'],
    ['GET', '/V2'],
    ['GET', '/v2/health'],
    ['GET', '/v2/models/mlp/versions'],
    ['GET', '/v1/models/mlp/metadata'],
    ['GET', '/v1/models/other'],
    ['POST', '/v1/models/other:predict'],
    ['GET', '/v1/models/mlp/versions/9'],
    ['POST', '/v1/models/mlp/versions/9:predict'],
    ['POST', '/v1/models/mlp:explain'],
    ['POST', '/v1/models/mlp:classify'],
    ['GET', '/v2/models/other'],
    ['GET', '/v2/models/other/ready'],
    ['POST', '/v2/models/other/infer'],
    ['GET', '/v2/models/mlp/versions/9'],
    ['GET', '/v2/models/mlp/versions/9/ready'],
    ['POST', '/v2/models/mlp/versions/9/infer'],
    ['GET', '/v2/models/..%2F..%2Fetc%2Fpasswd'],
    ['GET', '/v2/models/__proto__'],
    ['GET', '/v2/models/constructor'],
  ])('unknown: %s %s', async (method, path) => {
    const { status, body } = await server.send(method, path, method === 'POST' ? '{}' : undefined);

    expect(status).toBe(404);
    expectError(body);
  });

  it("keeps KServe's words for an unknown model", async () => {
    const { body } = await server.get('/v1/models/other');

    expect(body).toEqual({ error: 'Model with name other does not exist.' });
  });

  it.each([
    ['GET', '/v1/models/broken'],
    ['POST', '/v1/models/broken:predict'],
    ['GET', '/v2/models/broken'],
    ['GET', '/v2/models/broken/ready'],
    ['POST', '/v2/models/broken/infer'],
    ['POST', '/v2/models/broken/versions/1/infer'],
  ])('known, not ready: %s %s', async (method, path) => {
    const { status, headers, body } = await server.send(method, path, method === 'POST' ? '{}' : undefined);

    expect([status, headers.get('retry-after')]).toEqual([503, '1']);
    expect(body.error).toBe('Model with name broken is not ready: the file is gone.');
  });

  it('ends the reason with one dot', async () => {
    const unusable = [{ name: 'broken', version: '1', reason: 'the file is gone. Restore it.' }];
    const other = await startTestPredictor(
      [fixture('mlp.onnx', { warmUp: { runs: 1, request: { instances: [[1]] } } })],
      {},
      { onLoadFailure: 'report', unusable },
    );

    expect((await other.get('/v1/models/broken')).body.error).toMatch(/is gone\. Restore it\.$/);
    expect((await other.post('/v2/models/mlp/infer', '{}')).body.error).toMatch(
      /found a list of 1 element\. Declare a request that the model can answer\.$/,
    );
  });

  it('a path that cannot be decoded', async () => {
    expect((await server.get('/v2/models/%zz')).status).toBe(400);
    expect((await server.send('POST', '/v1/models/%ff:predict', '{}')).status).toBe(400);
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/octet-stream'])(
    'ignores the content type %s',
    async (type) => {
      const answer = await server.send('POST', V1, JSON.stringify({ instances: [ROW] }), { 'Content-Type': type });
      expect(answer.status).toBe(200);
    },
  );

  describe('content encoding', () => {
    const body = Buffer.from(JSON.stringify({ instances: [ROW] }));
    const send = (encoding: string, bytes: Uint8Array) =>
      server.send('POST', V1, bytes, { 'Content-Encoding': encoding });

    it.each([
      ['gzip', gzipSync(body)],
      ['x-gzip', gzipSync(body)],
      ['GZIP', gzipSync(body)],
      ['deflate', deflateSync(body)],
      ['deflate', deflateRawSync(body)],
      ['identity', body],
    ])('accepts %s', async (encoding, bytes) => {
      const { status, body } = await send(encoding, bytes);
      expect([status, body.predictions[0]]).toEqual([200, expect.any(Array)]);
    });

    it.each(['br', 'zstd', 'gzip, gzip', 'nonsense'])('refuses %s with 415', async (encoding) => {
      const { status, headers, body: answer } = await send(encoding, body);
      expect([status, headers.get('accept-encoding')]).toEqual([415, 'gzip, deflate']);
      expectError(answer);
    });

    it('refuses what is not compressed as it says with 400', async () => {
      for (const encoding of ['gzip', 'deflate']) {
        expect((await send(encoding, body)).status).toBe(400);
      }
      expect((await send('gzip', gzipSync(body).subarray(0, 20))).status).toBe(400);
      expect((await send('gzip', Buffer.alloc(0))).status).toBe(400);
    });

    it.each([
      ['gzip', gzipSync(body)],
      ['deflate', deflateSync(body)],
      ['deflate', deflateRawSync(body)],
    ])('refuses bytes behind %s data with 400', async (encoding, bytes) => {
      for (const more of ['x', '\0\0\0', 'garbage garbage']) {
        const { status, body: answer } = await send(encoding, Buffer.concat([bytes, Buffer.from(more)]));
        expect([status, answer.error]).toEqual([400, expect.stringContaining('alone')]);
      }
    });

    it('accepts gzip of several members', async () => {
      const parts = [body.subarray(0, 10), body.subarray(10)].map((part) => gzipSync(part));
      expect((await send('gzip', Buffer.concat(parts))).status).toBe(200);
    });

    it('refuses what decompresses to more than the limit with 413', async () => {
      const bomb = gzipSync(Buffer.alloc(20 * 1024 * 1024, ' '));
      expect(bomb.length).toBeLessThan(LIMIT);

      const { status, body: answer } = await send('gzip', bomb);
      expect([status, answer.error]).toEqual([413, expect.stringContaining('65536 bytes')]);
      const members = Buffer.concat(Array.from({ length: 20 }, () => gzipSync(Buffer.alloc(LIMIT / 10, ' '))));
      expect((await send('gzip', members)).status).toBe(413);
    });
  });

  it('accepts exactly the largest body', async () => {
    const text = JSON.stringify({ instances: [ROW] });
    const answer = await server.post(V1, text.padEnd(LIMIT, ' '));
    expect(answer.status).toBe(200);
    expect((await server.post(V1, text.padEnd(LIMIT + 1, ' '))).status).toBe(413);
  });
});

function expectError(body: unknown): void {
  expect(body).toEqual({ error: expect.stringMatching(/.{10}/) });
}
