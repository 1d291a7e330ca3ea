import { DYNAMIC, elementCount, hasRows, type Signature, type TensorSpec } from '../../../model';
import { anyOf, exactObject, type JsonSchema, listOf } from './json-schema';
import { elementSchema, nestedSchema } from './tensor-schema';

/** The body of a V1 request for a model. */
export function v1Request({ inputs }: Signature): JsonSchema {
  const instances = inputs.every(({ shape }) => shape.length > 0) ? { instances: instancesOf(inputs) } : {};
  const keys = [...Object.keys(instances), 'inputs'];
  return {
    type: 'object',
    properties: { ...instances, inputs: columnsOf(inputs) },
    // One of them, and not both; other keys are ignored.
    oneOf: keys.map((key) => ({ required: [key] })),
  };
}

/** The body of a V1 answer of a model. */
export function v1Answer(signature: Signature): JsonSchema {
  const { inputs, outputs } = signature;
  const prediction = (axis: number) =>
    outputs.length === 1
      ? partOf(outputs[0], axis)
      : exactObject(Object.fromEntries(outputs.map((output) => [output.name, partOf(output, axis)])));
  if (!hasRows(signature)) {
    return exactObject({ predictions: prediction(0) });
  }
  const byRow = listOf(prediction(1), sizeOf(outputs[0]));
  // Inputs with different numbers of rows are answered as a whole.
  return exactObject({
    predictions: anyOf(inputs.length > 1 && outputs.length > 1 ? [byRow, prediction(0)] : [byRow]),
  });
}

/** The body of a structured CloudEvent with a V1 request or answer. */
export function eventOf(data: JsonSchema): JsonSchema {
  const text = { type: 'string', minLength: 1 };
  return {
    type: 'object',
    required: ['specversion', 'id', 'source', 'type', 'data'],
    properties: {
      specversion: { const: '1.0' },
      id: text,
      source: text,
      type: text,
      time: {
        type: 'string',
        pattern: '^\\d{4}-\\d\\d-\\d\\d[Tt]\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?([Zz]|[+-]\\d\\d:\\d\\d)$',
      },
      datacontenttype: { const: 'application/json' },
      data,
      data_base64: false,
    },
  };
}

function instancesOf(inputs: readonly TensorSpec[]): JsonSchema {
  const [only] = inputs;
  const size = sizeOf(only);
  const rows = rowForms(inputs).map((row) => listOf(exactObject(row), size));
  return anyOf(inputs.length === 1 ? [columnOf(only), ...rows] : rows);
}

function columnsOf(inputs: readonly TensorSpec[]): JsonSchema {
  const [only] = inputs;
  const byName = exactObject(Object.fromEntries(inputs.map((input) => [input.name, columnOf(input)])));
  return anyOf(inputs.length === 1 ? [columnOf(only), byName] : [byName]);
}

/** A row as an object: with lists, and with bare elements where a row of an input has exactly one. */
function rowForms(inputs: readonly TensorSpec[]): Record<string, JsonSchema>[] {
  const form = (bare: boolean) =>
    Object.fromEntries(
      inputs.map((input) => [input.name, bare && holdsOne(input) ? elementSchema(input) : rowOf(input)]),
    );
  return inputs.some(holdsOne) ? [form(false), form(true)] : [form(false)];
}

/** All rows of an input. */
function columnOf(input: TensorSpec): JsonSchema {
  if (input.shape.length === 0) {
    return elementSchema(input);
  }
  const rows = listOf(rowOf(input), sizeOf(input));
  return anyOf(holdsOne(input) ? [rows, listOf(elementSchema(input), sizeOf(input))] : [rows]);
}

function rowOf(input: TensorSpec): JsonSchema {
  return nestedSchema(input.shape.slice(1), elementSchema(input));
}

/** Whether a row is written as a list of one element, or nested lists around it. */
function holdsOne({ shape }: TensorSpec): boolean {
  const tail = shape.slice(1);
  return tail.length > 0 && !tail.includes(DYNAMIC) && elementCount(tail) === 1;
}

function sizeOf({ shape: [size] }: TensorSpec): number | undefined {
  return size === DYNAMIC ? undefined : size;
}

/** A row of an output (axis 1), or the whole of it (axis 0). */
function partOf(output: TensorSpec, axis: number): JsonSchema {
  const { shape, classLabels } = output;
  const element = elementSchema(output);
  if (classLabels !== undefined && axis === 1) {
    return exactObject(Object.fromEntries(classLabels.map((label) => [label, element])));
  }
  return nestedSchema(shape.slice(axis), element);
}
