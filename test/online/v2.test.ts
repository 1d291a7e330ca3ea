import { fixture, startTestPredictor, type TestPredictor } from '../support/predictor';

const ROW = [5.1, 3.5, 1.4, 0.2];
const input = { name: 'input', datatype: 'FP32', shape: [1, 4], data: ROW };

describe('V2', () => {
  let server: TestPredictor;
  const infer = (model: string, body: unknown) => server.post(`/v2/models/${model}/infer`, body);

  beforeAll(async () => {
    const names = ['mlp', 'two-inputs', 'rank3', 'iris-zipmap', 'iris-string-labels', 'identity-fp32', 'identity-fp64'];
    server = await startTestPredictor(names.map((name) => fixture(`${name}.onnx`)));
  });

  it.each(['/v2', '/v2/'])('describes the server at %s', async (path) => {
    const { status, body } = await server.get(path);

    expect([status, body]).toEqual([
      200,
      {
        name: 'model-serving',
        version: expect.stringMatching(/^\d+\.\d+\.\d+/),
        extensions: expect.arrayContaining(['binary_tensor_data', 'parameters', 'schedule_policy']),
      },
    ]);
  });

  it('answers health, with a trailing slash and as HEAD too', async () => {
    expect((await server.get('/v2/health/live')).body).toEqual({ live: true });
    expect((await server.get('/v2/health/ready')).body).toEqual({ ready: true });
    expect((await server.get('/v2/health/live/')).status).toBe(200);
    expect(await server.send('HEAD', '/v2/health/ready')).toMatchObject({ status: 200, text: '' });
    expect((await server.get('/')).body).toEqual({ status: 'alive' });
    expect((await server.get('/v2/health/live?probe=1')).status).toBe(200);
  });

  it('lists models', async () => {
    const { body } = await server.get('/v2/models');
    expect(body.models).toContain('mlp');
    expect((await server.get('/v1/models')).body).toEqual(body);
  });

  it('answers a tensor an output, flat, and repeats the id', async () => {
    const { body } = await infer('mlp', { id: 'Größe "1"', inputs: [input] });

    expect(body).toEqual({
      model_name: 'mlp',
      model_version: '1',
      id: 'Größe "1"',
      outputs: [{ name: 'output', datatype: 'FP32', shape: [1, 3], data: expect.any(Array) }],
    });
    expect(body.outputs[0].data).toHaveLength(3);
  });

  it('answers no id when there was none', async () => {
    const { body } = await infer('mlp', { inputs: [input] });
    expect(Object.keys(body)).toEqual(['model_name', 'model_version', 'outputs']);
  });

  it('takes nested and flat data, of any order of the inputs', async () => {
    const data = [1, 2, 3, 4, 5, 6];
    const shape = [1, 2, 3];
    const flat = await infer('rank3', { inputs: [{ name: 'input', datatype: 'FP32', shape, data }] });
    const nested = await infer('rank3', {
      inputs: [{ data: [[data.slice(0, 3), data.slice(3)]], name: 'input', shape, datatype: 'FP32' }],
    });
    expect(nested.body).toEqual(flat.body);
    expect(flat.body.outputs[0]).toMatchObject({ shape: [1, 2], data: [6, 15] });

    const pair = (name: string, numbers: number[]) => ({ name, datatype: 'FP32', shape: [1, 2], data: numbers });
    const { body } = await infer('two-inputs', { inputs: [pair('b', [3, 5]), pair('a', [1, 2])] });
    expect(body.outputs.map(({ data }: { data: number[] }) => data)).toEqual([
      [4, 7],
      [-2, -3],
    ]);
  });

  it('answers the outputs that are asked for, in their order', async () => {
    const inputs = ['a', 'b'].map((name) => ({ name, datatype: 'FP32', shape: [1, 2], data: [1, 1] }));
    const names = async (outputs: unknown) =>
      (await infer('two-inputs', { inputs, outputs })).body.outputs.map(({ name }: { name: string }) => name);

    expect(await names([{ name: 'difference' }])).toEqual(['difference']);
    expect(await names([{ name: 'difference' }, { name: 'sum' }])).toEqual(['difference', 'sum']);
    expect(await names([])).toEqual(['sum', 'difference']);
    expect(await names(undefined)).toEqual(['sum', 'difference']);
  });

  it('accepts parameters that it knows, and others', async () => {
    const { status, body } = await infer('mlp', {
      parameters: { priority: 1, timeout: 5_000_000, binary_data_output: false, note: 'x' },
      inputs: [{ ...input, parameters: { any: 1.5 } }],
      outputs: [{ name: 'output', parameters: { binary_data: false } }],
    });
    expect([status, body.outputs[0].data.length]).toEqual([200, 3]);
  });

  it('answers no rows for no rows', async () => {
    const { status, body } = await infer('iris-string-labels', {
      inputs: [{ name: 'features', datatype: 'FP32', shape: [0, 4], data: [] }],
    });
    expect([status, body.outputs]).toEqual([
      200,
      [
        { name: 'label', datatype: 'BYTES', shape: [0], data: [] },
        { name: 'probabilities', datatype: 'FP32', shape: [0, 3], data: [] },
      ],
    ]);
  });

  it('answers probabilities of a model with ZipMap as a tensor with a column a class', async () => {
    const features = { name: 'features', datatype: 'FP32', shape: [2, 4], data: [...ROW, ...ROW] };
    const { body } = await infer('iris-zipmap', { inputs: [features] });
    expect(body.outputs[1]).toMatchObject({ name: 'output_probability', datatype: 'FP32', shape: [2, 3] });
  });

  it.each(['FP32', 'FP64'])('takes what is not finite as answers write it: %s', async (datatype) => {
    const data = ['NaN', 'Infinity', '-Infinity', 1.5];
    const tensor = { name: 'input', datatype, shape: [2, 2] };
    for (const form of [data, [data.slice(0, 2), data.slice(2)]]) {
      const { body } = await infer(`identity-${datatype.toLowerCase()}`, { inputs: [{ ...tensor, data: form }] });
      expect(body.outputs[0].data).toEqual(data);
    }
  });

  it('writes the shortest number that reads back the same', async () => {
    const data = '[0.1,-0.0,1e-45,3.4028235e38,16777216,0.33333334]';
    const text = async (model: string, datatype: string) =>
      (await infer(model, `{"inputs":[{"name":"input","datatype":"${datatype}","shape":[3,2],"data":${data}}]}`)).text;

    expect(await text('identity-fp32', 'FP32')).toContain('"data":[0.1,-0.0,1e-45,3.4028235e+38,16777216,0.33333334]}');
    expect(await text('identity-fp64', 'FP64')).toContain('"data":[0.1,-0.0,1e-45,3.4028235e+38,16777216,0.33333334]}');
  });
});
