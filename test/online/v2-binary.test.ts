import { gzipSync } from 'node:zlib';
import { float16Bits } from '../../runtime/src/protocol/float16';
import { binaryBody, binaryInput, binaryTexts, bytesOf, inferBinary, LENGTH_HEADER } from '../support/binary-tensors';
import { fixture, startTestPredictor, type TestPredictor } from '../support/predictor';

const ROW = new Float32Array([5.1, 3.5, 1.4, 0.2]);

/** A tensor of each datatype, of the shape [2, 2]. */
const TENSORS: [datatype: string, model: string, bytes: Buffer, json: unknown[] | undefined][] = [
  ['BOOL', 'identity-bool', Buffer.from([1, 0, 0, 1]), [true, false, false, true]],
  ['INT8', 'identity-int8', bytesOf(new Int8Array([-128, 127, 0, 1])), [-128, 127, 0, 1]],
  ['INT16', 'identity-int16', bytesOf(new Int16Array([-32_768, 32_767, 0, 1])), [-32_768, 32_767, 0, 1]],
  [
    'INT32',
    'identity-int32',
    bytesOf(new Int32Array([-(2 ** 31), 2 ** 31 - 1, 0, 1])),
    [-(2 ** 31), 2 ** 31 - 1, 0, 1],
  ],
  ['INT64', 'identity-int64', bytesOf(new BigInt64Array([-(2n ** 63n), 2n ** 63n - 1n, 0n, 9n])), undefined],
  ['UINT8', 'identity-uint8', Buffer.from([255, 0, 1, 2]), [255, 0, 1, 2]],
  ['UINT16', 'identity-uint16', bytesOf(new Uint16Array([65_535, 0, 1, 2])), [65_535, 0, 1, 2]],
  ['UINT32', 'identity-uint32', bytesOf(new Uint32Array([2 ** 32 - 1, 0, 1, 2])), [2 ** 32 - 1, 0, 1, 2]],
  ['UINT64', 'identity-uint64', bytesOf(new BigUint64Array([2n ** 64n - 1n, 0n, 1n, 2n])), undefined],
  [
    'FP16',
    'identity-fp16',
    bytesOf(new Uint16Array([1.5, -0, Number.POSITIVE_INFINITY, 65_504].map(float16Bits))),
    undefined,
  ],
  ['BF16', 'identity-bf16', bytesOf(new Uint16Array([0x3fc0, 0x8000, 0x7f80, 0x7fc0])), undefined],
  ['FP32', 'identity-fp32', bytesOf(new Float32Array([0.1, -0, Number.NaN, 3.4e38])), [0.1, -0, 'NaN', 3.4e38]],
  ['FP64', 'identity-fp64', bytesOf(new Float64Array([0.1, -0, Number.NaN, 1e308])), [0.1, -0, 'NaN', 1e308]],
  [
    'BYTES',
    'identity-string',
    binaryTexts('', 'Zürich', '\u{1F600}', '\ufeffx'),
    ['', 'Zürich', '\u{1F600}', '\ufeffx'],
  ],
];

