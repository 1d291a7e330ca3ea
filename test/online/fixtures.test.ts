import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { float16Bits } from '../../runtime/src/protocol/float16';
import { fixture, MODELS, startTestPredictor, type TestPredictor } from '../support/predictor';

interface ExpectedTensor {
  name: string;
  datatype?: string;
  type?: string;
  shape?: number[];
  // biome-ignore lint/suspicious/noExplicitAny: elements of any datatype
  data?: any;
}

interface ExpectedModel {
  load_error?: string;
  inputs: ExpectedTensor[];
  outputs: ExpectedTensor[];
  cases: { inputs: ExpectedTensor[]; outputs?: ExpectedTensor[]; error?: string }[];
}

const expected: Record<string, ExpectedModel> = JSON.parse(readFileSync(join(MODELS, 'expected.json'), 'utf8'));

/** Inputs that V2 cannot carry as JSON numbers. */
const V1_ONLY = ['identity-fp16.onnx', 'identity-bf16.onnx'];

const served = Object.keys(expected).filter((file) => expected[file].load_error === undefined);

describe('fixture models', () => {
  let server: TestPredictor;

  beforeAll(async () => {
    server = await startTestPredictor(served.map((file) => fixture(file)));
  });

  it.each(served)('%s: metadata is the signature that Python sees', async (file) => {
    const { body } = await server.get(`/v2/models/${nameOf(file)}`);

    expect(body.name).toBe(nameOf(file));
    expect(body.platform).toBe('onnx_onnxv1');
    expect(body.versions).toEqual(['1']);
    expect(body.inputs).toEqual(expected[file].inputs);
    expect(body.outputs.map(withoutMaps)).toEqual(expected[file].outputs.map(withoutMaps));
  });

  describe.each(served.filter((file) => !V1_ONLY.includes(file)))('%s', (file) => {
    it.each(expected[file].cases.map((example, index) => [index, example] as const))(
      'case %i by V2, flat and nested, alone and beside the same request',
      async (_index, { inputs, outputs, error }) => {
        if (
          inputs.some(({ data }) => data.some((value: unknown) => typeof value === 'string' && value.includes('\0')))
        ) {
          const { status, body } = await server.post(`/v2/models/${nameOf(file)}/infer`, { inputs });
          expect([status, body.error]).toEqual([400, expect.stringContaining('U+0000')]);
          return;
        }
        const flat = request(inputs, (tensor) => listText(tensor.data, tensor));
        const nested = request(inputs, (tensor) => nestedText(tensor));
        const answers = await Promise.all(
          [flat, nested, flat].map((body) => server.post(`/v2/models/${nameOf(file)}/infer`, body)),
        );
        for (const { status, text } of answers) {
          if (outputs === undefined) {
            expect([status, JSON.parse(text).error]).toEqual([400, expect.stringContaining('cannot evaluate')]);
            expect(error).toBeDefined();
          } else {
            expect(status).toBe(200);
            expectOutputs(exactly(text).outputs, outputs);
          }
        }
      },
    );
  });

  it.each(served)('%s: its rows by V1', async (file) => {
    for (const { inputs, outputs } of expected[file].cases) {
      const rows = inputs[0].shape?.[0] ?? 0;
      if (outputs === undefined || JSON.stringify(inputs).includes('\\u0000')) {
        continue;
      }
      const instances = Array.from({ length: rows }, (_, row) => instanceText(inputs, row));
      const { status, text } = await server.post(
        `/v1/models/${nameOf(file)}:predict`,
        `{"instances":[${instances.join()}]}`,
      );
      expect(status).toBe(200);
      expectPredictions(exactly(text).predictions, outputs, rows);
    }
  });
});

function nameOf(file: string): string {
  return file.replace('.onnx', '');
}

/** Maps are answered as tensors with a column a class. */
function withoutMaps({ name, type, datatype, shape }: ExpectedTensor): ExpectedTensor {
  return type === undefined && !name.endsWith('probability') ? { name, datatype, shape } : { name };
}

function request(inputs: ExpectedTensor[], data: (tensor: ExpectedTensor) => string): string {
  const tensors = inputs.map(
    (tensor) =>
      `{"name":"${tensor.name}","datatype":"${tensor.datatype}","shape":${JSON.stringify(tensor.shape)},"data":${data(tensor)}}`,
  );
  return `{"inputs":[${tensors.join()}]}`;
}