describe('binary tensors of V2', () => {
  let server: TestPredictor;

  beforeAll(async () => {
    const names = new Set([...TENSORS.map(([, model]) => model), 'mlp', 'two-inputs', 'mixed-columns', 'scalar-input']);
    server = await startTestPredictor(
      [...names, 'fixed-batch', 'rank3'].map((name) => fixture(`${name}.onnx`)),
      { maxBodyBytes: 64 * 1024 },
    );
  });
  afterEach(async () => {
    expect((await server.post('/v1/models/mlp:predict', { instances: [[...ROW]] })).status).toBe(200);
  });

  describe.each(TENSORS)('%s', (datatype, model, bytes, json) => {
    const output = { name: 'output', parameters: { binary_data: true } };
    const input = binaryInput('input', datatype, [2, 2], bytes.length);

    it('is the same in both directions', async () => {
      const { body, headers } = binaryBody({ id: 'a', inputs: [input], outputs: [output] }, bytes);
      const answer = await inferBinary(server, model, body, headers);

      expect(answer.status).toBe(200);
      expect(answer.headers.get('content-type')).toBe('application/octet-stream');
      expect(answer.json).toEqual({
        model_name: model,
        model_version: '1',
        id: 'a',
        outputs: [{ name: 'output', datatype, shape: [2, 2], parameters: { binary_data_size: bytes.length } }],
      });
      expect(answer.data.output.equals(bytes)).toBe(true);
    });

    it('is the same as in JSON', async () => {
      if (json === undefined) {
        return;
      }
      const { body, headers } = binaryBody({ inputs: [input] }, bytes);
      const toJson = await inferBinary(server, model, body, headers);
      expect(toJson.headers.get('content-type')).toBe('application/json');
      expect(toJson.headers.has(LENGTH_HEADER)).toBe(false);
      expect(toJson.json.outputs[0].data).toEqual(json);

      const elements = json.map((value) => (Object.is(value, -0) ? '-0.0' : JSON.stringify(value)));
      const text =
        '{"parameters":{"binary_data_output":true},"inputs":[{"name":"input","shape":[2,2],' +
        `"datatype":"${datatype}","data":[${elements}]}]}`;
      const fromJson = await inferBinary(server, model, Buffer.from(text));
      expect(fromJson.data.output.equals(bytes)).toBe(true);
    });

    it('must have exactly its bytes', async () => {
      for (const [wrong, size] of [
        [bytes.subarray(0, -1), bytes.length - 1],
        [Buffer.concat([bytes, Buffer.alloc(1)]), bytes.length + 1],
      ] as const) {
        const { body, headers } = binaryBody({ inputs: [binaryInput('input', datatype, [2, 2], size)] }, wrong);
        const { status, json: answer } = await inferBinary(server, model, body, headers);
        expect([status, answer.error]).toEqual([400, expect.stringMatching(/^Input 'input': the binary data/)]);
      }
    });

    it('may have no rows', async () => {
      const { body, headers } = binaryBody({ inputs: [binaryInput('input', datatype, [0, 2], 0)], outputs: [output] });
      const answer = await inferBinary(server, model, body, headers);
      expect([answer.status, answer.json.outputs[0].shape, answer.data.output.length]).toEqual([200, [0, 2], 0]);
    });
  });

  it('stand behind the JSON in the order of the inputs there, beside inputs in JSON', async () => {
    const city = binaryTexts('Rome', 'Oslo');
    const age = bytesOf(new Float32Array([35, 61]));
    const income = { name: 'income', datatype: 'FP32', shape: [2, 1], data: [42_000, 28_000] };
    const { body, headers } = binaryBody(
      {
        inputs: [binaryInput('city', 'BYTES', [2, 1], city.length), income, binaryInput('age', 'FP32', [2, 1], 8)],
      },
      city,
      age,
    );
    const { json } = await inferBinary(server, 'mixed-columns', body, headers);
    const plain = await server.post('/v2/models/mixed-columns/infer', {
      inputs: [
        { name: 'age', datatype: 'FP32', shape: [2, 1], data: [35, 61] },
        income,
        { name: 'city', datatype: 'BYTES', shape: [2, 1], data: ['Rome', 'Oslo'] },
      ],
    });
    expect(json.outputs).toEqual(plain.body.outputs);
  });

  it('are answered for the outputs that ask for them, in the order of the outputs', async () => {
    const tensor = (name: string) => ({ name, datatype: 'FP32', shape: [1, 2], data: [3, 1] });
    const ask = async (parameters: object, outputs?: object[]) =>
      inferBinary(
        server,
        'two-inputs',
        Buffer.from(JSON.stringify({ parameters, inputs: [tensor('a'), tensor('b')], outputs })),
      );
    const floats = (bytes: Buffer) => [...new Float32Array(new Uint8Array(bytes).buffer)];

    const all = await ask({ binary_data_output: true });
    expect(Object.keys(all.data)).toEqual(['sum', 'difference']);
    expect([floats(all.data.sum), floats(all.data.difference)]).toEqual([
      [6, 2],
      [0, 0],
    ]);

    const other = await ask({ binary_data_output: true }, [
      { name: 'difference' },
      { name: 'sum', parameters: { binary_data: false } },
    ]);
    expect(other.json.outputs.map(({ name }: { name: string }) => name)).toEqual(['difference', 'sum']);
    expect([Object.keys(other.data), other.json.outputs[1].data]).toEqual([['difference'], [6, 2]]);

    const single = await ask({}, [{ name: 'sum', parameters: { binary_data: true } }]);
    expect([Object.keys(single.data), single.json.outputs.length]).toEqual([['sum'], 1]);
  });

  it('hold the rows of their own request alone, in shared runs', async () => {
    await server.connect(16);
    const answers = await Promise.all(
      Array.from({ length: 64 }, async (_, index) => {
        const rows = (index % 3) + 1;
        const bytes = bytesOf(Float32Array.from({ length: rows * 2 }, (_value, at) => index * 100 + at));
        const outputs = [{ name: 'output', parameters: { binary_data: true } }];
        const input = binaryInput('input', 'FP32', [rows, 2], bytes.length);
        const { body, headers } = binaryBody({ inputs: [input], outputs }, bytes);
        const { data } = await inferBinary(server, 'identity-fp32', body, headers);
        return data.output.equals(bytes);
      }),
    );
    expect(answers).not.toContain(false);
  });

  it('may be compressed with the JSON, both ways', async () => {
    const { body, headers } = binaryBody(
      { inputs: [binaryInput('input', 'FP32', [500, 2], 4000)], parameters: { binary_data_output: true } },
      Buffer.alloc(4000),
    );
    const answer = await inferBinary(server, 'identity-fp32', gzipSync(body), {
      ...headers,
      'Content-Encoding': 'gzip',
    });
    expect([answer.status, answer.headers.get('content-encoding')]).toEqual([200, 'gzip']);
    expect(answer.data.output.equals(Buffer.alloc(4000))).toBe(true);
  });

  it('may be announced where there are none', async () => {
    const json = { inputs: [{ name: 'input', datatype: 'FP32', shape: [1, 4], data: [...ROW] }] };
    const { body, headers } = binaryBody(json);
    expect((await inferBinary(server, 'mlp', body, headers)).status).toBe(200);
    // A client of KServe writes a tensor without elements like this.
    const empty = { ...binaryInput('input', 'FP32', [0, 2], 0), data: null };
    const answer = await inferBinary(server, 'identity-fp32', Buffer.from(JSON.stringify({ inputs: [empty] })));
    expect([answer.status, answer.json.outputs[0].data]).toEqual([200, []]);
  });

  describe('without a JSON part', () => {
    const raw = (model: string, bytes: Uint8Array) => inferBinary(server, model, bytes, { [LENGTH_HEADER]: '0' });

    it('are one row', async () => {
      const answer = await raw('mlp', bytesOf(ROW));
      const json = await server.post('/v2/models/mlp/infer', {
        inputs: [{ name: 'input', datatype: 'FP32', shape: [1, 4], data: [...ROW] }],
      });
      expect([answer.status, answer.json.outputs[0].shape]).toEqual([200, [1, 3]]);
      expect([...new Float32Array(new Uint8Array(answer.data.output).buffer)]).toEqual(
        json.body.outputs[0].data.map(Math.fround),
      );
      expect((await raw('fixed-batch', bytesOf(ROW))).json.outputs[0].shape).toEqual([1, 3]);
      expect((await raw('scalar-input', bytesOf(new Float32Array([21])))).data.output.readFloatLE()).toBe(42);
    });

    it.each([
      ['too few bytes', 'mlp', Buffer.alloc(12), /12 bytes, but FP32 of the shape \[1,4\] needs 16/],
      ['two rows', 'mlp', Buffer.alloc(32), /32 bytes/],
      ['no bytes', 'mlp', Buffer.alloc(0), /0 bytes/],
      ['several inputs', 'two-inputs', Buffer.alloc(16), /needs a model with one input; this one has 2/],
      ['BYTES of two elements a row', 'identity-string', Buffer.from('x'), /does not follow/],
    ])('refuse %s', async (_what, model, bytes, error) => {
      const { status, json } = await raw(model, bytes);
      expect([status, json.error]).toEqual([400, expect.stringMatching(error)]);
    });
  });

  describe('are refused with 400', () => {
    const good = binaryBody({ inputs: [binaryInput('input', 'FP32', [1, 4], 16)] }, bytesOf(ROW));
    const sized = (size: unknown, changes: object = {}) =>
      binaryBody({ inputs: [{ ...binaryInput('input', 'FP32', [1, 4], size), ...changes }] }, bytesOf(ROW));

    it.each(['x', '-1', '1.5', '', '1e1', '0x10', ' ', '9'.repeat(30), '100000'])(
      'when the header is %p',
      async (length) => {
        const { status, json } = await inferBinary(server, 'mlp', good.body, { [LENGTH_HEADER]: length });
        expect([status, json.error]).toEqual([400, expect.stringContaining(LENGTH_HEADER)]);
      },
    );

    it('when the header comes twice', async () => {
      const both = `${good.headers[LENGTH_HEADER]}, ${good.headers[LENGTH_HEADER]}`;
      expect((await inferBinary(server, 'mlp', good.body, { [LENGTH_HEADER]: both })).status).toBe(400);
    });

    it('when the header is missing', async () => {
      const { status, json } = await inferBinary(server, 'mlp', good.body);
      expect([status, json.error]).toEqual([400, expect.stringContaining('not')]);
      const only = Buffer.from(JSON.stringify({ inputs: [binaryInput('input', 'FP32', [1, 4], 16)] }));
      const other = await inferBinary(server, 'mlp', only);
      expect([other.status, other.json.error]).toEqual([
        400,
        expect.stringContaining(`lacks the header ${LENGTH_HEADER}`),
      ]);
    });

    it.each([1, 5, 40])('when the header cuts the JSON at %i', async (length) => {
      expect((await inferBinary(server, 'mlp', good.body, { [LENGTH_HEADER]: String(length) })).status).toBe(400);
    });

    it.each([
      ['"16"', 'a string'],
      ['-16', 'an integer'],
      ['16.5', 'a number'],
      ['true', 'a boolean'],
      ['1e300', 'a number'],
      ['null', 'null'],
      ['[]', 'a list'],
    ])('when binary_data_size is %s', async (size, kind) => {
      const text = JSON.stringify({ inputs: [binaryInput('input', 'FP32', [1, 4], '@')] }).replace('"@"', size);
      const { body, headers } = binaryBody(text, bytesOf(ROW));
      const { status, json } = await inferBinary(server, 'mlp', body, headers);
      expect([status, json.error]).toEqual([400, expect.stringContaining(kind)]);
    });

    it.each([
      ['the data is too short', sized(20), /binary_data_size is 20, but 16 bytes/],
      ['bytes are left', sized(12), /12 bytes|4 bytes of binary data more/],
      ['there is data too', sized(16, { data: [...ROW] }), /both "data" and binary_data_size/],
      ['the shape needs more', sized(16, { shape: [2, 4] }), /16 bytes, but FP32 of the shape \[2,4\] needs 32/],
      ['the shape is huge', sized(16, { shape: [2 ** 31 - 1, 4] }), /needs 34359738352/],
      ['the datatype is another', sized(16, { datatype: 'INT32' }), /is FP32/],
      ['an input is missing', binaryBody({ inputs: [] }, bytesOf(ROW)), /16 bytes of binary data more/],
      [
        'binary_data_output is no flag',
        binaryBody(
          { inputs: [binaryInput('input', 'FP32', [1, 4], 16)], parameters: { binary_data_output: 1 } },
          bytesOf(ROW),
        ),
        /parameters\.binary_data_output must be true or false; found an integer/,
      ],
      [
        'binary_data is no flag',
        binaryBody(
          {
            inputs: [binaryInput('input', 'FP32', [1, 4], 16)],
            outputs: [{ name: 'output', parameters: { binary_data: 'yes' } }],
          },
          bytesOf(ROW),
        ),
        /outputs\[0\]\.parameters\.binary_data must be true or false; found a string/,
      ],
    ])('when %s', async (_what, { body, headers }, error) => {
      const { status, json } = await inferBinary(server, 'mlp', body, headers);
      expect([status, json.error]).toEqual([400, expect.stringMatching(error)]);
    });

    it.each([
      ['a byte of BOOL is 2', 'identity-bool', 'BOOL', Buffer.from([1, 2]), /a byte of BOOL must be 0 or 1/],
      [
        'a text is not UTF-8',
        'identity-string',
        'BYTES',
        binaryTexts('a', Buffer.from([0xff])),
        /element 1 must be UTF-8/,
      ],
      ['a text has U+0000', 'identity-string', 'BYTES', binaryTexts('a\0', 'b'), /element 0 must be UTF-8 without/],
      [
        'a length goes beyond',
        'identity-string',
        'BYTES',
        Buffer.concat([binaryTexts('a'), Buffer.from([255, 255, 255, 255])]),
        /not exactly 2 elements/,
      ],
      ['elements are missing', 'identity-string', 'BYTES', binaryTexts('a'), /not exactly 2 elements/],
      ['there are more elements', 'identity-string', 'BYTES', binaryTexts('a', 'b', 'c'), /not exactly 2 elements/],
    ])('when %s', async (_what, model, datatype, bytes, error) => {
      const { body, headers } = binaryBody({ inputs: [binaryInput('input', datatype, [1, 2], bytes.length)] }, bytes);
      const { status, json } = await inferBinary(server, model, body, headers);
      expect([status, json.error]).toEqual([400, expect.stringMatching(error)]);
    });

    it.each(['FP16', 'BF16'])('when %s would be JSON', async (datatype) => {
      const bytes = bytesOf(new Uint16Array(2));
      const { body, headers } = binaryBody({ inputs: [binaryInput('input', datatype, [1, 2], 4)] }, bytes);
      const { status, json } = await inferBinary(server, `identity-${datatype.toLowerCase()}`, body, headers);
      expect(status).toBe(400);
      expect(json.error).toMatch(new RegExp(`Output 'output' is ${datatype}.*binary_data_output`));
    });
  });
});