/** Integers beyond 2^53 are strings in the expectations, and digits on the wire. */
function elementText(value: unknown, { datatype }: ExpectedTensor): string {
  return /^U?INT64$/.test(datatype ?? '') ? String(value) : Object.is(value, -0) ? '-0.0' : JSON.stringify(value);
}

function listText(values: unknown[], tensor: ExpectedTensor): string {
  return `[${values.map((value) => elementText(value, tensor)).join()}]`;
}

function nestedText(tensor: ExpectedTensor, axis = 0, offset = 0): string {
  const shape = tensor.shape ?? [];
  if (axis === shape.length) {
    return elementText(tensor.data[offset], tensor);
  }
  const stride = shape.slice(axis + 1).reduce((product, size) => product * size, 1);
  const parts = Array.from({ length: shape[axis] }, (_, index) =>
    nestedText(tensor, axis + 1, offset + index * stride),
  );
  return `[${parts.join()}]`;
}

function instanceText(inputs: ExpectedTensor[], row: number): string {
  const parts = inputs.map((tensor) => {
    const stride = tensor.data.length / (tensor.shape?.[0] ?? 1);
    return nestedText(tensor, 1, row * stride);
  });
  return inputs.length === 1 ? parts[0] : `{${inputs.map(({ name }, index) => `"${name}":${parts[index]}`).join()}}`;
}

/** Parses an answer with integers beyond 2^53 as strings, as the expectations have them. */
// biome-ignore lint/suspicious/noExplicitAny: answers of any form
function exactly(text: string): any {
  const reviver = (_key: string, value: unknown, context?: { source: string }) => {
    const source = context?.source ?? '';
    const digits = typeof value === 'number' && /^-?\d+$/.test(source);
    return digits && BigInt(source.replace('-', '')) > 2n ** 53n ? source : value;
  };
  return JSON.parse(text, reviver as Parameters<typeof JSON.parse>[1]);
}

function expectOutputs(actual: ExpectedTensor[], wanted: ExpectedTensor[]): void {
  expect(actual.map(({ name }) => name)).toEqual(wanted.map(({ name }) => name));
  wanted.forEach((tensor, index) => {
    if (tensor.type === undefined) {
      expect({ ...actual[index], data: undefined }).toEqual({ ...tensor, data: undefined });
      expectElements(actual[index].data, tensor.data, tensor.datatype);
    } else {
      expect(actual[index].datatype).toBe('FP32');
      expectElements(actual[index].data, tensor.data.flatMap(Object.values), 'FP32');
    }
  });
}

function expectPredictions(actual: unknown[], outputs: ExpectedTensor[], rows: number): void {
  expect(actual).toHaveLength(rows);
  actual.forEach((prediction, row) => {
    for (const output of outputs) {
      const value = outputs.length === 1 ? prediction : (prediction as Record<string, unknown>)[output.name];
      if (output.type === undefined) {
        const stride = output.data.length / rows;
        const wanted = output.data.slice(row * stride, (row + 1) * stride);
        expect(Array.isArray(value)).toBe((output.shape?.length ?? 0) > 1);
        expectElements([value].flat(9), wanted, output.datatype);
      } else {
        expect(Object.keys(value as object)).toEqual(Object.keys(output.data[row]));
        expectElements(Object.values(value as object), Object.values(output.data[row]), 'FP32');
      }
    }
  });
}

/** FP32 that were computed may differ in the last digit. */
function expectElements(actual: unknown[], wanted: unknown[], datatype: string | undefined): void {
  expect(actual).toHaveLength(wanted.length);
  actual.forEach((value, index) => {
    if (datatype === 'FP32') {
      const other = wanted[index] as number;
      expect(Math.abs((value as number) - other)).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(other)));
    } else if (datatype === 'FP16') {
      // Answers have as many digits as tell all FP16 apart.
      expect(float16Bits(value as number)).toBe(float16Bits(wanted[index] as number));
    } else if (datatype === 'BF16') {
      // They have as many digits as tell all FP32 apart.
      expect(Math.fround(value as number)).toBe(wanted[index]);
    } else {
      expect(value).toEqual(wanted[index]);
    }
  });
}
